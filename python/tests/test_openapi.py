"""The document at /api/v1/openapi.json against the server that serves it: schemathesis sends what
the document allows and what it does not, and finds nothing that it does not tell."""

import base64
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from conftest import RUN_KEY
from real_server import Server, events_of, needs_server

pytestmark = needs_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    # So that there is something to be found at most paths.
    log = {"path": "train", "data": base64.b64encode(b"hello\n").decode()}
    assert server.tell(*events_of("log_bytes", log))[0] == 200
    points = {"path": "train", "name": "loss", "value": [1, 2, 3]}
    assert server.tell(*events_of("metric_points", points))[0] == 200
    assert server.run(RUN_KEY)
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "run", f"{server.url}/api/v1/openapi.json"]
    command += ["--seed", "7", "--max-examples", "20", "--no-color", "--generation-database=none"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout.decode()
