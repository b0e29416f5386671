"""What a file of JUnit's XML says of tests. The file is anybody's: no entity is expanded in it, and
what is read of it is bounded.
"""

import os
from typing import Any, Dict, List, Optional
from xml.parsers import expat

_BYTES = 16 << 20
_CASES = 500
_MESSAGE_LENGTH = 400
_NAME_LENGTH = 200
_DEPTH = 100
_OUTCOMES = {"failure": "failed", "error": "failed", "skipped": "skipped"}


Results = Dict[str, Any]


class _Reader:
    def __init__(self) -> None:
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.cases: List[Dict[str, Any]] = []
        self._case: Optional[Dict[str, Any]] = None
        self._depth = 0

    def start(self, tag: str, attributes: Dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise ValueError("nested too deeply")
        if tag == "testcase":
            names = (attributes.get("classname", ""), attributes.get("name", ""))
            self._case = {
                "name": ".".join(filter(None, names))[-_NAME_LENGTH:],
                "outcome": "passed",
                "seconds": _seconds(attributes.get("time", "")),
                "message": "",
            }
        elif self._case is not None and tag in _OUTCOMES:
            self._case["outcome"] = _OUTCOMES[tag]
            self._case["message"] = attributes.get("message", "")[:_MESSAGE_LENGTH]

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag == "testcase" and self._case is not None:
            self.counts[self._case["outcome"]] += 1
            self.cases.append(self._case)
            self._case = None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e9 else 0.0


def _refuse(*_: Any) -> None:
    raise ValueError("a document type is not taken")


def read(path: str) -> Optional[Results]:
    """Counts, and cases with those that failed first; nothing for what is no such file."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        if os.path.islink(path) or os.path.getsize(path) > _BYTES:
            return None
        with open(path, "rb") as file:
            parser.Parse(file.read(_BYTES), True)
    except (OSError, ValueError, expat.ExpatError):
        return None
    if not reader.cases:
        return None
    order = ("failed", "skipped", "passed")
    cases = sorted(reader.cases, key=lambda case: order.index(case["outcome"]))
    return {**reader.counts, "cases": cases[:_CASES]}


def table(results: Results) -> List[str]:
    """For a terminal: a line a test, those that failed first."""
    marks = {"passed": "✓", "failed": "✗", "skipped": "–"}
    lines = []
    for case in results["cases"]:
        line = f"{marks[case['outcome']]} {case['seconds']:8.2f} s  {case['name']}"
        lines.append(
            f"{line}  {case['message'].splitlines()[0] if case['message'] else ''}".rstrip()
        )
    return lines
