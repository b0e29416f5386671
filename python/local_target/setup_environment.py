#!/usr/bin/env python3
"""Makes the Python environment that pipelines run in, and shows itself doing so as a run.

    python3 python/local_target/setup_environment.py .venv [--url http://127.0.0.1:8080]

Needs nothing but Python's standard library (with venv). Does nothing when the environment is what
the requirements ask for. Everything comes from PyPI, as pip is configured. Works without a server.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import threading
import time
import uuid
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

_PYTHON_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    # Started as a file: the modules beside it are a package's.
    sys.path[0] = _PYTHON_DIRECTORY

from local_target import failure
from local_target.run_tracker import RunTracker
from local_target.task_process import TaskProcess
from telltale import ids
from telltale.encoding import LogPiece, now_us
from telltale.sender import Sender

RUN_NAME = "Set up Python"
_STAMP_FILE = "telltale-setup"
_REQUIREMENTS = os.path.join(_PYTHON_DIRECTORY, "requirements.txt")
# Raised when an environment made before must be made again though the requirements are the same.
_LAYOUT = "1"
_EXPECTED_S = {
    "install uv": 10,
    "create environment": 2,
    "install kfp": 25,
    "install scikit-learn": 20,
    "install matplotlib": 4,
}
_EXPECTED_OTHER_S = 5
_TOLD_EVERY_S = 5.0


class Step(NamedTuple):
    name: str
    commands: List[List[str]]
    finish: Optional[Callable[[], None]] = None


class SetupFailed(Exception):
    pass


def requirements(path: str) -> List[str]:
    with open(path, encoding="utf-8") as file:
        lines = [line.split("#")[0].strip() for line in file]
    return [line for line in lines if line]


def stamp_of(wanted: List[str]) -> str:
    text = "\n".join([_LAYOUT, sys.version, _PYTHON_DIRECTORY, *wanted])
    return hashlib.sha256(text.encode()).hexdigest()


def steps(environment: str, requirements_file: str) -> List[Step]:
    wanted = requirements(requirements_file)
    bootstrap = environment + ".bootstrap"
    uv = os.path.join(bootstrap, "bin", "uv")
    python = os.path.join(environment, "bin", "python")
    uv_wanted = next((line for line in wanted if line.split("==")[0] == "uv"), "uv")
    pip = [os.path.join(bootstrap, "bin", "python"), "-m", "pip", "--disable-pip-version-check"]
    found = [
        Step(
            "install uv",
            [
                [sys.executable, "-m", "venv", "--clear", bootstrap],
                [*pip, "install", "--progress-bar", "off", uv_wanted],
            ],
        ),
        Step(
            "create environment",
            [[uv, "venv", "--clear", "--python", sys.executable, environment]],
            lambda: _link(environment),
        ),
    ]
    install = [uv, "pip", "install", "--python", python, "--constraint", requirements_file]
    for line in wanted:
        name = line.split("==")[0].split("[")[0].strip()
        found.append(
            Step(f"install {name}" if name != "uv" else "install uv beside it", [[*install, line]])
        )
    return found


def _link(environment: str) -> None:
    """Lets the environment find `telltale` and `local_target` where they are."""
    library = os.path.join(environment, "lib")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    path = os.path.join(library, version, "site-packages", "telltale.pth")
    with open(path, "w", encoding="utf-8") as file:
        file.write(_PYTHON_DIRECTORY + "\n")


class Setup:
    def __init__(self, sender: Optional[Sender]) -> None:
        self._sender = sender
        self._tracker = RunTracker(sender) if sender is not None else None
        self._over = threading.Event()

    def run(self, todo: List[Step]) -> None:
        """Does the steps in order. Raises SetupFailed with a sentence."""
        if self._tracker is not None:
            self._tracker.run_state(
                state="RUNNING",
                name=RUN_NAME,
                pipeline=RUN_NAME,
                source="setup",
                started_at_us=now_us(),
            )
            before: List[str] = []
            for step in todo:
                task = {"path": step.name, "name": step.name, "parent": "", "kind": "TASK"}
                self._tracker.add_tasks([{**task, "depends_on": before}])
                before = [step.name]
            threading.Thread(target=self._beat, daemon=True).start()
        try:
            for step in todo:
                self._do(step)
        except SetupFailed as error:
            self._end("FAILED", str(error))
            raise
        except BaseException:
            self._end("CANCELLED", "The set-up was interrupted.")
            raise
        self._end("SUCCEEDED", "")

    def _beat(self) -> None:
        while self._tracker is not None and not self._over.wait(1.0):
            self._tracker.heartbeat()

    def _end(self, state: str, message: str) -> None:
        self._over.set()
        if self._tracker is not None:
            rest = "SKIPPED" if state == "FAILED" else state
            self._tracker.end_all(rest, message)
            self._tracker.run_state(state=state, message=message, finished_at_us=now_us())

    def _state(self, step: Step, state: str, message: str = "") -> None:
        if self._tracker is not None:
            self._tracker.set_state(step.name, state, message)

    def _do(self, step: Step) -> None:
        output = _StepOutput(step.name, self._sender)
        self._state(step, "RUNNING")
        output.tell()
        with output.telling():
            for command in step.commands:
                output.write(f"$ {' '.join(command)}\n".encode())
                code = self._command(command, output)
                if code != 0:
                    why = failure.sentence(code, bytes(output.tail))
                    self._state(step, "FAILED", why)
                    sys.stderr.write(output.tail[-4000:].decode("utf-8", "replace"))
                    raise SetupFailed(f"{step.name} failed: {why}")
            if step.finish is not None:
                step.finish()
        output.tell()
        self._state(step, "SUCCEEDED")

    def _command(self, command: List[str], output: "_StepOutput") -> int:
        env: Dict[str, str] = dict(os.environ, PYTHONUNBUFFERED="1")
        try:
            process = TaskProcess(command, env, os.getcwd(), nice=0)
        except OSError as error:
            output.write(f"{error}\n".encode("utf-8", "replace"))
            return 127
        try:
            return process.run(output.write)
        except BaseException:
            process.stop(0.0)
            raise


class _StepOutput:
    """A step's log, and its line in the terminal."""

    def __init__(self, name: str, sender: Optional[Sender]) -> None:
        self.tail = bytearray()
        self._name = name
        self._sender = sender
        self._offset = 0
        self._started = time.monotonic()

    def write(self, data: bytes) -> None:
        if not data:
            return
        if self._sender is not None:
            self._sender.put(LogPiece(self._name, 1, self._offset, data, now_us()))
        self._offset += len(data)
        self.tail += data
        del self.tail[: -failure.TAIL_BYTES]

    def tell(self) -> None:
        elapsed_s = time.monotonic() - self._started
        expected_s = _EXPECTED_S.get(self._name, _EXPECTED_OTHER_S)
        print(f"[{self._name}] {elapsed_s:.0f} s / {expected_s} s", flush=True)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        over = threading.Event()

        def keep_telling() -> None:
            while not over.wait(_TOLD_EVERY_S):
                self.tell()

        threading.Thread(target=keep_telling, daemon=True).start()
        try:
            yield
        finally:
            over.set()


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("environment", help="where the environment goes")
    parser.add_argument(
        "--url", default=os.environ.get("TELLTALE_URL", ""), help="the Telltale server"
    )
    parser.add_argument("--requirements", default=_REQUIREMENTS)
    options = parser.parse_args(argv)
    environment = os.path.abspath(options.environment)
    os.makedirs(os.path.dirname(environment), exist_ok=True)
    name = hashlib.sha256(environment.encode()).hexdigest()[:16]
    lock_file = os.path.join(tempfile.gettempdir(), f"telltale-setup-{os.getuid()}-{name}.lock")
    with open(lock_file, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _set_up(environment, options)


def _set_up(environment: str, options: argparse.Namespace) -> int:
    stamp = stamp_of(requirements(options.requirements))
    stamp_file = os.path.join(environment, _STAMP_FILE)
    if _read(stamp_file) == stamp:
        print(f"[{RUN_NAME}] {environment} is up to date")
        return 0
    sender: Optional[Sender] = None
    if options.url:
        key = ids.run_key("setup", "", RUN_NAME, str(uuid.uuid4()))
        sender = Sender(options.url, key)
    try:
        Setup(sender).run(steps(environment, os.path.abspath(options.requirements)))
    except SetupFailed as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if sender is not None:
            sender.close(3.0)
    with open(stamp_file, "w", encoding="ascii") as file:
        file.write(stamp)
    shutil.rmtree(environment + ".bootstrap", ignore_errors=True)
    return 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
