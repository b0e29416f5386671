"""Runs that ended while no server was there, or without a word, and the server that comes back."""

import contextlib
import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from conftest import PYTHON_DIRECTORY, RUN_KEY, free_port
from real_server import Server, await_that, events_of, needs_server
from sink import Sink
from test_real_server import PIPELINE, start

from local_target.leftovers import RunningMark, settle
from local_target.run_tracker import BEFORE_IT_SPOKE
from telltale.sender import Sender

RUN = f"/api/v1/runs/{RUN_KEY}"


@pytest.fixture
def server(tmp_path: Path, python: str) -> Iterator[Server]:
    arguments = ["--python", python, "--python-path", str(PYTHON_DIRECTORY)]
    server = Server(tmp_path / "data", arguments=arguments)
    yield server
    server.kill()


def run_of(server: Server) -> Dict[str, Any]:
    found = server.get(RUN).get("run", {})
    assert isinstance(found, dict)
    return found


def say(server: Server, state: str, version: int) -> None:
    sender = Sender(server.url, RUN_KEY, spool_root=str(server.data / "spool"))
    sender.put_fact("run_state", {"state": state, "version": version})
    sender.close(10)


def children_of(parent: int) -> List[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


@needs_server
def test_the_end_of_a_run_waits_for_the_next_server_at_whichever_address(server: Server) -> None:
    say(server, "RUNNING", 1)
    await_that(lambda: run_of(server).get("state") == "RUNNING")
    server.kill()
    say(server, "SUCCEEDED", 2)
    server.port = free_port()
    server.url = f"http://127.0.0.1:{server.port}"
    server.start()
    await_that(lambda: run_of(server)["state"] == "SUCCEEDED")
    await_that(lambda: os.listdir(server.data / "spool") == [])


@needs_server
def test_a_run_that_was_killed_while_the_server_was_away_has_failed(
    server: Server, environment: Dict[str, str], python: str, tmp_path: Path
) -> None:
    environment["TELLTALE_SPOOL_DIR"] = str(server.data / "spool")
    runner = start(server, environment, python, tmp_path, "sleeps")
    await_that(lambda: run_of(server).get("state") == "RUNNING")
    await_that(lambda: children_of(runner.pid) != [])
    server.kill()
    for pid in [runner.pid, *children_of(runner.pid)]:
        os.kill(pid, signal.SIGKILL)
    runner.wait()
    server.start()
    await_that(lambda: run_of(server)["state"] == "FAILED")
    assert "never said how the run ended" in run_of(server)["message"]
    await_that(lambda: os.listdir(server.data / "spool") == [])


@needs_server
def test_of_a_run_that_said_its_end_nothing_is_said(server: Server) -> None:
    root = str(server.data / "spool")
    say(server, "SUCCEEDED", 1)
    mark = RunningMark(root, RUN_KEY)
    mark.hold()
    mark.let_go()  # killed before it could remove it
    assert settle(server.url, root)
    assert run_of(server)["state"] == "SUCCEEDED"
    assert os.listdir(root) == []


@contextlib.contextmanager
def settling(sink: Sink, root: str, grace_s: float) -> Iterator[List[bool]]:
    """Settles beside the test; afterwards it has."""
    result: List[bool] = []
    thread = threading.Thread(target=lambda: result.append(settle(sink.url, root, grace_s)))
    thread.start()
    try:
        yield result
    finally:
        thread.join()


def test_a_living_run_is_waited_for(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(tmp_path / "spool")
    mark = RunningMark(root, RUN_KEY)
    mark.hold()
    looked = threading.Semaphore(0)
    take = RunningMark.take

    def look(found: RunningMark) -> bool:
        looked.release()
        return take(found)

    monkeypatch.setattr(RunningMark, "take", look)
    with settling(sink, root, 0.0) as result:
        for _ in range(3):
            looked.acquire()
        assert result == []
        mark.remove()
    assert result == [True]
    assert sink.events == []


def leave_mark(root: Path) -> None:
    """As the server does before it starts a run's process."""
    root.mkdir(parents=True, exist_ok=True)
    (root / f"{RUN_KEY}.running").touch(0o600)


def test_a_pending_run_whose_process_never_came_has_failed_after_a_grace(
    sink: Sink, tmp_path: Path
) -> None:
    leave_mark(tmp_path / "spool")
    sink.summaries[RUN_KEY] = {"state": "PENDING"}
    assert settle(sink.url, str(tmp_path / "spool"), grace_s=0.0)
    (end,) = [event["run_state"] for event in sink.of_kind("run_state")]
    assert (end["state"], end["version"]) == ("FAILED", BEFORE_IT_SPOKE)
    assert "before it could start the pipeline" in end["message"]
    assert os.listdir(tmp_path / "spool") == []


def test_a_pending_run_that_comes_within_the_grace_is_left_alone(
    sink: Sink, tmp_path: Path
) -> None:
    root = tmp_path / "spool"
    leave_mark(root)
    sink.summaries[RUN_KEY] = {"state": "PENDING"}
    with settling(sink, str(root), 3600.0):
        sink.wait_for(lambda: sink.asked >= 2)
        mark = RunningMark(str(root), RUN_KEY)
        mark.hold()
        assert mark.take() is False  # by nobody else
        sink.summaries[RUN_KEY] = {"state": "SUCCEEDED"}
        mark.remove()
    assert sink.events == []


def test_a_run_that_the_server_does_not_know_yet_keeps_its_mark(sink: Sink, tmp_path: Path) -> None:
    root = tmp_path / "spool"
    leave_mark(root)
    sink.knows_runs = False
    with settling(sink, str(root), 0.0):
        sink.wait_for(lambda: sink.asked >= 2)
        sink.summaries[RUN_KEY] = {"state": "PENDING"}
        sink.knows_runs = True
    assert [event["run_state"]["state"] for event in sink.of_kind("run_state")] == ["FAILED"]


def script(tmp_path: Path, text: str) -> str:
    file = tmp_path / "python"
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)
    return str(file)


def launch(server: Server, tmp_path: Path, source: str) -> str:
    file = tmp_path / "pipeline.py"
    file.write_text(source)
    request = json.dumps({"pipeline_file": str(file)}).encode()
    status, _, body = server.launch(request)
    assert status == 202, body
    return str(json.loads(body)["run_key"])


@needs_server
def test_a_run_that_was_killed_before_it_started_has_failed(tmp_path: Path, python: str) -> None:
    path = ["--python-path", str(PYTHON_DIRECTORY)]
    never = ["--python", script(tmp_path, "exec sleep 1000"), *path]
    server = Server(tmp_path / "data", arguments=never)
    try:
        key = launch(server, tmp_path, "")
        await_that(lambda: server.run(key).get("state") == "PENDING")
        await_that(lambda: children_of(server.process.pid) != [])
        runner = children_of(server.process.pid)
        server.kill()
        for pid in runner:
            os.kill(pid, signal.SIGKILL)
        server._arguments = ["--python", python, *path]
        server.start()
        await_that(lambda: server.run(key).get("state") == "FAILED")
        assert "before it could start the pipeline" in server.run(key)["message"]
    finally:
        server.kill()


@needs_server
def test_why_a_run_was_refused_stays_its_reason(server: Server, tmp_path: Path) -> None:
    key = launch(server, tmp_path, "")
    await_that(lambda: server.run(key).get("state") == "FAILED")
    # The server knows that the process ended, and what it says of that is in the log.
    await_that(lambda: children_of(server.process.pid) == [])
    server.tell(*events_of("run_state", {"name": "renamed"}, key=key))
    await_that(lambda: server.run(key)["name"] == "renamed")
    assert "has no pipeline: decorate a function" in server.run(key)["message"]
    assert server.run(key)["state"] == "FAILED"


@needs_server
@pytest.mark.parametrize("ending", ["exit 1", "exit 2", "exit 7", "kill -9 $$"])
def test_of_a_process_that_could_not_even_begin_the_server_speaks(
    tmp_path: Path, ending: str
) -> None:
    arguments = ["--python", script(tmp_path, f"echo No module named local_target\n{ending}")]
    server = Server(tmp_path / "data", arguments=arguments)
    try:
        key = launch(server, tmp_path, "")
        await_that(lambda: server.run(key).get("state") == "FAILED")
        assert "No module named local_target" in server.run(key)["message"]
    finally:
        server.kill()


def test_an_error_of_the_runner_itself_is_the_end_of_its_run(
    sink: Sink, environment: Dict[str, str], python: str, tmp_path: Path
) -> None:
    (tmp_path / "in the way").write_text("")
    environment["TELLTALE_LOCAL_DIR"] = str(tmp_path / "in the way" / "local")
    file = tmp_path / "pipeline.py"
    file.write_text(PIPELINE)
    command = [python, "-m", "local_target", "run", str(file), "--run-key", RUN_KEY]
    done = subprocess.run([*command, "--pipeline", "sleeps"], check=False, env=environment)
    assert done.returncode == 1
    end = sink.of_kind("run_state")[-1]["run_state"]
    assert end["state"] == "FAILED" and "NotADirectoryError" in end["message"]
    assert os.listdir(tmp_path / "spool") == []
