"""The Python parts against the real server: build/telltale, or what TELLTALE_BINARY names.

Where there is neither, these tests are left out, saying so.
"""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from conftest import RUN_KEY, free_port

from telltale import ids
from telltale.encoding import Point
from telltale.sender import Sender

BUILT = Path(__file__).resolve().parents[2] / "build" / "telltale"
BINARY = os.environ.get("TELLTALE_BINARY") or (str(BUILT) if BUILT.exists() else "")
pytestmark = pytest.mark.skipif(
    not BINARY, reason="there is no build/telltale (make build), and TELLTALE_BINARY names no other"
)

PIPELINE = """
from kfp import dsl
@dsl.component(base_image="python:3.11")
def train() -> float:
    import telltale
    for step in range(50):
        telltale.log_metric("loss", 1 / (step + 1), step=step)
    telltale.log_metric("odd", float("nan"), step=1)
    print("accuracy=0.75")
    return 0.75
@dsl.component(base_image="python:3.11")
def bad(x: float):
    raise ValueError("on purpose")
@dsl.component(base_image="python:3.11")
def after():
    pass
@dsl.component(base_image="python:3.11")
def sleep():
    import time
    print("asleep=1", flush=True)
    time.sleep(1000)
@dsl.pipeline
def fails():
    with dsl.ParallelFor(["a", "b"]):
        after()
    after().after(bad(x=train().output))
@dsl.pipeline
def sleeps():
    sleep()
"""


class Server:
    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        listen = f"127.0.0.1:{self._port}"
        command = [BINARY, "serve", "--listen", listen, "--data", str(self._data)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        await_that(self.is_ready)

    def is_ready(self) -> bool:
        assert self._process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        return body if path.endswith("/log") else json.loads(body)

    def post(self, path: str) -> int:
        request = urllib.request.Request(self.url + path, data=b"{}", method="POST")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)

    def run(self) -> Dict[str, Any]:
        found: Dict[str, Any] = self.get(f"/api/v1/runs/{RUN_KEY}").get("run", {})
        return found

    def tasks(self) -> Dict[str, Dict[str, Any]]:
        view = self.get(f"/api/v1/runs/{RUN_KEY}")
        return {task["path"]: task for task in view.get("tasks", [])}


def await_that(condition: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    server.kill()


def start(
    server: Server, environment: Dict[str, str], python: str, tmp_path: Path, pipeline: str
) -> "subprocess.Popen[bytes]":
    file = tmp_path / "pipeline.py"
    file.write_text(PIPELINE)
    command: List[str] = [python, "-m", "local_target", "run", str(file), "--run-key", RUN_KEY]
    command += ["--url", server.url, "--pipeline", pipeline]
    return subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)


def test_a_local_run_is_seen(
    server: Server, environment: Dict[str, str], python: str, tmp_path: Path
) -> None:
    assert start(server, environment, python, tmp_path, "fails").wait(240) == 1
    states = {path: task["state"] for path, task in server.tasks().items()}
    assert states["train"] == "SUCCEEDED"
    assert states["bad"] == "FAILED"
    assert states["after-2"] == "SKIPPED"
    assert sorted(set(states.values())) == ["FAILED", "SKIPPED", "SUCCEEDED"]
    run = server.run()
    assert run["state"] == "FAILED"
    assert "ValueError: on purpose" in run["message"]
    base = f"/api/v1/runs/{RUN_KEY}"
    loss = server.get(f"{base}/metrics/{ids.series_id('train', 'loss')}")
    assert [int(step) for step in loss["step"]] == list(range(50))
    odd = server.get(f"{base}/metrics/{ids.series_id('train', 'odd')}")
    assert odd["value"] == ["NaN"]
    printed = server.get(f"{base}/metrics/{ids.series_id('train', 'accuracy')}")
    assert printed["value"] == [0.75]
    assert b"accuracy=0.75\n" in server.get(f"{base}/tasks/{ids.task_id('train')}/log")
    assert server.get("/api/v1/rejected")["total"] in (0, "0")


def test_cancel_reaches_the_run(
    server: Server, environment: Dict[str, str], python: str, tmp_path: Path
) -> None:
    process = start(server, environment, python, tmp_path, "sleeps")
    await_that(lambda: server.tasks().get("sleep", {}).get("state") == "RUNNING")
    assert server.post(f"/api/v1/runs/{RUN_KEY}/cancel") == 202
    assert process.wait(120) == 1
    assert server.tasks()["sleep"]["state"] == "CANCELLED"
    assert server.run()["state"] == "CANCELLED"


def test_kill_9_in_the_middle_loses_and_repeats_nothing(server: Server, tmp_path: Path) -> None:
    sender = Sender(server.url, RUN_KEY, str(tmp_path / "spool"))
    for step in range(3000):
        sender.put(Point("train", "loss", step, 1, float(step)))
        if step % 100 == 0:
            sender.flush(30)
        if step == 1500:
            server.kill()
        if step == 2000:
            server.start()
    assert sender.close(60, patient=True)
    series = server.get(f"/api/v1/runs/{RUN_KEY}/metrics/{ids.series_id('train', 'loss')}")
    assert [int(step) for step in series["step"]] == list(range(3000))
