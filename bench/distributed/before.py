"""The embedded program beside that of another commit, whose `telltale` BEFORE names."""

import os
from functools import partial
from typing import Dict, List

from ingest import compare
from quantiles import quantiles
from seen import SAMPLES, seen_ms
from system import Start, embedded
from viewers import Crowd, crowd_line, title

WARM_S = 5.0
INGEST_TURNS = 6
SEEN_TURNS = 4
VIEWERS_TURNS = 2


def before() -> None:
    ways: Dict[str, Start] = {"before": partial(embedded, os.environ["BEFORE"]), "now": embedded}
    print("\ningest, by turns")
    compare(ways["before"], {"now": embedded}, WARM_S, INGEST_TURNS, first_name="before")
    print("\nseen, ms                    p50      p90      p99     most")
    seen: Dict[str, List[float]] = {name: [] for name in ways}
    for _ in range(SEEN_TURNS):
        for name, start in ways.items():
            with start() as system:
                seen[name] += seen_ms(system, SAMPLES // SEEN_TURNS)
    for name, taken in seen.items():
        print(f"{name:20}{quantiles(taken)}   of {len(taken)}", flush=True)
    title()
    for _ in range(VIEWERS_TURNS):
        for name, start in ways.items():
            with start() as system:
                print(f"{name:40}{crowd_line(system, Crowd(10_000, 1))}", flush=True)
