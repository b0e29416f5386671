"""How long from before the request until a reader holds the point."""

import random
import time
from typing import Dict, List

from load import Sender, run_key
from quantiles import quantiles
from reader import Frame, Reader
from system import Start, System, distributed, embedded
from waiting import await_that

from telltale import ids

SAMPLES = 2_000
GAP_S = (0.016, 0.048)


def seen() -> None:
    """ms from before the request until the reader holds the point."""
    print("\nseen, ms                    p50      p90      p99     most")
    ways: Dict[str, Start] = {"embedded": embedded, "distributed": distributed}
    for name, start in ways.items():
        with start() as system:
            print(f"{name:20}{quantiles(seen_ms(system))}   of {SAMPLES}", flush=True)


def seen_ms(system: System, samples: int = SAMPLES) -> List[float]:
    run, sender = run_key(0), Sender(system.collect)
    sender.tell(run, run_state={"state": "RUNNING", "version": 1})
    sender.tell(run, metric_points={"name": "loss", "step": [0], "value": [0.0]})
    came = [0.0] * (samples + 1)

    def take(frame: Frame, now: float) -> None:
        for value in frame["points"].get("value", []):
            came[int(value)] = now

    series = ids.series_id("", "loss")
    reader = Reader(system.serve, f"/api/v1/runs/{run}/metrics/{series}?points=4096", take)
    reader.await_open()
    sent = [0.0]
    for step in range(1, samples + 1):
        time.sleep(random.uniform(*GAP_S))
        sent.append(time.monotonic())
        sender.tell(run, metric_points={"name": "loss", "step": [step], "value": [float(step)]})
    await_that(lambda: came[samples] > 0, "the last point is seen")
    reader.close()
    return [(came[step] - sent[step]) * 1000 for step in range(1, samples + 1)]
