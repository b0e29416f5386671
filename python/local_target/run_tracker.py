"""What the run's source knows of each task, told as events. Any thread may call; one lock.

Holds no clock of its own beyond the time a change is told, and no I/O: the sender delivers.
"""

import json
import threading
from typing import Any, Dict, Iterable, List, Mapping, Optional

from local_target.pipeline_graph import GraphTask
from telltale.encoding import clean_text, now_us
from telltale.sender import Sender

# Keeps a graph event far below the server's bound of 960 KiB.
_GRAPH_TASKS_PER_EVENT = 500
# A value longer than this is shown shortened: outputs may be whole data sets.
_VALUE_LENGTH = 16_384
# The version of what is said in a run's stead before it spoke itself, by who started it
# (server/deliver/target_local.cc) or by who comes after it (leftovers). What the run itself says
# begins after it and wins, whichever comes first.
BEFORE_IT_SPOKE = 1
_ENDED = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CACHED", "CANCELLED"})


def json_text(value: Any) -> str:
    """A value as JSON text; what JSON can't hold is told by its repr."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = json.dumps(repr(value), ensure_ascii=False)
    if len(text) > _VALUE_LENGTH:
        text = json.dumps(text[:_VALUE_LENGTH] + "…", ensure_ascii=False)
    return clean_text(text)


class RunTracker:
    def __init__(self, sender: Sender, after: Optional[int] = None) -> None:
        """`after`: where another process told of the run before, a version past all of its own."""
        self._sender = sender
        self._lock = threading.RLock()
        self._version = after or BEFORE_IT_SPOKE
        self._states: Dict[str, str] = {}  # in the order tasks became known
        self._names: Dict[str, str] = {}
        self._kinds: Dict[str, str] = {}
        self._failures: Dict[str, str] = {}  # path of a task that failed -> why
        self._started: Dict[str, int] = {}

    # --- the run

    def run_state(self, **fields: Any) -> None:
        with self._lock:
            self._version += 1
            self._sender.put_fact("run_state", {"version": self._version, **fields})

    def heartbeat(self) -> None:
        self._sender.put_fact("heartbeat", {})

    # --- the graph

    def add_tasks(self, tasks: Iterable[GraphTask], removed: Iterable[str] = ()) -> None:
        with self._lock:
            new = []
            for task in tasks:
                if task["path"] not in self._states:
                    self._states[task["path"]] = "PENDING"
                    self._names[task["path"]] = task["name"]
                    self._kinds[task["path"]] = task["kind"]
                    new.append(task)
            gone = [path for path in removed if self._states.pop(path, None) is not None]
            for start in range(0, max(len(new), bool(gone)), _GRAPH_TASKS_PER_EVENT):
                self._version += 1
                body = {
                    "version": self._version,
                    "tasks": new[start : start + _GRAPH_TASKS_PER_EVENT],
                    "removed": gone if start == 0 else [],
                }
                self._sender.put_fact("graph", body)

    def below(self, path: str) -> List[str]:
        with self._lock:
            return [other for other in self._states if other.startswith(path + "/")]

    # --- tasks

    def state(self, path: str) -> str:
        with self._lock:
            return self._states.get(path, "PENDING")

    def name(self, path: str) -> str:
        return self._names.get(path, path.rsplit("/", 1)[-1])

    def set_state(
        self,
        path: str,
        state: str,
        message: str = "",
        inputs: Optional[Mapping[str, Any]] = None,
        outputs: Optional[Mapping[str, Any]] = None,
        **fields: Any,
    ) -> None:
        with self._lock:
            now = now_us()
            self._states[path] = state
            self._version += 1
            body: Dict[str, Any] = {"path": path, "state": state, "version": self._version}
            if message:
                body["message"] = clean_text(message)
            if state == "RUNNING":
                body["started_at_us"] = self._started.setdefault(path, now)
            if state in _ENDED:
                if path in self._started:
                    body["started_at_us"] = self._started[path]
                body["finished_at_us"] = now
            if state == "FAILED" and self._kinds.get(path, "TASK") == "TASK":
                self._failures[path] = message
            for field, values in (("inputs", inputs), ("outputs", outputs)):
                if values:
                    body[field] = {clean_text(n): json_text(v) for n, v in values.items()}
            body.update(fields)
            self._sender.put_fact("task_state", body, now)

    def end_unstarted(self, path: str, state: str, message: str) -> None:
        """A task that will not start, with everything below it."""
        with self._lock:
            for other in [path, *self.below(path)]:
                if self._states.get(other) not in _ENDED:
                    self.set_state(other, state, message)

    def end_all(self, state: str, message: str) -> None:
        """At the end of the run: what never started, or was interrupted."""
        with self._lock:
            for path, known in list(self._states.items()):
                if known not in _ENDED:
                    self.set_state(path, state, message)

    def artifact(self, path: str, name: str, artifact: Mapping[str, Any], is_input: bool) -> None:
        body = {
            "path": path,
            "name": clean_text(name),
            "type": clean_text(artifact.get("type", "")),
            "uri": clean_text(artifact.get("uri", "")),
            "metadata": clean_text(artifact.get("metadata", "{}")),
            "input": is_input,
        }
        self._sender.put_fact("artifact", body)

    # --- why

    def first_failure(self) -> Optional[str]:
        """A sentence about the task that failed first."""
        with self._lock:
            for path, message in self._failures.items():
                return (
                    f"{self.name(path)} failed: {message}"
                    if message
                    else f"{self.name(path)} failed"
                )
        return None

    def failed_names(self, paths: Iterable[str]) -> str:
        """The names of failed tasks at or below the paths: what a skipped task is waiting for."""
        with self._lock:
            wanted = list(paths)
            inside = [
                path
                for path in self._failures
                if any(path == w or path.startswith(w + "/") for w in wanted)
            ]
            found = inside or list(self._failures)[:1] or wanted
            return ", ".join(self.name(path) for path in found[:3])
