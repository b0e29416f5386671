"""Metrics and progress out of a task's standard output, with no change to its code.

Pure: bytes in (in pieces, as they come), findings out. What is understood:

* `name=value` in the form of Katib's default filter,
  `([\\w|-]+)\\s*=\\s*([+-]?\\d*(\\.\\d+)?([Ee][+-]?\\d+)?)`, narrowed where it would take
  what is no metric: a value needs a digit (or is nan or inf), nothing may go on behind it
  (`1.2.3`, `12:30`, `5MB`), and options (`--lr=0.1`), URLs, calls (`fit(epochs=5)`) and the
  source lines of a traceback are left out. `/` and `.` may join a name (`val/loss`). A whole
  number named step, epoch, … on the line, or "epoch 3" in words, is the step of the line's others.
* progress bars of tqdm (known and unknown total; `name=value` behind the rate are metrics whose
  step is the bar's position) and Keras 2 and 3 (with the metrics of a finished epoch).

Lines end with `\\n` or `\\r`; a bar that isn't ended yet counts as soon as it is whole. Bytes that
are no UTF-8 are no obstacle. Lines longer than LINE_BYTES are skipped.

Precedence: what the SDK reports in the same task wins. A name the SDK has claimed is never taken
from the output; once the task uses the SDK, a new name's first points wait HOLD_US for that claim,
so that printing before logging makes no double. A name claimed later belongs to the SDK from then
on.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from telltale.claims import ClaimReader

LINE_BYTES = 8 * 1024
HOLD_US = 1_000_000
# Names in one task; more is output that only looks like metrics.
NAMES_LIMIT = 1_000


class Metric(NamedTuple):
    name: str
    value: float
    step: Optional[int]
    time_us: int


class Progress(NamedTuple):
    done: float
    total: float  # 0: not known
    unit: str
    note: str
    time_us: int


Found = Union[Metric, Progress]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|[\x00-\x08\x0b-\x1a\x1c-\x1f]")
_METRIC = re.compile(
    r"(?<![\w.\-/?&%+@#$\\])(\w[\w|-]*(?:[./][\w|-]+)*)\s*=\s*"
    r"([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?|nan|inf(?:inity)?))"
    r"(?!\w|\.\w|[:/\-]\w|,\d)",
    re.IGNORECASE,
)
_STEP_NAMES = ("global_step", "step", "iteration", "iter", "batch", "epoch")
_STEP_WORDS = re.compile(r"\b(?:step|iter(?:ation)?|epoch)\s*[:#]?\s*(\d{1,18})\b", re.IGNORECASE)
_SOURCE_LINE = re.compile(r'\s*File ".*", line \d+')
_CALL = re.compile(r"\w\(")

_NUMBER = r"\d+(?:\.\d+)?[kKMGTP]?"
_TQDM = re.compile(
    rf"^(?P<note>.*?)\s*\d{{1,3}}%\|[^|]*\|\s*(?P<done>{_NUMBER})/(?P<total>{_NUMBER})\s*"
    r"\[(?P<stats>.*)\]"
)
_TQDM_OPEN = re.compile(
    rf"^(?P<note>(?:.*?:\s)?)\s*(?P<done>{_NUMBER})\s?(?P<unit>[A-Za-z]+) "
    r"\[(?P<stats>\d+:\d\d(?::\d\d)?,.*)\]"
)
_TQDM_UNIT = re.compile(
    r",\s*(?:[\d.?]+[kKMGTP]?(?P<per_s>[A-Za-z]+)/s|[\d.?]+s/(?P<each>[A-Za-z]+))"
)
_TQDM_RATE = re.compile(r"^[^,]*,[^,]*(?:,\s*)?")
_KERAS = re.compile(
    r"^\s*(?P<done>\d+)/(?P<total>\d+|Unknown) (?:\[[=>.]{5,}\]|[━─]{5,})?\s*(?P<rest>.*)$"
)
_KERAS_REST = re.compile(r"(?:^|- )(?:ETA: )?[\d:.]+(?:s|ms|us|h|m)?(?: [\d.]+(?:s|ms|us)/step)?\b")
_KERAS_METRIC = re.compile(r"- ([\w./-]+): ([+-]?(?:\d+\.?\d*(?:[Ee][+-]?\d+)?|nan|inf))(?=\s|$)")
_EPOCH = re.compile(r"^Epoch (\d+)/(\d+)\s*$")
_SCALE = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


def _amount(text: str) -> float:
    scale = _SCALE.get(text[-1])
    return float(text) if scale is None else float(text[:-1]) * scale


class StdoutParser:
    """Of one attempt of one task. Lives on the thread that reads its output."""

    def __init__(self, claims: Optional[ClaimReader] = None) -> None:
        self._claims = claims
        self._line = bytearray()
        self._overlong = False
        self._tried = b""  # the unfinished line that was looked at last
        self._after_source_line = False
        self._epoch: Optional[Tuple[int, int]] = None
        self._bar = ""
        self._progress: Optional[Progress] = None
        self._bar_done: Optional[float] = None
        self._known: Dict[str, bool] = {}  # name -> taken from the output
        self._held: Dict[str, List[Metric]] = {}

    def feed(self, data: bytes, now_us: int) -> List[Found]:
        """Findings of what has come; an empty piece only lets held points go on."""
        found: List[Found] = []
        start = 0
        while start < len(data):
            end = _line_end(data, start)
            self._extend(data[start : end if end >= 0 else len(data)])
            if end < 0:
                break
            self._end_line(data[end : end + 1] == b"\n", now_us, found)
            start = end + 1
        rest = bytes(self._line)
        if rest and rest != self._tried and not self._overlong and rest.rstrip()[-1:] in b"]%s":
            self._tried = rest
            self._read_bar(_text(rest), now_us, found)
        return self._decide(found, now_us, False)

    def close(self, now_us: int) -> List[Found]:
        """The end of the output: the last line may lack its end."""
        found: List[Found] = []
        self._end_line(True, now_us, found)
        return self._decide(found, now_us, True)

    def _extend(self, piece: bytes) -> None:
        if self._overlong:
            return
        if len(self._line) + len(piece) > LINE_BYTES:
            self._overlong = True
            self._line.clear()
            return
        self._line += piece

    def _end_line(self, is_newline: bool, now_us: int, found: List[Found]) -> None:
        if self._line:
            text = _text(bytes(self._line))
            self._line.clear()
            self._read_line(text, is_newline, now_us, found)
        self._overlong = False
        self._tried = b""

    def _read_line(self, text: str, is_newline: bool, now_us: int, found: List[Found]) -> None:
        is_source = self._after_source_line
        self._after_source_line = _SOURCE_LINE.match(text) is not None
        if is_source or self._after_source_line:
            return
        epoch = _EPOCH.match(text)
        if epoch is not None:
            self._epoch = (int(epoch[1]), int(epoch[2]))
            return
        if self._read_bar(text, now_us, found):
            if is_newline:
                self._read_keras_metrics(text, now_us, found)
            return
        found.extend(_metrics(text, now_us, None))

    def _read_bar(self, text: str, now_us: int, found: List[Found]) -> bool:
        """True when the line is a progress bar."""
        if text == self._bar:
            return True
        progress, postfix = self._tqdm(text, now_us)
        if progress is None:
            progress, postfix = self._keras(text, now_us), ""
        if progress is None:
            return False
        self._bar = text
        if self._progress is None or progress[:4] != self._progress[:4]:
            found.append(progress)
        self._progress = progress
        if postfix and progress.done != self._bar_done:
            found.extend(_metrics(postfix, now_us, int(progress.done)))
        self._bar_done = progress.done
        return True

    def _tqdm(self, text: str, now_us: int) -> Tuple[Optional[Progress], str]:
        match = _TQDM.match(text)
        total = 0.0
        if match is not None:
            total = _amount(match["total"])
            unit_match = _TQDM_UNIT.search(match["stats"])
            unit = (unit_match["per_s"] or unit_match["each"]) if unit_match is not None else ""
        else:
            match = _TQDM_OPEN.match(text)
            if match is None:
                return None, ""
            unit = match["unit"]
        postfix = _TQDM_RATE.sub("", match["stats"]).strip()
        words = [match["note"].strip().rstrip(":"), postfix]
        note = " · ".join(word for word in words if word)
        return Progress(_amount(match["done"]), total, unit, note, now_us), postfix

    def _keras(self, text: str, now_us: int) -> Optional[Progress]:
        match = _KERAS.match(text)
        if match is None:
            return None
        is_bar = "[=" in text or "[>" in text or "[." in text or "━" in text or "─" in text
        rest = match["rest"]
        if not is_bar and not (match["total"] == "Unknown" and _KERAS_REST.match(rest)):
            return None
        total = 0.0 if match["total"] == "Unknown" else float(match["total"])
        words = [] if self._epoch is None else [f"epoch {self._epoch[0]} of {self._epoch[1]}"]
        words += [f"{name}: {value}" for name, value in _KERAS_METRIC.findall(rest)]
        return Progress(float(match["done"]), total, "step", " · ".join(words), now_us)

    def _read_keras_metrics(self, text: str, now_us: int, found: List[Found]) -> None:
        match = _KERAS.match(text)
        if match is None or match["done"] != match["total"]:
            return
        step = None if self._epoch is None else self._epoch[0]
        for name, value in _KERAS_METRIC.findall(match["rest"]):
            found.append(Metric(name, float(value), step, now_us))

    # --- precedence

    def _decide(self, found: List[Found], now_us: int, at_end: bool) -> List[Found]:
        claims = self._claims
        if claims is None:
            return found
        if found or self._held:
            claims.refresh()
        kept: List[Found] = []
        for finding in found:
            if isinstance(finding, Metric):
                self._decide_metric(finding, claims, kept)
            elif not claims.progress:
                kept.append(finding)
        for name, points in list(self._held.items()):
            if claims.has_name(name):
                del self._held[name]
            elif at_end or now_us - points[0].time_us >= HOLD_US:
                del self._held[name]
                for point in points:
                    self._take(point, kept)
        return kept

    def _decide_metric(self, metric: Metric, claims: ClaimReader, kept: List[Found]) -> None:
        if claims.has_name(metric.name):
            self._held.pop(metric.name, None)
        elif metric.name in self._held:
            self._held[metric.name].append(metric)
        elif metric.name in self._known or not claims.sdk_in_use:
            self._take(metric, kept)
        elif len(self._known) + len(self._held) < NAMES_LIMIT:
            self._held[metric.name] = [metric]

    def _take(self, metric: Metric, kept: List[Found]) -> None:
        if metric.name in self._known or len(self._known) < NAMES_LIMIT:
            self._known[metric.name] = True
            kept.append(metric)


def _line_end(data: bytes, start: int) -> int:
    newline = data.find(b"\n", start)
    stop = newline if newline >= 0 else len(data)
    carriage = data.find(b"\r", start, stop)
    return carriage if carriage >= 0 else newline


def _text(line: bytes) -> str:
    return _ANSI.sub("", line.decode("utf-8", "replace"))


def _call_spans(text: str) -> List[Tuple[int, int]]:
    """Where arguments of calls stand: `LogisticRegression(C=0.1)` is no metric."""
    spans: List[Tuple[int, int]] = []
    for match in _CALL.finditer(text):
        depth = 0
        end = len(text)
        for index in range(match.end() - 1, len(text)):
            depth += {"(": 1, ")": -1}.get(text[index], 0)
            if depth == 0:
                end = index
                break
        spans.append((match.end(), end))
        if len(spans) >= 16:
            break
    return spans


def _metrics(text: str, now_us: int, bar_step: Optional[int]) -> List[Metric]:
    if "=" not in text:
        return []
    calls = _call_spans(text)
    values: Dict[str, float] = {}
    for match in _METRIC.finditer(text):
        name = match[1].strip("|")
        if name and not any(start <= match.start() < end for start, end in calls):
            values[name] = float(match[2])
    step = bar_step
    if step is None and values:
        step = _take_step(values, text)
    return [Metric(name, value, step, now_us) for name, value in values.items()]


def _take_step(values: Dict[str, float], text: str) -> Optional[int]:
    """The line's step; values that only tell it aren't metrics beside others."""
    lower = {name.lower(): name for name in values}
    names = [lower[name] for name in _STEP_NAMES if name in lower]
    steps = [name for name in names if values[name].is_integer() and abs(values[name]) < 2**63]
    if steps and len(values) > len(names):
        step = int(values[steps[0]])
        for name in names:
            del values[name]
        return step
    if steps:
        return None
    words = _STEP_WORDS.search(text)
    return int(words[1]) if words is not None else None
