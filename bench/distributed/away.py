"""What a store that is away for a minute costs who sends, and how soon all of it is shown."""

import time
from typing import Dict

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, send_steadily
from quantiles import quantiles
from runs import OpenRuns
from system import Start, System, distributed, embedded_over_minio

AWAY_S = 60.0
A_SECOND = 20  # batches
RUNS = 8


def away() -> None:
    print(f"\na store that does not answer for {AWAY_S:.0f} s, {A_SECOND} batches a second")
    print("acknowledged after, ms      p50      p90      p99     most   shown    lost points")
    ways: Dict[str, Start] = {"embedded": embedded_over_minio, "distributed": distributed}
    for name, start in ways.items():
        with start() as system:
            print(f"{name:20}{_away(system)}", flush=True)


def _away(system: System) -> str:
    assert system.minio is not None
    runs = OpenRuns(system, RUNS)
    system.minio.freeze()
    waits = send_steadily(system.collect, runs.keys, A_SECOND, AWAY_S)
    runs.end()
    system.minio.thaw()
    thawed = time.monotonic()
    runs.await_shown()
    shown_s = time.monotonic() - thawed
    lost = len(waits) * EVENTS_A_BATCH * POINTS_AN_EVENT - runs.points()
    return f"{quantiles(waits)}{shown_s:6.1f} s{lost:15,}"
