"""Resident memory of each role by how many runs are open."""

import time
from typing import Any, Dict, List, Tuple

from load import Sender, run_key
from system import Start, System, distributed, embedded, memory_mb
from waiting import ask, await_that

OPEN_RUNS = (1, 100, 10_000)
RUNS_A_REQUEST = 50
SETTLE_S = 15.0


def memory() -> None:
    print(f"\nmemory, MB resident {SETTLE_S:.0f} s after the last event; runs open:")
    ways: Tuple[Start, ...] = (embedded, distributed)
    for start in ways:
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
