"""One run: what is told of it, and so what every reader must see, exactly.

`Facts` tells through the SDK's sender, which keeps what was not acknowledged and sends it again.
What is expected is in the words of the HTTP interface, keyed by names rather than by ids.
"""

import math
import random
from pathlib import Path
from typing import Any, Dict, List, Tuple

from telltale import ids
from telltale.encoding import LogPiece, Point, json_number
from telltale.sender import Sender

TASKS = ["prepare", "train", "train/épreuve nº 1"]
SERIES = ["loss", "μ/σ"]
FIRST_US = 1_700_000_000_000_000
# All of a series must come undecimated, so that it can be compared: docs/formats/api.md.
POINTS_LIMIT = 4_000

Log = Tuple[str, int]  # task's path, attempt
Column = Tuple[int, int, Any]  # step, time in microseconds, value as JSON has it


def value_of(path: str, name: str, step: int) -> float:
    if step % 211 == 7:
        return math.nan
    if step % 307 == 9:
        return -math.inf
    return math.sin(step * 0.01) * len(path) + len(name)


class Facts:
    """A run's life is `begin`, any number of `tick`s, `end`. Lives on the producer's thread."""

    def __init__(self, number: int, url: str, spool: Path, chance: random.Random) -> None:
        self.key = ids.run_key("chaos", "", f"run {number}", str(chance.getrandbits(64)))
        self.sender = Sender(url, self.key, str(spool / self.key))
        self.ticks = 0
        self.ended = False
        self._chance = chance
        self._version = 0
        self._steps = 0
        self._name = f"run {number} über alles"
        self.run: Dict[str, Any] = {}
        self.tasks: Dict[str, Dict[str, Any]] = {path: {"attempt": 1} for path in TASKS}
        self.artifacts: Dict[str, str] = {}
        self.logs: Dict[Log, bytearray] = {}

    @property
    def is_full(self) -> bool:
        return self._steps >= POINTS_LIMIT - 100

    def begin(self) -> None:
        graph = [{"path": path, "name": path.upper()} for path in TASKS]
        self._tell_run("RUNNING", pipeline="chaos", parameters={"lr": "0.1"})
        self.sender.put_fact("graph", {"version": 1, "tasks": graph})
        for path in TASKS:
            self._tell_task(path, "RUNNING")

    def tick(self) -> None:
        """A moment of the run: points of every series, a piece of every log, at times progress."""
        self.ticks += 1
        first = self._steps
        self._steps += self._chance.randint(1, 8)
        for path in TASKS:
            for name in SERIES:
                for step in range(first, self._steps):
                    value = value_of(path, name, step)
                    self.sender.put(Point(path, name, step, FIRST_US + step, value))
            self._tell_log(path)
            if self.ticks % 7 == 0:
                self._tell_progress(path)
        if self.ticks % 90 == 45:  # a task fails and is tried again
            path = self._chance.choice(TASKS)
            self.tasks[path]["attempt"] += 1
            self.tasks[path].pop("progress", None)
            self._tell_task(path, "RUNNING", message=f"attempt {self.tasks[path]['attempt']}")

    def end(self) -> None:
        self.ended = True
        state = self._chance.choice(["SUCCEEDED", "FAILED"])
        for path in TASKS:
            name = f"model of {path}"
            self.artifacts[ids.artifact_id(path, name, False)] = f"file:/{self.key}/{path}"
            uri = self.artifacts[ids.artifact_id(path, name, False)]
            self.sender.put_fact("artifact", {"path": path, "name": name, "uri": uri})
            self._tell_task(path, state)
        self._tell_run(state, message="as it was drawn")

    def columns(self) -> Dict[Tuple[str, str], List[Column]]:
        """What every series holds."""
        return {
            (path, name): [
                (step, FIRST_US + step, json_number(value_of(path, name, step)))
                for step in range(self._steps)
            ]
            for path in TASKS
            for name in SERIES
        }

    def _tell_run(self, state: str, **more: Any) -> None:
        self._version += 1
        self.run.update({"state": state, "name": self._name, **more})
        told = {"state": state, "name": self._name, "version": self._version, **more}
        self.sender.put_fact("run_state", told)

    def _tell_task(self, path: str, state: str, message: str = "") -> None:
        self._version += 1
        self.tasks[path].update(state=state, message=message)
        told = {"path": path, "version": self._version, **self.tasks[path]}
        told.pop("progress", None)
        self.sender.put_fact("task_state", told)

    def _tell_progress(self, path: str) -> None:
        progress = {"done": float(self.ticks), "total": 1e6, "unit": "tick", "note": f"{path} ✓"}
        self.tasks[path]["progress"] = progress
        self.sender.put_fact("progress", {"path": path, **progress})

    def _tell_log(self, path: str) -> None:
        attempt = self.tasks[path]["attempt"]
        log = self.logs.setdefault((path, attempt), bytearray())
        # No valid UTF-8, on purpose: bytes are kept as they are.
        noise = b"\xff\x00" * self._chance.randint(0, 60)
        line = f"{path} {self.ticks:06} ".encode() + noise + b"\n"
        self.sender.put(LogPiece(path, attempt, len(log), line, FIRST_US + self.ticks))
        log += line
