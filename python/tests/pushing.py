"""A developer's repository, with git's real client, for tests that push."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import pytest
from conftest import PYTHON_DIRECTORY
from real_server import Server, await_that

IDENTITY = {
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.org",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}

PIPELINE = """
from kfp import dsl

@dsl.component
def train(epochs: int) -> float:
    for epoch in range(epochs):
        print(f"loss={1 / (epoch + 1)}")
    return 0.5

@dsl.pipeline
def demo(epochs: int = 2):
    train(epochs=epochs)
"""


class Repository:
    """A developer's own, with git's real client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, works: Optional[bool] = True) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **IDENTITY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace")
        assert works is None or (done.returncode == 0) == works, said
        return said

    def begin(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """In the background, in a session of its own."""
        return subprocess.Popen(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **IDENTITY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD").strip()


def address(server: Server, project: str = "demo", token: str = "") -> str:
    token = token or (server.data / "token").read_text().strip()
    return f"http://telltale:{token}@127.0.0.1:{server.port}/git/{project}.git"


def delivering_server(
    tmp_path: Path,
    python: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str] = (),
    program: Path = PYTHON_DIRECTORY,
) -> Iterator[Server]:
    """For a fixture: one whose deliveries have all ended when it is left."""
    monkeypatch.setenv("TELLTALE_PYTHON", python)
    monkeypatch.setenv("TELLTALE_PYTHON_PATH", str(program))
    monkeypatch.setenv("TELLTALE_LOCAL_DIR", str(tmp_path / "local"))
    for name in ("TELLTALE_TOKEN", "TELLTALE_TOKEN_FILE", "TELLTALE_URL"):
        monkeypatch.delenv(name, raising=False)
    server = Server(tmp_path / "data", arguments=arguments)
    yield server
    for record in records(server):
        if not record["state"]:
            server.post(f"/api/v1/runs/{record['key']}/cancel")
    await_that(lambda: all(record["state"] for record in records(server)))
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()
    end_processes_of(server)


def delivery_processes(server: Server) -> List[int]:
    """Those that work on its deliveries."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{server.data}/deliveries/".encode() in command:
            found.append(int(folder.name))
    return found


def end_processes_of(server: Server) -> None:
    """What was started with the server's folder: it would wait an hour for the next server."""
    for process in delivery_processes(server):
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process, signal.SIGKILL)


def records(server: Server) -> List[Dict[str, Any]]:
    """What is kept of each delivery, oldest first."""
    found = [json.loads(f.read_text()) for f in server.data.glob("deliveries/*/record.json")]
    return sorted(found, key=lambda record: int(record["pushed_at_us"]))


def ended(server: Server, key: str) -> Dict[str, Any]:
    """The delivery's run and tasks, once the server knows that it has ended."""

    def state() -> str:
        run = server.get(f"/api/v1/runs/{key}").get("run", {})
        return str(run.get("state"))

    await_that(lambda: state() in ("SUCCEEDED", "FAILED", "CANCELLED"))
    view: Dict[str, Any] = server.get(f"/api/v1/runs/{key}")
    return view
