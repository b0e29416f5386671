"""One local run from its first event to its last: joins kfp's orchestrator, the tasks' processes
and the sender. Owns the tracker and the running processes; called from kfp's threads, the server
watch and signals' handler thread.
"""

import logging
import os
import shutil
import sys
import threading
import uuid
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import telltale
from local_target import failure, installs, kfp_adapter
from local_target.output_watch import OutputWatch
from local_target.pipeline_file import CompiledPipeline, with_defaults
from local_target.pipeline_graph import PipelineGraph, join
from local_target.run_tracker import RunTracker, json_text
from local_target.server_watch import ServerWatch
from local_target.task_process import TaskProcess
from telltale import ids
from telltale.claims import ClaimReader
from telltale.encoding import Fact, LogPiece, Point, clean_text, now_us
from telltale.sender import Sender
from telltale.shower import deliver_left
from telltale.stdout_parser import Metric, StdoutParser

_logger = logging.getLogger("telltale")
STOP_GRACE_S = 5.0
# Output waiting for the sender beyond this makes the task's writes wait: its pipe fills up.
_QUEUE_ITEMS = 4_096
# What a task that was killed had shown is sent for it; a server that is away gets it later.
_SHOWN_WAIT_S = 3.0


class Settings(NamedTuple):
    url: str
    run_key: str
    directory: str  # the run's own: artifacts, logs of the runner
    nice: int


class LocalRun(kfp_adapter.Observer):
    def __init__(self, pipeline: CompiledPipeline, settings: Settings, sender: Sender) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._sender = sender
        self._tracker = RunTracker(sender)
        self._graph = PipelineGraph(pipeline.spec)
        self._lock = threading.Lock()
        self._processes: Dict[str, TaskProcess] = {}
        self._cancelled = threading.Event()
        self._messages: Dict[str, str] = {}  # task -> why its last attempt failed
        self._attempts_max: Dict[str, int] = {}

    # --- the run

    def execute(self, arguments: Dict[str, Any]) -> str:
        """Runs the pipeline; its final state."""
        shown = with_defaults(self._pipeline, arguments)
        parameters = {clean_text(name): json_text(value) for name, value in shown.items()}
        self._tracker.run_state(
            state="RUNNING",
            name=self._pipeline.name,
            pipeline=self._pipeline.name,
            source="local",
            started_at_us=now_us(),
            parameters=parameters,
            launch={"pipeline_file": self._pipeline.file, "working_directory": os.getcwd()},
        )
        self._tracker.add_tasks(self._graph.tasks(shown))
        settings = self._settings
        watch = ServerWatch(settings.url, settings.run_key, self._tracker.heartbeat, self.cancel)
        watch.start()
        error: Optional[str] = None
        try:
            kfp_adapter.run(self._pipeline.message, arguments, self._settings.directory, self)
        except Exception as exception:
            _logger.info("the pipeline ended with: %s", exception)
            error = " ".join(str(exception).split()) or type(exception).__name__
        finally:
            watch.stop()
        return self._end(error)

    def _end(self, error: Optional[str]) -> str:
        cause = self._tracker.first_failure()
        if self._cancelled.is_set():
            state, message = "CANCELLED", "Cancelled on request."
            self._tracker.end_all("CANCELLED", "The run was cancelled.")
        elif error is not None:
            state, message = "FAILED", cause or error
            self._tracker.end_all("SKIPPED", cause or "The run ended before it.")
        else:
            state, message = "SUCCEEDED", ""
            self._tracker.end_all("SKIPPED", "The run ended without it.")
        self._tracker.run_state(state=state, message=clean_text(message), finished_at_us=now_us())
        return state

    def cancel(self) -> None:
        """Ends what runs and starts nothing more. Any thread; again does nothing."""
        with self._lock:
            if self._cancelled.is_set():
                return
            self._cancelled.set()
            processes = list(self._processes.values())
        for process in processes:
            process.stop(STOP_GRACE_S)

    def kill(self) -> None:
        """Cancels without patience."""
        self.cancel()
        with self._lock:
            processes = list(self._processes.values())
        for process in processes:
            process.stop(0.0)

    # --- what kfp.local is about to do

    def group_started(self, path: str) -> None:
        if self._tracker.state(path) == "PENDING":
            self._tracker.set_state(path, "RUNNING")

    def group_ended(self, path: str, error: Optional[str]) -> None:
        if self._cancelled.is_set():
            self._tracker.end_unstarted(path, "CANCELLED", "The run was cancelled.")
        elif error is None:
            self._tracker.set_state(path, "SUCCEEDED")
        else:
            inside = self._tracker.failed_names([path])
            why = error or f"{inside} failed"
            for other in self._tracker.below(path):
                if self._tracker.state(other) == "PENDING":
                    self._tracker.end_unstarted(other, "SKIPPED", why)
            self._tracker.set_state(path, "FAILED", why)

    def loop_items(self, path: str, component: str, item_input: str, items: List[Any]) -> None:
        tasks = self._graph.iterations(path, component, items, item_input)
        # What was foreseen and doesn't come.
        actual = {join(path, str(index)) for index in range(len(items))}
        depth = path.count("/") + 2
        gone = [
            other
            for other in self._tracker.below(path)
            if "/".join(other.split("/")[:depth]) not in actual
        ]
        self._tracker.add_tasks(tasks, gone)

    def task_started(self, path: str, inputs: Mapping[str, Any], attempts_max: int) -> bool:
        if self._cancelled.is_set():
            self._tracker.end_unstarted(path, "CANCELLED", "The run was cancelled.")
            return False
        parameters, artifacts = kfp_adapter.split_values(inputs)
        self._attempts_max[path] = attempts_max
        fields: Dict[str, Any] = {"attempt": 1, "attempts_max": attempts_max}
        self._tracker.set_state(path, "RUNNING", inputs=parameters, **fields)
        for name, artifact in artifacts:
            self._tracker.artifact(path, name, kfp_adapter.artifact_fields(artifact), True)
        return True

    def task_ended(self, path: str, outputs: Mapping[str, Any], error: Optional[str]) -> None:
        parameters, artifacts = kfp_adapter.split_values(outputs)
        for name, artifact in artifacts:
            self._tracker.artifact(path, name, kfp_adapter.artifact_fields(artifact), False)
        message = self._messages.pop(path, "")
        if error is None:
            self._tracker.set_state(path, "SUCCEEDED", outputs=parameters)
        elif self._cancelled.is_set():
            self._tracker.set_state(path, "CANCELLED", "The run was cancelled.")
        else:
            self._tracker.set_state(path, "FAILED", error or message)

    def condition_false(self, path: str, condition: str) -> None:
        self._tracker.end_unstarted(path, "SKIPPED", f"Its condition is false: {condition}")

    def upstream_failed(self, path: str, failed: List[str]) -> None:
        if self._cancelled.is_set():
            self._tracker.end_unstarted(path, "CANCELLED", "The run was cancelled.")
        elif self._tracker.state(path) == "PENDING":
            names = self._tracker.failed_names(failed)
            self._tracker.end_unstarted(path, "SKIPPED", f"{names} failed")

    def pause(self, seconds: float) -> None:
        self._cancelled.wait(seconds)

    # --- one attempt

    def run_attempt(self, path: str, attempt: int, command: List[str], env: Dict[str, str]) -> int:
        attempts_max = self._attempts_max.get(path, 1)
        fields: Dict[str, Any] = {"attempt": attempt, "attempts_max": attempts_max}
        if self._cancelled.is_set():
            return 1
        if attempt > 1:
            self._tracker.set_state(path, "RUNNING", **fields)
        output = _Output(self._sender, path, attempt, self._claims_file(path, attempt))
        try:
            with OutputWatch(command, lambda name, made: self._made(path, name, made)):
                code = self._run_command(path, command, env, output)
        except OSError as error:
            output.write(f"This task can't be started: {error}\n".encode("utf-8", "replace"))
            code = 127
        output.close()
        self._sender.adopt_abandoned()
        deliver_left(self._settings.url, self._sender.spool_root, _SHOWN_WAIT_S)
        if code != 0:
            self._messages[path] = failure.sentence(code, output.tail())
            if attempt < attempts_max and not self._cancelled.is_set():
                self._tracker.set_state(path, "RETRYING", self._messages[path], **fields)
        return code

    def _made(self, path: str, name: str, artifact: Mapping[str, Any]) -> None:
        self._tracker.artifact(path, name, artifact, False)

    def _run_command(
        self, path: str, command: List[str], env: Dict[str, str], output: "_Output"
    ) -> int:
        install, command = installs.split_command(command)
        absent = installs.missing(install)
        full_env = self._environment(path, env, output.claims_path)
        if absent.requirements:
            directory = os.path.join(_overlay_root(), absent.directory_name())
            code = self._install(path, absent, directory, full_env, output)
            if code != 0:
                return code
            _prepend(full_env, "PYTHONPATH", directory)
        return self._run_process(path, command, full_env, output)

    def _install(
        self,
        path: str,
        absent: installs.Install,
        directory: str,
        env: Dict[str, str],
        output: "_Output",
    ) -> int:
        with installs.locked(directory) as complete:
            if complete:
                return 0
            output.write(f"Installing {' '.join(absent.requirements)}\n".encode())
            code = self._run_process(path, installs.install_command(absent, directory), env, output)
            if code == 0:
                installs.mark_complete(directory)
            else:
                shutil.rmtree(directory, ignore_errors=True)
            return code

    def _run_process(
        self, path: str, command: List[str], env: Dict[str, str], output: "_Output"
    ) -> int:
        with self._lock:
            if self._cancelled.is_set():
                return 1
            process = TaskProcess(command, env, os.getcwd(), self._settings.nice)
            self._processes[path] = process
        try:
            return process.run(output.write)
        finally:
            with self._lock:
                self._processes.pop(path, None)

    def _environment(self, path: str, env: Dict[str, str], claims_path: str) -> Dict[str, str]:
        full = dict(os.environ)
        full.setdefault("PYTHONUNBUFFERED", "1")
        full.update(env)
        full["TELLTALE_URL"] = self._settings.url
        full["TELLTALE_RUN_KEY"] = self._settings.run_key
        full["TELLTALE_TASK_PATH"] = path
        full["TELLTALE_CLAIMS"] = claims_path
        full["TELLTALE_SPOOL_DIR"] = self._sender.spool_root
        # kfp's commands say `python3`: that is this interpreter, and it finds this SDK.
        _prepend(full, "PATH", os.path.dirname(sys.executable))
        _prepend(full, "PYTHONPATH", os.path.dirname(os.path.dirname(telltale.__file__)))
        return full

    def _claims_file(self, path: str, attempt: int) -> str:
        directory = os.path.join(self._settings.directory, "claims")
        os.makedirs(directory, exist_ok=True)
        return os.path.join(directory, f"{ids.task_id(path)}-{attempt}")


class _Output:
    """What one attempt writes: to the log as it is, and through the parser."""

    def __init__(self, sender: Sender, path: str, attempt: int, claims_path: str) -> None:
        self.claims_path = claims_path
        self._sender = sender
        self._path = path
        self._attempt = attempt
        self._offset = 0
        self._tail = bytearray()
        self._parser = StdoutParser(ClaimReader(claims_path))

    def write(self, data: bytes) -> None:
        """Bytes as they come; none when there has been silence for a while."""
        now = now_us()
        if data:
            self._sender.put(LogPiece(self._path, self._attempt, self._offset, data, now))
            self._offset += len(data)
            self._tail += data
            if len(self._tail) > 2 * failure.TAIL_BYTES:
                del self._tail[: -failure.TAIL_BYTES]
        self._tell(self._parser.feed(data, now))
        while self._sender.queued() > _QUEUE_ITEMS:
            self._sender.flush(1.0)

    def close(self) -> None:
        self._tell(self._parser.close(now_us()))

    def tail(self) -> bytes:
        return bytes(self._tail[-failure.TAIL_BYTES :])

    def _tell(self, found: List[Any]) -> None:
        for finding in found:
            if isinstance(finding, Metric):
                self._sender.put(
                    Point(self._path, finding.name, finding.step, finding.time_us, finding.value)
                )
            else:
                body = {
                    "path": self._path,
                    "done": finding.done,
                    "total": finding.total,
                    "unit": clean_text(finding.unit),
                    "note": clean_text(finding.note),
                }
                self._sender.put(Fact("progress", body, finding.time_us))


def new_run_key(pipeline_name: str) -> str:
    return ids.run_key("local", "", pipeline_name, str(uuid.uuid4()))


def data_root() -> str:
    """Where local runs keep their files: TELLTALE_LOCAL_DIR, else the user's data directory."""
    told = os.environ.get("TELLTALE_LOCAL_DIR")
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.abspath(told or os.path.join(home, "telltale", "local"))


def _overlay_root() -> str:
    return os.path.join(data_root(), "packages")


def _prepend(env: Dict[str, str], name: str, value: str) -> None:
    env[name] = os.pathsep.join([value] + [env[name]] * bool(env.get(name)))
