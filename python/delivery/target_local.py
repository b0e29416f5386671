"""Target `local`: what runs is the revision's own folder on this machine, by kfp.local."""

import os
import time
from typing import Any, Dict, List, Mapping

from delivery.errors import DeliveryError
from delivery.records import Record
from delivery.stage import Stage
from delivery.targets import Target
from local_target.server_reader import ServerReader
from telltale import ids
from telltale.sender import Sender

_START_S = 300.0
_ASK_AGAIN_S = 0.5
# A terminal that waits for the run is let go then (server/deliver/git_limits.h).
_WAIT_S = 3600.0
_PERIOD_S = 0.2
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_PYTHON_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
Result = Dict[str, Any]


def arguments_of(pipeline: Mapping[str, Any], given: Mapping[str, str]) -> List[str]:
    named = [f"--param={name}={value}" for name, value in given.items()]
    return [f"--pipeline={pipeline['name']}", *named]


def deploy(_target: Target, record: Record, stage: Stage) -> Result:
    """The delivery's folder is the version, and stays."""
    stage.say(f"Version {record.revision} of {record.branch} runs on this machine.")
    return {"told": f"version {record.short} on this machine"}


def run(_target: Target, record: Record, stage: Stage) -> Result:
    packaged = record.finished["package"]
    pipeline = packaged["pipeline"]
    source = record.path("source")
    file = os.path.join(source, pipeline["file"])
    key = ids.run_key("local", "", pipeline["title"], record.key)
    env = {**os.environ, "PYTHONPATH": _PYTHON_DIRECTORY}
    if not _was_started(record, stage, key):
        _announce(record, key, file, pipeline)
        command = [packaged["python"], "-m", "local_target", "run", file, "--run-key", key]
        command += ["--url", record.url, "--detach", *arguments_of(pipeline, packaged["given"])]
        command += ["--directory", record.path("run")]
        if stage.run(command, env, source, _START_S) != 0:
            lines = stage.tail.decode("utf-8", "replace").strip().splitlines()
            raise DeliveryError(lines[-1] if lines else "The run could not be started.")
    link = f"{record.url}/runs/{key}"
    stage.say(link)
    return {
        "told": f"{pipeline['title']} has started",
        "outputs": {"run": link},
        "run_key": key,
        "lines": [link],
    }


def _was_started(record: Record, stage: Stage, key: str) -> bool:
    """By a process of this delivery that was killed then: one start, however often it is tried."""
    if record.attempts["run"] == 1:
        return False
    spool = os.environ.get("TELLTALE_SPOOL_DIR", "")
    if os.path.exists(os.path.join(spool, key + ".running")):
        return True
    server = ServerReader(record.url)
    while (known := server.run(key)) is None:
        stage.pause(_ASK_AGAIN_S)
    return known.get("state", "PENDING") != "PENDING"


def _announce(record: Record, key: str, file: str, pipeline: Dict[str, Any]) -> None:
    """How the run was started, so that it can be started again from its page."""
    sender = Sender(record.url, key)
    launch = {"pipeline_file": file, "working_directory": record.path("source")}
    body = {"state": "PENDING", "name": pipeline["title"], "source": "local", "launch": launch}
    sender.put_fact("run_state", {**body, "pipeline": pipeline["title"]})
    sender.close(3.0)


def outcome(_target: Target, record: Record, stage: Stage) -> str:
    """What became of the run, for who pushed with -o wait; empty where it takes too long."""
    key = record.finished["run"]["run_key"]
    server = ServerReader(record.url)
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        known = server.run(key) or {}
        if known.get("state") in _ENDED:
            message = known.get("message") or ""
            return f"The run has {str(known['state']).lower()}. {message}".rstrip()
        stage.pause(_PERIOD_S)
    return ""
