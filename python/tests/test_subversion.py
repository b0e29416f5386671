"""`telltale push --svn` and a post-commit hook, with Debian's svnserve and svn."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from conftest import free_port
from pushing import PIPELINE, delivering_server, ended, records
from real_server import BINARY, Server, await_that, needs_server

needs_svn = pytest.mark.skipif(
    shutil.which("svnserve") is None and os.environ.get("COMPONENTS") != "all",
    reason="there is no svnserve (COMPONENTS=all installs Debian's subversion)",
)
pytestmark = [needs_server, needs_svn]


def svn(*arguments: str) -> None:
    subprocess.run(["svn", *arguments, "--quiet", "--non-interactive"], check=True)


@pytest.fixture
def server(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    yield from delivering_server(tmp_path, python, monkeypatch)


class Svn:
    def __init__(self, folder: Path, port: int) -> None:
        self.store = folder / "svn" / "demo"
        self.work = folder / "work"
        self.url = f"svn://127.0.0.1:{port}/demo"

    def commit(self, message: str, **files: str) -> None:
        for name, text in files.items():
            (self.work / "trunk" / name.replace("__", ".")).write_text(text)
        svn("add", "--force", str(self.work / "trunk"))
        svn("commit", "--message", message, str(self.work))
        svn("update", str(self.work))


@pytest.fixture
def subversion(tmp_path: Path) -> Iterator[Svn]:
    port = free_port()
    made = Svn(tmp_path, port)
    made.store.parent.mkdir()
    subprocess.run(["svnadmin", "create", str(made.store)], check=True)
    (made.store / "conf" / "svnserve.conf").write_text(
        "[general]\nanon-access = write\nauth-access = write\n"
    )
    command = ["svnserve", "--daemon", "--foreground", "--root", str(made.store.parent)]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    with subprocess.Popen(command) as process:
        ask = ["svn", "info", "--non-interactive", made.url]
        await_that(lambda: subprocess.run(ask, capture_output=True, check=False).returncode == 0)
        svn("mkdir", "--message", "layout", f"{made.url}/trunk", f"{made.url}/branches")
        svn("checkout", made.url, str(made.work))
        yield made
        process.terminate()


def push(server: Server, *arguments: str, works: bool = True) -> str:
    done = subprocess.run(
        [BINARY, "push", "--url", server.url, *arguments],
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=240,
        check=False,
    )
    said = done.stdout.decode()
    assert (done.returncode == 0) == works, said
    return said


def test_a_revision_of_subversion_is_delivered(server: Server, subversion: Svn) -> None:
    subversion.commit("the first", pipeline__py=PIPELINE)
    svn("propset", "svn:externals", "^/branches outside", str(subversion.work / "trunk"))
    subversion.commit("an external")
    said = push(server, "--svn", f"{subversion.url}/trunk@2", "-o", "wait", "-o", "run.epochs=1")
    assert "The run has succeeded." in said
    record = records(server)[0]
    assert (record["project"], record["ref"]) == ("demo", "refs/heads/main")
    first = ended(server, record["key"])
    outputs = next(task["outputs"] for task in first["tasks"] if task["path"] == "receive")
    assert outputs["author"] == '"svn"'  # svnserve lets anybody write here, without a name
    subversion.commit("the second", notes__txt="more\n")
    said = push(server, "--svn", f"{subversion.url}/trunk@HEAD")
    assert "the second" in said
    later = records(server)[1]
    assert later["before"] == record["revision"]
    source = server.data / "deliveries" / later["key"] / "source"
    assert (source / "notes.txt").exists()
    assert not (source / "outside").exists()
    assert "nothing changed" in push(server, "--svn", f"{subversion.url}/trunk@HEAD")
    assert len(records(server)) == 2


@pytest.mark.parametrize(
    "place", ["--help@1", "trunk@1", "svn://127.0.0.1/demo", "svn://127.0.0.1/demo@x", "ext::sh@1"]
)
def test_what_is_no_place_of_subversion_is_refused(server: Server, place: str) -> None:
    assert "is no URL@REVISION" in push(server, f"--svn={place}", works=False)
    assert not records(server)


def test_what_subversion_refuses_is_told(server: Server, subversion: Svn) -> None:
    assert "E" in push(server, "--svn", f"{subversion.url}/nothing@1", works=False)
    assert not records(server)


def test_a_hook_of_one_line_delivers_each_commit(server: Server, subversion: Svn) -> None:
    hook = subversion.store / "hooks" / "post-commit"
    token = server.data / "token"
    python = f"TELLTALE_PYTHON={sys.executable} TELLTALE_TOKEN_FILE={token}"
    hook.write_text(
        f'#!/bin/sh\n{python} {BINARY} push --svn "file://$1/trunk@$2" --url {server.url} &\n'
    )
    hook.chmod(0o755)
    subversion.commit("by a hook", pipeline__py=PIPELINE)
    await_that(lambda: len(records(server)) == 1)
    record = records(server)[0]
    assert record["project"] == "demo"
    assert ended(server, record["key"])["run"]["state"] == "SUCCEEDED"
