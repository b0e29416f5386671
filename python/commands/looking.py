"""Runs in a terminal: a list, one as it goes, what its tasks have said."""

import json
import sys
import time
from typing import Any, Dict, List, Tuple

from commands.errors import CommandError
from commands.server import Server, has_ended

_PERIOD_S = 0.3
_MARKS = {
    "SUCCEEDED": "✓",
    "CACHED": "✓",
    "FAILED": "✗",
    "RUNNING": "▶",
    "CANCELLED": "■",
    "SKIPPED": "–",
}


def runs(server: Server, text: str, limit: int, as_json: bool) -> int:
    found = server.runs(limit, text)
    if as_json:
        print(json.dumps(found))
        return 0
    if not found:
        print("No runs yet. Push a repository that has a pipeline: git push telltale main")
    for run in found:
        state = str(run.get("state", "")).lower()
        print(
            f"{_mark(run)} {run['run_key']}  {state:<10} {_seconds(run):>9}  {run.get('name', '')}"
        )
    return 0


def keys(server: Server, text: str, limit: int) -> int:
    for run in server.runs(limit, text):
        print(run["run_key"])
    return 0


def _mark(entity: Dict[str, Any]) -> str:
    return _MARKS.get(str(entity.get("state")), "·")


def _seconds(run: Dict[str, Any]) -> str:
    started = int(run.get("started_at_us") or 0)
    if not started:
        return ""
    finished = int(run.get("finished_at_us") or 0) or time.time_ns() // 1000
    return f"{(finished - started) / 1e6:.1f} s"


def watch(server: Server, key: str, as_json: bool) -> int:
    """Each change of a task is a line; so is what the tasks say."""
    states: Dict[str, Tuple[str, str]] = {}
    offsets: Dict[str, int] = {}
    while True:
        view = server.get(f"/api/v1/runs/{key}")
        run = view.get("run", {})
        ended = has_ended(run)
        for task in view.get("tasks", []):
            now = (str(task.get("state")), str(task.get("message") or ""))
            _say_new(server, key, task, offsets, as_json)
            if states.get(task["id"]) != now:
                states[task["id"]] = now
                _tell(task, as_json)
        if ended:
            _tell({**run, "path": run.get("name", key)}, as_json)
            return 0 if run["state"] == "SUCCEEDED" else 1
        time.sleep(_PERIOD_S)


def _tell(task: Dict[str, Any], as_json: bool) -> None:
    if as_json:
        kept = {name: task.get(name) for name in ("path", "state", "message")}
        print(json.dumps(kept), flush=True)
        return
    state = str(task.get("state", "")).lower()
    line = f"{_mark(task)} {task['path']}  {state}  {task.get('message') or ''}"
    print(line.rstrip(), flush=True)


def _say_new(
    server: Server, key: str, task: Dict[str, Any], offsets: Dict[str, int], as_json: bool
) -> None:
    seen = offsets.get(task["id"], 0)
    if as_json or int(task.get("log_bytes") or 0) <= seen:
        return
    said = _log(server, key, task, seen)
    offsets[task["id"]] = seen + len(said)
    for line in said.decode("utf-8", "replace").splitlines():
        print(f"  {task['path']} | {line}", flush=True)


def _log(server: Server, key: str, task: Dict[str, Any], offset: int) -> bytes:
    if int(task.get("log_bytes") or 0) <= offset:
        return b""
    return server.bytes_of(f"/api/v1/runs/{key}/tasks/{task['id']}/log?offset={offset}")


def logs(server: Server, key: str, wanted: str) -> int:
    tasks: List[Dict[str, Any]] = server.get(f"/api/v1/runs/{key}").get("tasks", [])
    shown = [task for task in tasks if wanted in ("", task["path"], task.get("name"))]
    if wanted and not shown:
        names = ", ".join(task["path"] for task in tasks)
        raise CommandError(f"The run has no task {wanted}. It has: {names}.")
    for task in shown:
        if len(shown) > 1:
            print(f"== {task['path']}", flush=True)
        sys.stdout.buffer.write(_log(server, key, task, 0))
        sys.stdout.buffer.flush()
    return 0
