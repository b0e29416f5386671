"""ROC curves: from generated points or raw scores to an SVG with a threshold at every point."""

import html
import json
import os
from typing import Any, List, Tuple

from render import tables

_POINTS_MOST = 1000
_SIZE, _MARGIN = 420, 50


def curve(positive: Any, scores: Any) -> Tuple[Any, Any, Any]:
    """False and true positive rates at each distinct score, highest first, and the scores."""
    import numpy

    order = numpy.argsort(scores, kind="stable")[::-1]
    scores, positive = scores[order], positive[order]
    last_of_score = numpy.append(numpy.nonzero(numpy.diff(scores))[0], len(scores) - 1)
    true = numpy.cumsum(positive)[last_of_score]
    false = 1 + last_of_score - true
    if not true[-1] or not false[-1]:
        raise ValueError("a ROC curve needs both positive and negative rows")
    rates = [numpy.append(0.0, count / count[-1]) for count in (false, true)]
    return rates[0], rates[1], numpy.append(numpy.inf, scores[last_of_score])


def area(false_rate: Any, true_rate: Any) -> float:
    import numpy

    return float(numpy.trapezoid(true_rate, false_rate))


def _raw(source: str, target_lambda: str, trueclass: str, column: str) -> Tuple[Any, Any, Any]:
    import pandas

    folder = source if os.path.isdir(source) else os.path.dirname(source)
    with open(os.path.join(folder, "schema.json"), encoding="utf-8") as file:
        names = [str(field["name"]) for field in json.load(file)]
    pattern = os.path.join(source, "*.csv") if os.path.isdir(source) else source
    pieces = [pandas.read_csv(path, names=names) for path in tables.files(pattern)]
    frame = pandas.concat(pieces, ignore_index=True)
    if target_lambda:
        # The caller's own code, in the caller's own process: as `custom` is.
        positive = frame.apply(eval(target_lambda), axis=1).astype(bool)
    else:
        positive = frame["target"].astype(str).str.lower() == trueclass.lower()
    scores = frame[column].to_numpy(dtype=float)
    return curve(positive.to_numpy(dtype=int), scores)


def _thin(points: List[Any]) -> List[Any]:
    import numpy

    count = len(points[0])
    if count <= _POINTS_MOST:
        return points
    kept = numpy.unique(numpy.linspace(0, count - 1, _POINTS_MOST).astype(int))
    return [column[kept] for column in points]


def svg(false_rate: Any, true_rate: Any, thresholds: Any) -> str:
    """Its points tell their threshold when one points at them; no script is needed."""
    auc = area(false_rate, true_rate)
    false_rate, true_rate, thresholds = _thin([false_rate, true_rate, thresholds])

    def at(x: float, y: float) -> Tuple[float, float]:
        return round(_MARGIN + x * _SIZE, 1), round(_MARGIN + (1 - y) * _SIZE, 1)

    places = [at(x, y) for x, y in zip(false_rate, true_rate)]
    path = " ".join(f"{x},{y}" for x, y in places)
    dots = []
    for (x, y), threshold, f, t in zip(places, thresholds, false_rate, true_rate):
        told = html.escape(f"threshold {threshold:.6g}\nfpr {f:.4f}\ntpr {t:.4f}")
        dots.append(f'<circle cx="{x}" cy="{y}" r="5" fill="#0000"><title>{told}</title></circle>')
    (left, top), (right, bottom) = at(0, 1), at(1, 0)
    middle = (left + right) / 2
    whole = _SIZE + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{whole}" '
        f'viewBox="0 0 {whole} {whole}" font-family="system-ui,sans-serif" font-size="13">'
        f'<rect x="{left}" y="{top}" width="{_SIZE}" height="{_SIZE}" fill="none" stroke="#999"/>'
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="#bbb" '
        f'stroke-dasharray="4"/><polyline points="{path}" fill="none" stroke="#1f6feb" '
        f'stroke-width="2"/>{"".join(dots)}'
        f'<text x="{middle}" y="30" text-anchor="middle">ROC curve, AUC {auc:.4f}</text>'
        f'<text x="{middle}" y="{bottom + 35}" text-anchor="middle">False positive rate</text>'
        f'<text x="20" y="{middle}" text-anchor="middle" transform="rotate(-90 20 {middle})">'
        f"True positive rate</text></svg>"
    )


def show(source: str, generated: bool, target_lambda: str, trueclass: str, column: str) -> None:
    import pandas
    from IPython.display import SVG, display

    if generated:
        names = ["fpr", "tpr", "thresholds"]
        frame = pandas.concat([pandas.read_csv(f, names=names) for f in tables.files(source)])
        points = [frame[name].to_numpy(dtype=float) for name in names]
    else:
        points = list(_raw(source, target_lambda, trueclass, column))
    display(SVG(svg(*points)))
