"""A store whose answers come late: what the fold gets done, with and without a queue before it."""

from functools import partial
from typing import Dict

from ingest import compare
from system import Start, distributed, embedded_over_minio

LATE_S = 0.5


def slow() -> None:
    print(f"\na store that answers {LATE_S * 1000:.0f} ms late")
    ways: Dict[str, Start] = {"embedded": partial(embedded_over_minio, LATE_S)}
    for workers in (1, 2, 4):
        ways[f"distributed, {workers} fold"] = partial(distributed, fold=workers, late_s=LATE_S)
    compare(ways)
