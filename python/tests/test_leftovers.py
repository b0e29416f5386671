"""Runs that ended while no server was there, or without a word, and the server that comes back."""

import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from conftest import PYTHON_DIRECTORY, RUN_KEY, free_port
from real_server import Server, await_that, needs_server
from sink import Sink
from test_real_server import start

from local_target.leftovers import RunningMark, settle
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


def test_a_living_run_is_waited_for(sink: Sink, tmp_path: Path) -> None:
    root = str(tmp_path / "spool")
    mark = RunningMark(root, RUN_KEY)
    mark.hold()
    result = []
    settling = threading.Thread(target=lambda: result.append(settle(sink.url, root)))
    settling.start()
    settling.join(1.5)  # longer than it looks once
    assert settling.is_alive()
    mark.remove()
    settling.join()
    assert result == [True]
    assert sink.events == []
