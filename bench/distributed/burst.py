"""Ten times the usual rate for a while: how long senders wait, and how soon all of it is shown."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, send_steadily
from quantiles import quantiles
from runs import OpenRuns
from system import Start, System, distributed, embedded

USUAL = 1_500  # events a second
TIMES = 10
SECONDS = 15.0
SENDERS = 4
RUNS = 16


def burst() -> None:
    print(f"\n{USUAL:,} events a second, then {TIMES} times as many for {SECONDS:.0f} s")
    print(f"acknowledged after, ms{'':14}      p50      p90      p99     most  events/s")
    ways: Dict[str, Start] = {"embedded": embedded, "distributed": distributed}
    for name, start in ways.items():
        with start() as system:
            _burst(name, system)


def _burst(name: str, system: System) -> None:
    runs = OpenRuns(system, RUNS)
    events = 0
    for times in (1, TIMES):
        began = time.monotonic()
        waits = _send(system, runs, USUAL * times, events)
        rate = len(waits) * EVENTS_A_BATCH / (time.monotonic() - began)
        events += len(waits) * EVENTS_A_BATCH
        print(f"{f'{name}, {times} times':36}{quantiles(waits)}{rate:10,.0f}", flush=True)
    over = time.monotonic()
    runs.end()
    runs.await_shown()
    shown_s = time.monotonic() - over
    lost = events * POINTS_AN_EVENT - runs.points()
    print(f"{'':36}all shown {shown_s:.2f} s after the last; points missing: {lost:,}", flush=True)


def _send(system: System, runs: OpenRuns, rate: int, first: int) -> List[float]:
    def send(number: int) -> List[float]:
        mine = runs.keys[number::SENDERS]
        a_second = rate / EVENTS_A_BATCH / SENDERS
        return send_steadily(system.collect, mine, a_second, SECONDS, first + number * 1_000_000)

    with ThreadPoolExecutor(SENDERS) as pool:
        return [wait for waits in pool.map(send, range(SENDERS)) for wait in waits]
