"""What a store that is away for a minute costs who sends, and how soon all of it is shown."""

import json
import time
from typing import Dict, List

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, Batches, Sender
from runs import OpenRuns
from seen import quantiles
from system import Start, System, distributed, embedded_over_minio
from waiting import ask

AWAY_S = 60.0
PACE_S = 0.05  # between two batches
RUNS = 8


def away() -> None:
    print(f"\na store that does not answer for {AWAY_S:.0f} s, {1 / PACE_S:.0f} batches a second")
    print("acknowledged after, ms      p50      p90      p99     most   shown    lost points")
    ways: Dict[str, Start] = {"embedded": embedded_over_minio, "distributed": distributed}
    for name, start in ways.items():
        with start() as system:
            print(f"{name:20}{_away(system)}", flush=True)


def _away(system: System) -> str:
    assert system.minio is not None
    runs = OpenRuns(system, RUNS)
    sender = Sender(system.collect)
    batches = [Batches(run) for run in runs.keys]
    waits: List[float] = []
    system.minio.freeze()
    until = time.monotonic() + AWAY_S
    while time.monotonic() < until:
        began = time.monotonic()
        number = len(waits)
        sender.post(batches[number % RUNS].body(number))
        waits.append((time.monotonic() - began) * 1000)
        time.sleep(max(0.0, PACE_S - (time.monotonic() - began)))
    runs.end()
    system.minio.thaw()
    thawed = time.monotonic()
    runs.await_shown()
    shown_s = time.monotonic() - thawed
    lost = len(waits) * EVENTS_A_BATCH * POINTS_AN_EVENT - _points(system, runs.keys)
    return f"{quantiles(waits)}{shown_s:6.1f} s{lost:15,}"


def _points(system: System, runs: List[str]) -> int:
    url = f"http://127.0.0.1:{system.serve[0]}/api/v1/runs/"
    views = [json.loads(ask(url + run).body) for run in runs]
    return sum(int(series["points"]) for view in views for series in view.get("series", []))
