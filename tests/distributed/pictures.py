"""What a reader holds of a stream of frames (docs/formats/api.md), kept as the page keeps it.

Each picture takes one frame after the other, `ServerFrame` in JSON, and says in a sentence if one
does not continue what it holds.
"""

import base64
from typing import Any, Dict, List, Tuple

Frame = Dict[str, Any]


class RunPicture:
    """A run's view: the parts that a delta brings by id."""

    PARTS = (("tasks", "id"), ("series", "id"), ("artifacts", "id"))

    def __init__(self) -> None:
        self.run: Dict[str, Any] = {}
        self.parts: Dict[str, Dict[str, Any]] = {}

    def take(self, frame: Frame) -> str:
        view = frame["run"]
        if frame.get("snapshot"):
            self.parts = {part: {} for part, _ in self.PARTS}
        self.run = view.get("run", {})
        for part, key in self.PARTS:
            for one in view.get(part, []):
                self.parts[part][one[key]] = one
        for gone in view.get("removed_tasks", []):
            self.parts["tasks"].pop(gone, None)
        return ""


class PointsPicture:
    def __init__(self) -> None:
        self.columns: List[Tuple[int, int, Any]] = []

    def take(self, frame: Frame) -> str:
        points = frame["points"]
        if points.get("reset"):
            self.columns = []
        self.columns += columns_of(points)
        if len(self.columns) == int(points.get("total", 0)):
            return ""
        return f"holds {len(self.columns)} points of {points.get('total')} after a frame"


class LogPicture:
    def __init__(self) -> None:
        self.bytes = b""
        self.attempt = 0

    def take(self, frame: Frame) -> str:
        chunk = frame["log"]
        offset = int(chunk.get("offset", 0))
        if frame.get("snapshot"):
            self.bytes = b""
            self.attempt = chunk.get("attempt", 0)
        held = len(self.bytes)
        self.bytes += base64.b64decode(chunk.get("data", ""))
        if offset == held and chunk.get("attempt", 0) == self.attempt:
            return ""
        return f"holds {held} bytes of attempt {self.attempt} and is sent those from {offset} of " \
               f"attempt {chunk.get('attempt')}"


class ListPicture:
    def __init__(self) -> None:
        self.runs: Dict[str, Any] = {}

    def take(self, frame: Frame) -> str:
        told = frame["run_list"]
        if frame.get("snapshot"):
            self.runs = {}
        for run in told.get("runs", []):
            self.runs[run["run_key"]] = run
        for gone in told.get("removed", []):
            self.runs.pop(gone, None)
        return ""


def columns_of(points: Dict[str, Any]) -> List[Tuple[int, int, Any]]:
    """SeriesPoints in JSON as (step, time, value)."""
    steps = [int(step) for step in points.get("step", [])]
    times = [int(time) for time in points.get("time_us", [])]
    return list(zip(steps, times, points.get("value", [])))
