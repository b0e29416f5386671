#!/usr/bin/env python3
"""figures.py [seen] [ingest] [recovery] [memory]: see README.md. All of them without arguments."""

import random
import sys
import threading
import time
from contextlib import AbstractContextManager
from typing import Any, Callable, Dict, List, Set, Tuple

# First: it says where the modules of tests/ and python/ are.
from system import System, cpu_s, distributed, embedded, memory_mb

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, Batches, Sender, run_key  # isort: skip
from reader import Frame, Reader  # isort: skip
from telltale import ids  # isort: skip
from waiting import ask, await_that  # isort: skip

SAMPLES = 2_000
GAP_S = (0.016, 0.048)
INGEST_S = 15.0
SENDERS = 4
RUNS = 16
PACE_S = 0.05  # between two changes of all runs, in `recovery`
AWAY_S = 60.0
OPEN_RUNS = (1, 100, 10_000)
RUNS_A_REQUEST = 50
SETTLE_S = 15.0

Start = Callable[[], AbstractContextManager[System]]


def quantiles(values: List[float]) -> str:
    ordered = sorted(values)
    cells = [ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in (0.5, 0.9, 0.99)]
    return "".join(f"{cell:9.1f}" for cell in [*cells, ordered[-1]])


def seen() -> None:
    """ms from before the request until the reader holds the point."""
    print("\nseen, ms                    p50      p90      p99     most")
    ways: Dict[str, Start] = {"embedded": embedded, "distributed": distributed}
    for name, start in ways.items():
        with start() as system:
            print(f"{name:20}{quantiles(_seen(system))}   of {SAMPLES}", flush=True)


def _seen(system: System) -> List[float]:
    run, sender = run_key(0), Sender(system.collect)
    sender.tell(run, run_state={"state": "RUNNING", "version": 1})
    sender.tell(run, metric_points={"name": "loss", "step": [0], "value": [0.0]})
    came = [0.0] * (SAMPLES + 1)

    def take(frame: Frame, now: float) -> None:
        for value in frame["points"].get("value", []):
            came[int(value)] = now

    series = ids.series_id("", "loss")
    reader = Reader(system.serve, f"/api/v1/runs/{run}/metrics/{series}?points=4096", take)
    reader.await_open()
    sent = [0.0]
    for step in range(1, SAMPLES + 1):
        time.sleep(random.uniform(*GAP_S))
        sent.append(time.monotonic())
        sender.tell(run, metric_points={"name": "loss", "step": [step], "value": [float(step)]})
    await_that(lambda: came[SAMPLES] > 0, "the last point is seen")
    reader.close()
    return [(came[step] - sent[step]) * 1000 for step in range(1, SAMPLES + 1)]


def ingest() -> None:
    print(f"\ningest, {EVENTS_A_BATCH} events a batch of {POINTS_AN_EVENT} points each")
    print(f"{'':28}acknowledged/s      shown/s       points/s   CPU s a million events")
    ways: Dict[str, Start] = {"embedded": embedded}
    for workers in (1, 2, 4):
        ways[f"distributed, {workers} fold"] = lambda workers=workers: distributed(fold=workers)
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
    runs = [run_key(number) for number in range(RUNS)]
    ended: Set[str] = set()

    def take(frame: Frame, _: float) -> None:
        for run in frame["run_list"].get("runs", []):
            if run["state"] == "SUCCEEDED":
                ended.add(run["run_key"])

    sender = Sender(system.collect)
    for run in runs:
        sender.tell(run, run_state={"state": "RUNNING", "version": 1})
    reader = Reader(system.serve, "/api/v1/runs?limit=200", take)
    reader.await_open()
    before = {name: cpu_s(member) for name, member in system.processes().items()}
    counts = [0] * SENDERS
    began = time.monotonic()

    def send(number: int) -> None:
        mine = Sender(system.collect)
        batches = [Batches(run) for run in runs[number::SENDERS]]
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
    for run in runs:
        sender.tell(run, run_state={"state": "SUCCEEDED", "version": 2})
    await_that(lambda: len(ended) == RUNS, "every run is shown to its end")
    shown_s = time.monotonic() - began
    reader.close()
    events = sum(counts) * EVENTS_A_BATCH
    cpu = {
        name: (cpu_s(member) - before[name]) / events * 1e6
        for name, member in system.processes().items()
    }
    return events / acknowledged_s, events / shown_s, cpu


class Changes:
    """Every run changes its name again and again; for each, when which change was seen."""

    def __init__(self, system: System) -> None:
        self.runs = [run_key(number) for number in range(RUNS)]
        self.sent: List[float] = []
        self.seen: Dict[str, List[Tuple[float, int]]] = {run: [] for run in self.runs}
        self._over = False
        self._sender = Sender(system.collect)
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()
        await_that(lambda: len(self.sent) > 2, "changes are sent")

    def close(self) -> None:
        self._over = True
        self._thread.join()

    def take_list(self, frame: Frame, now: float) -> None:
        for run in frame["run_list"].get("runs", []):
            self._note(run, now)

    def take_run(self, frame: Frame, now: float) -> None:
        if "run" in frame.get("run", {}):
            self._note(frame["run"]["run"], now)

    def _note(self, run: Frame, now: float) -> None:
        if run["run_key"] in self.seen and run.get("name"):
            self.seen[run["run_key"]].append((now, int(run["name"])))

    def _send(self) -> None:
        while not self._over:
            number = len(self.sent) + 1
            self.sent.append(time.monotonic())
            state = {"state": "RUNNING", "version": number, "name": str(number)}
            self._sender.tell_all([{"run_key": run, "run_state": state} for run in self.runs])
            time.sleep(PACE_S)

    def lag_s(self, after: float) -> float:
        """From `after` on, how long it took until every run showed a change that was sent then."""
        await_that(lambda: self.sent[-1] > after, "a change is sent afterwards")
        number = next(at for at, sent in enumerate(self.sent, 1) if sent > after)

        def shown(run: str) -> float:
            return next((now for now, change in list(self.seen[run]) if change >= number), 0.0)

        await_that(lambda: all(shown(run) for run in self.runs), "all runs go on")
        return max(shown(run) for run in self.runs) - after


def recovery() -> None:
    print("\nrecovery: seconds after kill -9 until every run shows a change made since")
    for name, named, away in (("in place", True, 0.0), ("a stranger", False, AWAY_S)):
        with distributed(fold=2, named=named) as system:
            listed, watched = _recovery(system, "fold", away)
        print(f"a fold worker, {name:12} in the list {listed:6.2f}   to who watches {watched:6.2f}")
    with distributed(serve=2) as system:
        listed, watched = _recovery(system, "serve", AWAY_S)
    print(f"a serving node             in the list {listed:6.2f}   to who watches {watched:6.2f}")


def _recovery(system: System, role: str, away_s: float) -> Tuple[float, float]:
    in_list, at_run = Changes(system), Changes(system)
    readers = [Reader(system.serve, "/api/v1/runs?limit=200", in_list.take_list)]
    readers += [Reader(system.serve, f"/api/v1/runs/{run}", at_run.take_run) for run in at_run.runs]
    try:
        for reader in readers:
            reader.await_open()
        time.sleep(5)  # a checkpoint or two
        killed = time.monotonic()
        system.members[role][0].kill(away_s)
        return in_list.lag_s(killed), at_run.lag_s(killed)
    finally:
        for reader in readers:
            reader.close()
        in_list.close()
        at_run.close()


def memory() -> None:
    print(f"\nmemory, MB resident {SETTLE_S:.0f} s after the last event; runs open:")
    ways: Dict[str, Start] = {"embedded": embedded, "distributed": distributed}
    for start in ways.values():
        with start() as system:
            rows: Dict[str, List[float]] = {name: [] for name in system.processes()}
            opened = 0
            for count in OPEN_RUNS:
                _open(system, opened, count)
                opened = count
                time.sleep(SETTLE_S)
                for name, member in system.processes().items():
                    rows[name].append(memory_mb(member))
        for name, cells in rows.items():
            at = ", ".join(f"{count:,}: {mb:.1f}" for count, mb in zip(OPEN_RUNS, cells))
            print(f"{name:20}{at}", flush=True)


def _opening(number: int) -> List[Dict[str, Any]]:
    """A run of five tasks, one of which measures."""
    run = run_key(number)
    events: List[Dict[str, Any]] = [{"run_state": {"state": "RUNNING", "name": f"run {number}"}}]
    events += [{"task_state": {"path": f"task {at}", "state": "RUNNING"}} for at in range(5)]
    events.append({"metric_points": {"path": "task 0", "name": "loss", "value": [0.5] * 20}})
    return [{"run_key": run, **event} for event in events]


def _open(system: System, first: int, end: int) -> None:
    sender = Sender(system.collect)
    for start in range(first, end, RUNS_A_REQUEST):
        numbers = range(start, min(end, start + RUNS_A_REQUEST))
        sender.tell_all([event for number in numbers for event in _opening(number)])
    url = f"http://127.0.0.1:{system.serve[0]}/api/v1/runs?limit=1"
    await_that(lambda: f'"total":{end}'.encode() in ask(url).body, f"{end} runs are listed")


PARTS = {part.__name__: part for part in (seen, ingest, recovery, memory)}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
