"""Quantiles as the tables print them."""

from typing import List


def quantiles(values: List[float]) -> str:
    """p50, p90, p99 and the most, nine characters each."""
    ordered = sorted(values)
    cells = [ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in (0.5, 0.9, 0.99)]
    return "".join(f"{cell:9.1f}" for cell in [*cells, ordered[-1]])
