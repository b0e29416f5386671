"""A store whose answers come late: what the fold gets done, with and without a queue before it."""

from functools import partial
from typing import Dict

from ingest import compare
from system import Start, distributed, embedded_over_minio

LATE_S = 0.5


def slow() -> None:
    print(f"\na store that answers {LATE_S * 1000:.0f} ms late")
    ways: Dict[str, Start] = {
        f"distributed, {workers} fold": partial(distributed, fold=workers, late_s=LATE_S)
        for workers in (1, 2, 4)
    }
    # What is not folded in time is behind it all: one turn, and little before it.
    compare(partial(embedded_over_minio, LATE_S), ways, warm_s=2.0, turns=1)
