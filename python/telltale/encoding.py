"""Events as lines of JSON (proto3's JSON mapping of schema/event.proto).

Items are what callers hand to the sender; `EventBuilder` joins them into events: points of one
series become columns, adjacent log bytes one piece, progress its latest word.
"""

import base64
import json
import math
import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

# One event is far below the server's 960 KiB: 2,000 points are about 100 KB of JSON.
POINTS_PER_EVENT = 2_000
# Log bytes in one event; base64 makes 256 KiB of them.
LOG_BYTES_PER_EVENT = 192 * 1024

_INT64_MAX = 2**63 - 1
# No int64 is written longer, and int() takes minutes for text of megabytes.
_STEP_TEXT_LENGTH = 40


class Point(NamedTuple):
    path: str
    name: str
    step: Optional[int]
    time_us: int
    value: float


class LogPiece(NamedTuple):
    path: str
    attempt: int
    offset: int
    data: bytes
    time_us: int


class Fact(NamedTuple):
    """Any other event: `kind` is its field in Event, `body` that message."""

    kind: str
    body: Dict[str, Any]
    time_us: int


Item = Union[Point, LogPiece, Fact]


def now_us() -> int:
    return time.time_ns() // 1000


def clean_text(text: Any) -> str:
    """Text that UTF-8 can hold, whatever came."""
    return str.encode(str(text), "utf-8", "replace").decode("utf-8")


def json_number(value: float) -> Union[float, str]:
    """A double as proto3's JSON mapping writes it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def int64_or_none(step: Any) -> Optional[int]:
    """The step as an int64, or None when it is none."""
    if step is None:
        return None
    if isinstance(step, (str, bytes, bytearray)) and len(step) > _STEP_TEXT_LENGTH:
        raise ValueError("the step is no number")
    number = int(step)
    return number if -_INT64_MAX - 1 <= number <= _INT64_MAX else None


class _OpenSeries:
    __slots__ = ("body", "count", "event", "with_steps")

    def __init__(self, event: Dict[str, Any], with_steps: bool) -> None:
        self.event = event
        self.body: Dict[str, Any] = event["metric_points"]
        self.with_steps = with_steps
        self.count = 0

    def add(self, point: Point) -> None:
        if point.step is not None:
            self.body["step"].append(point.step)
        self.body["time_us"].append(point.time_us)
        self.body["value"].append(json_number(point.value))
        self.event["happened_at_us"] = point.time_us
        self.count += 1


class EventBuilder:
    """Joins items into events of one run; the caller gives them ids when they are taken."""

    def __init__(self, run_key: str) -> None:
        self._run_key = run_key
        self._events: List[Dict[str, Any]] = []
        self._series: Dict[Tuple[str, str], _OpenSeries] = {}
        self._progress: Dict[str, Dict[str, Any]] = {}
        self._log: Optional[Tuple[LogPiece, bytearray, Dict[str, Any]]] = None

    def _event(self, kind: str, body: Dict[str, Any], time_us: int) -> Dict[str, Any]:
        event = {"run_key": self._run_key, "happened_at_us": time_us, kind: body}
        self._events.append(event)
        return event

    def add(self, item: Item) -> None:
        if isinstance(item, Point):
            self._add_point(item)
        elif isinstance(item, LogPiece):
            self._add_log(item)
        elif item.kind == "progress":
            self._add_progress(item)
        else:
            if item.kind == "task_state":  # may begin an attempt; its progress comes after it
                self._progress.pop(item.body.get("path", ""), None)
            self._event(item.kind, item.body, item.time_us)

    def _add_point(self, point: Point) -> None:
        key = (point.path, point.name)
        with_steps = point.step is not None
        series = self._series.get(key)
        if series is None or series.with_steps != with_steps or series.count >= POINTS_PER_EVENT:
            body: Dict[str, Any] = {"path": point.path, "name": point.name}
            if with_steps:
                body["step"] = []
            body["time_us"] = []
            body["value"] = []
            event = self._event("metric_points", body, point.time_us)
            series = self._series[key] = _OpenSeries(event, with_steps)
        series.add(point)

    def _add_progress(self, fact: Fact) -> None:
        path = fact.body.get("path", "")
        event = self._progress.get(path)
        if event is None:
            self._progress[path] = self._event("progress", fact.body, fact.time_us)
        else:
            event["progress"] = fact.body
            event["happened_at_us"] = fact.time_us

    def _add_log(self, piece: LogPiece) -> None:
        if self._log is not None:
            first, data, event = self._log
            fits = len(data) + len(piece.data) <= LOG_BYTES_PER_EVENT
            follows = first.offset + len(data) == piece.offset
            if fits and follows and first[:2] == piece[:2]:
                data += piece.data
                event["happened_at_us"] = piece.time_us
                return
            self._close_log()
        body = {"path": piece.path, "attempt": piece.attempt, "offset": piece.offset}
        event = self._event("log_bytes", body, piece.time_us)
        self._log = (piece, bytearray(piece.data), event)

    def _close_log(self) -> None:
        if self._log is not None:
            _, data, event = self._log
            event["log_bytes"]["data"] = base64.b64encode(data).decode("ascii")
            self._log = None

    def take(self) -> List[Dict[str, Any]]:
        """The events so far, in the order they happened."""
        self._close_log()
        events, self._events = self._events, []
        self._series.clear()
        self._progress.clear()
        return events


def encode_line(event: Dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def runs_below(lines: List[bytes], limit: int) -> Iterator[Tuple[int, int]]:
    """Cuts lines into runs of at most so many bytes; a longer line is a run by itself."""
    start = size = 0
    for index, line in enumerate(lines):
        if size and size + len(line) > limit:
            yield start, index
            start, size = index, 0
        size += len(line)
    if start < len(lines):
        yield start, len(lines)


class Losses:
    """What had to be dropped, counted until it is told."""

    __slots__ = ("events", "log_bytes", "points")

    def __init__(self) -> None:
        self.points = 0
        self.log_bytes = 0
        self.events = 0

    def __bool__(self) -> bool:
        return bool(self.points or self.log_bytes or self.events)

    def add_line(self, line: bytes) -> None:
        """Counts a dropped line of encode_line's making."""
        try:
            event = json.loads(line)
        except ValueError:
            self.events += 1
            return
        if "metric_points" in event:
            self.points += len(event["metric_points"].get("value", ()))
        elif "log_bytes" in event:
            self.log_bytes += len(base64.b64decode(event["log_bytes"].get("data", "")))
        else:
            self.events += 1

    def add_item(self, item: Item) -> None:
        if isinstance(item, Point):
            self.points += 1
        elif isinstance(item, LogPiece):
            self.log_bytes += len(item.data)
        else:
            self.events += 1

    def merge(self, other: "Losses", sign: int = 1) -> None:
        self.points += sign * other.points
        self.log_bytes += sign * other.log_bytes
        self.events += sign * other.events

    def body(self, reason: str) -> Dict[str, Any]:
        return {
            "points": self.points,
            "log_bytes": self.log_bytes,
            "events": self.events,
            "reason": reason,
        }
