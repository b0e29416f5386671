"""Tells of a step's artifacts as soon as their files are there, while the step still runs: kfp says
what a step made only once it has ended.
"""

import json
import os
import threading
from typing import Any, Callable, Dict, List, Mapping

_EVERY_S = 0.5
_FLAG = "--executor_input"

Tell = Callable[[str, Mapping[str, Any]], None]


def outputs_of(command: List[str]) -> Dict[str, Dict[str, str]]:
    """By name: the artifacts that kfp's own command of a step says it will write, as
    RunTracker.artifact takes them."""
    for at, word in enumerate(command[:-1]):
        if word == _FLAG:
            return _outputs(command[at + 1])
    return {}


def _outputs(text: str) -> Dict[str, Dict[str, str]]:
    found = {}
    try:
        told = json.loads(text)["outputs"]["artifacts"]
        for name, artifacts in told.items():
            (artifact,) = artifacts["artifacts"]
            kind = artifact.get("type", {}).get("schemaTitle", "")
            metadata = json.dumps(artifact.get("metadata", {}))
            found[name] = {"type": kind, "uri": artifact["uri"], "metadata": metadata}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}  # another command, or one of another version: told at its end
    return found


class OutputWatch:
    """`with OutputWatch(command, tell):` around the step. Each artifact is told once."""

    def __init__(self, command: List[str], tell: Tell) -> None:
        self._waiting = outputs_of(command)
        self._tell = tell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "OutputWatch":
        if self._waiting:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while self._waiting and not self._over.wait(_EVERY_S):
            for name in [n for n, fields in self._waiting.items() if _is_there(fields["uri"])]:
                self._tell(name, self._waiting.pop(name))


def _is_there(path: str) -> bool:
    try:
        return os.path.isfile(path) and os.path.getsize(path) > 0
    except OSError:
        return False
