"""Pushing, fetching and cloning with the real git: what arrives, who may, what is refused."""

import base64
import contextlib
import gzip
import os
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from pushing import Repository, address
from real_server import Server, await_that, needs_server

pytestmark = needs_server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    # No delivery is started where there are no hooks.
    hooks = tmp_path / "nothing"
    hooks.mkdir()
    monkeypatch.setenv("TELLTALE_PYTHON_PATH", str(hooks))
    for name in ("TELLTALE_TOKEN", "TELLTALE_TOKEN_FILE", "TELLTALE_URL"):
        monkeypatch.delenv(name, raising=False)
    server = Server(tmp_path / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


def test_what_is_pushed_can_be_cloned(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    revision = repository.commit(pipeline__py="print(1)\n")
    repository.git("push", address(server), "main")
    second = repository.commit(pipeline__py="print(2)\n")
    repository.git("push", address(server), "main")
    assert revision != second
    clone = Repository(tmp_path / "another")
    clone.git("pull", address(server), "main")
    assert (clone.folder / "pipeline.py").read_text() == "print(2)\n"
    third = clone.commit(pipeline__py="print(3)\n")
    clone.git("push", address(server), "main")
    repository.git("fetch", address(server), "main")
    assert repository.git("rev-parse", "FETCH_HEAD").strip() == third


def test_a_large_push_comes_in_pieces(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    # Past http.postBuffer git sends it chunked, and asks first whether it may.
    (repository.folder / "data.bin").write_bytes(os.urandom(5_000_000))
    revision = repository.commit()
    repository.git("push", address(server), "main")
    clone = Repository(tmp_path / "another")
    clone.git("fetch", address(server), "main")
    assert clone.git("rev-parse", "FETCH_HEAD").strip() == revision


def test_a_long_list_of_commits_to_fetch_comes_as_gzip(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(a="1")
    repository.git("push", address(server), "main")
    clone = Repository(tmp_path / "another")
    clone.git("pull", address(server), "main")
    for number in range(40):  # "have" lines: git compresses a request of more than 1 KiB
        clone.git("commit", "--quiet", "--allow-empty", "--message", f"mine {number}")
    last = repository.commit(a="2")
    repository.git("push", address(server), "main")
    clone.git("fetch", address(server), "main")
    assert clone.git("rev-parse", "FETCH_HEAD").strip() == last


def test_only_a_token_for_git_pushes(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(a="1")
    refused = repository.git("push", address(server, token="0" * 64), "main", works=False)
    assert "Authentication failed" in refused
    nobody = f"http://127.0.0.1:{server.port}/git/demo.git"
    repository.git("push", nobody, "main", works=False)
    repository.git("ls-remote", nobody, works=False)
    assert not (server.data / "git").exists()
    status, headers, _ = server.ask("/git/demo.git/info/refs?service=git-receive-pack")
    assert (status, headers["www-authenticate"]) == (401, 'Basic realm="telltale"')
    assert (
        server.ask("/api/v1/link", b"{}", {"Content-Type": "application/json"})[1][
            "www-authenticate"
        ]
        == "Bearer"
    )


def test_a_password_is_no_token_elsewhere(server: Server) -> None:
    token = (server.data / "token").read_text().strip()
    basic = base64.b64encode(f"telltale:{token}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {basic}"}
    assert server.ask("/api/v1/link", b"{}", headers)[0] == 401
    path = "/git/demo.git/info/refs?service=git-receive-pack"
    assert server.ask(path, None, {"Authorization": f"Basic {basic}"})[0] == 200


@pytest.mark.parametrize(
    "name",
    ["..", ".hidden", "a..b", "a%2fb", "-option", "a.lock", "a.git", "a" * 65, "a b", "%2e%2e"],
)
def test_a_name_that_is_none_makes_nothing(server: Server, name: str) -> None:
    path = f"/git/{name.replace(' ', '%20')}.git/info/refs?service=git-receive-pack"
    assert server.ask(path, None, server.owner)[0] == 400
    assert not (server.data / "git").exists()


def test_there_is_nothing_to_fetch_of_no_project(server: Server, repository: Repository) -> None:
    said = repository.git("ls-remote", address(server, "nothing"), works=False)
    assert "not found" in said
    assert not (server.data / "git").exists()


def test_what_is_no_request_of_git_is_refused(server: Server, repository: Repository) -> None:
    repository.commit(a="1")
    repository.git("push", address(server), "main")
    owner: Dict[str, Any] = {"Authorization": server.owner["Authorization"]}
    receive = "/git/demo.git/git-receive-pack"
    assert server.ask(receive, b"0000", {**owner, "Content-Type": "text/plain"})[0] == 400
    assert server.ask("/git/demo.git/info/refs?service=git-shell", None, owner)[0] == 400
    assert server.ask("/git/demo.git/info/refs", None, owner)[0] == 400
    upload = "/git/demo.git/git-upload-pack"
    packed = {
        **owner,
        "Content-Type": "application/x-git-upload-pack-request",
        "Content-Encoding": "gzip",
    }
    assert server.ask(upload, b"no gzip at all", packed)[0] == 400
    bomb = gzip.compress(b"0" * 64_000_000)
    assert server.ask(upload, bomb, packed)[0] in (200, 413)  # git itself may have ended before
    repository.git("ls-remote", address(server))


def children_of(process: int) -> int:
    found = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            found += f"\nPPid:\t{process}\n" in status.read_text()
    return found


def test_git_may_end_before_the_request_does(server: Server, repository: Repository) -> None:
    repository.commit(a="1")
    repository.git("push", address(server), "main")
    await_that(lambda: children_of(server.process.pid) == 0)
    with server.connect() as connection:
        connection.write(
            "POST /git/demo.git/git-upload-pack",
            b"no line of git's protocol",
            Content_Type="application/x-git-upload-pack-request",
            Content_Length="1000",
            Authorization=server.owner["Authorization"],
        )
        await_that(lambda: server.counter("http_requests") > 0)
        await_that(lambda: children_of(server.process.pid) == 0)
        connection.send(b" " * 975)
        head = connection.read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head


def test_hooks_that_were_pushed_are_files(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    hook = repository.folder / "hooks"
    hook.mkdir()
    for name in ("post-receive", "pre-receive", "update"):
        (hook / name).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (hook / name).chmod(0o755)
    repository.commit(a="1")
    repository.git("push", address(server), "main")
    assert not trap.exists()


def test_a_push_that_is_damaged_is_refused(server: Server, repository: Repository) -> None:
    bad = repository.folder / "bad"
    # A tree with an entry ".git" is what a hostile client would send.
    repository.commit(a="1")
    blob = repository.git("hash-object", "-w", "a").strip()
    bad.write_bytes(b"100644 .git\0" + bytes.fromhex(blob))
    hostile = repository.git("hash-object", "-t", "tree", "-w", "--literally", "bad").strip()
    commit = repository.git("commit-tree", hostile, "-m", "hostile").strip()
    said = repository.git("push", address(server), f"{commit}:refs/heads/main", works=False)
    assert "hasDotgit" in said
