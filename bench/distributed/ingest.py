"""How many events a second are acknowledged, and shown, and what they cost each process."""

import threading
import time
from functools import partial
from typing import Dict, List, NamedTuple

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, Batches, Sender
from runs import OpenRuns
from system import Start, System, cpu_s, distributed, embedded

WARM_S = 30.0  # before it: what runs for days has been compiled, its caches are full
INGEST_S = 8.0
SETTLE_S = 6.0  # after it: what it leaves to a checkpoint is its own cost, and slows nobody else
TURNS = 4  # of each
SENDERS = 4
RUNS = 16


class Measured(NamedTuple):
    events: int
    acknowledged_s: float
    shown_s: float
    cpu: Dict[str, float]  # seconds, by process


def ingest() -> None:
    print(f"\ningest, {EVENTS_A_BATCH} events a batch of {POINTS_AN_EVENT} points each")
    ways: Dict[str, Start] = {
        f"distributed, {workers} fold": partial(distributed, fold=workers) for workers in (1, 2, 4)
    }
    compare(embedded, ways, WARM_S, TURNS)


def compare(
    first: Start, ways: Dict[str, Start], warm_s: float, turns: int, first_name: str = "embedded"
) -> None:
    """Each way beside the first: both are up, and take turns, so that a machine which is faster now
    than it was a minute ago is so for both. Prints a line for each; ratios are to the first."""
    print(f"{'':28}acknowledged/s      shown/s       points/s   CPU s a million events")
    for name, start in ways.items():
        with first() as one, start() as other:
            systems = {first_name: one, name: other}
            measured: Dict[str, List[Measured]] = {each: [] for each in systems}
            for system in systems.values():
                _ingest(system, warm_s)
            for _ in range(turns):
                for each, system in systems.items():
                    measured[each].append(_ingest(system, INGEST_S))
        of_one = _shown_a_second(measured[first_name])
        for each, turns_of_it in measured.items():
            _print(each, turns_of_it, of_one)


def _shown_a_second(turns: List[Measured]) -> float:
    return sum(turn.events for turn in turns) / sum(turn.shown_s for turn in turns)


def _print(name: str, turns: List[Measured], of_one: float) -> None:
    events = sum(turn.events for turn in turns)
    acknowledged = events / sum(turn.acknowledged_s for turn in turns)
    shown = _shown_a_second(turns)
    costs = ", ".join(
        f"{member} {sum(turn.cpu[member] for turn in turns) / events * 1e6:.1f}"
        for member in turns[0].cpu
    )
    print(
        f"{name:28}{acknowledged:14,.0f}{shown:13,.0f} ({shown / of_one:.2f})"
        f"{shown * POINTS_AN_EVENT:11,.0f}   {costs}",
        flush=True,
    )


def _ingest(system: System, seconds: float) -> Measured:
    runs = OpenRuns(system, RUNS)
    before = {name: cpu_s(member) for name, member in system.processes().items()}
    counts = [0] * SENDERS
    began = time.monotonic()

    def send(number: int) -> None:
        mine = Sender(system.collect)
        batches = [Batches(run) for run in runs.keys[number::SENDERS]]
        while time.monotonic() - began < seconds:
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
    time.sleep(SETTLE_S)
    events = sum(counts) * EVENTS_A_BATCH
    cpu = {name: cpu_s(member) - before[name] for name, member in system.processes().items()}
    return Measured(events, acknowledged_s, shown_s, cpu)
