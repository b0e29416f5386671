"""How many events a second are acknowledged, and shown, and what they cost each process."""

import threading
import time
from functools import partial
from typing import Dict, Tuple

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, Batches, Sender
from runs import OpenRuns
from system import Start, System, cpu_s, distributed, embedded

INGEST_S = 15.0
SENDERS = 4
RUNS = 16


def ingest() -> None:
    print(f"\ningest, {EVENTS_A_BATCH} events a batch of {POINTS_AN_EVENT} points each")
    ways: Dict[str, Start] = {"embedded": embedded}
    for workers in (1, 2, 4):
        ways[f"distributed, {workers} fold"] = partial(distributed, fold=workers)
    compare(ways)


def compare(ways: Dict[str, Start]) -> None:
    """Prints a line for each; ratios are to the first."""
    print(f"{'':28}acknowledged/s      shown/s       points/s   CPU s a million events")
    first = 0.0
    for name, start in ways.items():
        with start() as system:
            acknowledged, shown, cpu = _ingest(system)
        first = first or shown
        costs = ", ".join(f"{member} {spent:.1f}" for member, spent in cpu.items())
        print(
            f"{name:28}{acknowledged:14,.0f}{shown:13,.0f} ({shown / first:.2f})"
            f"{shown * POINTS_AN_EVENT:11,.0f}   {costs}",
            flush=True,
        )


def _ingest(system: System) -> Tuple[float, float, Dict[str, float]]:
    runs = OpenRuns(system, RUNS)
    before = {name: cpu_s(member) for name, member in system.processes().items()}
    counts = [0] * SENDERS
    began = time.monotonic()

    def send(number: int) -> None:
        mine = Sender(system.collect)
        batches = [Batches(run) for run in runs.keys[number::SENDERS]]
        while time.monotonic() - began < INGEST_S:
            at = counts[number]
            mine.post(batches[at % len(batches)].body(number * 10_000_000 + at))
            counts[number] += 1

    threads = [
        threading.Thread(target=send, args=(number,), daemon=True) for number in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    acknowledged_s = time.monotonic() - began
    runs.end()
    runs.await_shown()
    shown_s = time.monotonic() - began
    events = sum(counts) * EVENTS_A_BATCH
    cpu = {
        name: (cpu_s(member) - before[name]) / events * 1e6
        for name, member in system.processes().items()
    }
    return events / acknowledged_s, events / shown_s, cpu
