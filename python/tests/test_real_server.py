"""The Python parts against the real server. Where it isn't built, these tests are left out."""

import json
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from conftest import PYTHON_DIRECTORY, RUN_KEY
from real_server import Server, await_that, needs_server

from telltale import ids
from telltale.encoding import Point
from telltale.sender import Sender

pytestmark = needs_server

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


def test_one_of_several_pipelines_is_named(
    tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLTALE_PYTHON", python)
    monkeypatch.setenv("TELLTALE_PYTHON_PATH", str(PYTHON_DIRECTORY))
    file = tmp_path / "pipeline.py"
    file.write_text(PIPELINE)
    server = Server(tmp_path / "data")

    def launch(**request: str) -> str:
        status, _, body = server.launch(json.dumps(request).encode())
        assert status == 202, body
        return str(json.loads(body)["run_key"])

    def sleeps_until_cancelled(key: str) -> None:
        await_that(lambda: server.get(f"/api/v1/runs/{key}").get("tasks", []) != [])
        assert server.run(key)["pipeline"] == "sleeps"
        assert server.post(f"/api/v1/runs/{key}/cancel") == 202
        await_that(lambda: server.run(key)["state"] == "CANCELLED")

    try:
        unnamed = launch(pipeline_file=str(file))
        await_that(lambda: server.run(unnamed)["state"] == "FAILED")
        assert "2 pipelines (fails, sleeps)" in server.run(unnamed)["message"]
        named = launch(pipeline_file=str(file), pipeline="sleeps")
        sleeps_until_cancelled(named)
        sleeps_until_cancelled(launch(again=named))
    finally:
        server.kill()


def test_a_run_reports_with_the_servers_token(
    tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLTALE_PYTHON", python)
    monkeypatch.setenv("TELLTALE_PYTHON_PATH", str(PYTHON_DIRECTORY))
    tokens = tmp_path / "tokens"
    tokens.write_text("fedcba9876543210 grafana read\n0123456789abcdef\n")
    file = tmp_path / "pipeline.py"
    file.write_text("")
    server = Server(tmp_path / "data", arguments=["--token-file", str(tokens)])
    bearer = {"Authorization": "Bearer 0123456789abcdef", "Content-Type": "application/json"}
    try:
        request = json.dumps({"pipeline_file": str(file)}).encode()
        assert server.ask("/api/v1/runs", request)[0] == 401
        assert server.ask("/api/v1/runs")[0] == 401
        reads = {**bearer, "Authorization": "Bearer fedcba9876543210"}
        assert server.ask("/api/v1/runs", headers=reads)[0] == 200
        assert server.ask("/api/v1/runs", request, reads)[0] == 403
        key = json.loads(server.ask("/api/v1/runs", request, bearer)[2])["run_key"]
        path = f"/api/v1/runs/{key}"

        def message() -> str:
            return str(json.loads(server.ask(path, headers=bearer)[2])["run"].get("message"))

        # What only the run's own process can say.
        await_that(lambda: "has no pipeline" in message())
    finally:
        server.kill()
