"""Pushes that end halfway, servers that are killed in the first stage, and repositories that hold
what should not be followed, or far too much."""

import os
import shutil
import signal
import stat
from pathlib import Path
from typing import Iterator

import pytest
from conftest import PYTHON_DIRECTORY
from pushing import (
    PIPELINE,
    Repository,
    address,
    delivering_server,
    delivery_processes,
    ended,
    records,
)
from real_server import Server, await_that, needs_server

pytestmark = needs_server

# git itself ends as it would where its connection broke, or the machine ran out of memory.
ENDS_GIT = "#!/bin/sh\nkill -9 $PPID\nexit 1\n"
# Of git one verb waits while that file is there.
WAITING_GIT = """#!/bin/sh
case " $* " in *" archive "*)
  [ ! -e {gate} ] || touch {gate}.reached
  while [ -e {gate} ]; do sleep 0.02; done
esac
exec {git} "$@"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The Python side of the program, with hooks that a test may replace."""
    folder = tmp_path / "python"
    hooks = folder / "delivery" / "hooks"
    hooks.mkdir(parents=True)
    for there, here in ((PYTHON_DIRECTORY, folder), (PYTHON_DIRECTORY / "delivery", hooks.parent)):
        for entry in there.iterdir():
            if not (here / entry.name).exists():
                (here / entry.name).symlink_to(entry)
    for hook in (PYTHON_DIRECTORY / "delivery" / "hooks").iterdir():
        (hooks / hook.name).symlink_to(hook)
    return folder


@pytest.fixture
def gate(tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Deliveries stand still where they receive while it is there."""
    gate = tmp_path / "gate"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(WAITING_GIT.format(gate=gate, git=shutil.which("git")))
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    # git puts its own folder before all others for its hooks.
    real = PYTHON_DIRECTORY / "delivery" / "hooks" / "post-receive"
    replace_hook(program, "post-receive", f"#!/bin/sh\nPATH={wrapper.parent}:$PATH exec {real}\n")
    return gate


@pytest.fixture
def server(
    tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch, program: Path
) -> Iterator[Server]:
    yield from delivering_server(tmp_path, python, monkeypatch, program=program)


def replace_hook(program: Path, name: str, text: str) -> None:
    hook = program / "delivery" / "hooks" / name
    hook.unlink()
    hook.write_text(text)
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)


def arrived(server: Server) -> int:
    return len(list((server.data / "pushes").iterdir()))


def test_a_push_that_breaks_once_its_branches_are_written_is_delivered(
    server: Server, repository: Repository, program: Path
) -> None:
    replace_hook(program, "post-receive", ENDS_GIT)
    revision = repository.commit(pipeline__py=PIPELINE)
    repository.git("push", "-o", "run.epochs=3", address(server), "main", works=False)
    await_that(lambda: len(records(server)) == 1)
    record = records(server)[0]
    assert (record["revision"], record["by"]) == (revision, "owner")
    assert ended(server, record["key"])["run"]["state"] == "SUCCEEDED"
    run = ended(server, records(server)[0]["finished"]["run"]["run_key"])
    assert run["parameters"] == {"epochs": "3"}
    assert arrived(server) == 0
    server.kill()
    server.start()
    assert len(records(server)) == 1


def test_a_push_that_breaks_with_its_server_is_delivered_at_the_next_start(
    server: Server, repository: Repository, program: Path, tmp_path: Path
) -> None:
    waits = f"#!/bin/sh\ntouch {tmp_path}/here\nwhile :; do sleep 0.02; done\n"
    replace_hook(program, "post-receive", waits)
    repository.commit(notes__txt="no pipeline\n")
    pushing = repository.begin("push", address(server), "main")
    await_that((tmp_path / "here").exists)
    assert not records(server)
    server.kill()
    pushing.communicate(timeout=240)
    replace_hook(program, "post-receive", "#!/bin/sh\nexit 0\n")
    server.start()
    await_that(lambda: len(records(server)) == 1)
    assert ended(server, records(server)[0]["key"])["run"]["state"] == "FAILED"


def test_a_push_that_breaks_before_it_wrote_anything_is_no_delivery(
    server: Server, repository: Repository, program: Path
) -> None:
    real = (PYTHON_DIRECTORY / "delivery" / "hooks" / "pre-receive").read_text()
    replace_hook(program, "pre-receive", real + "kill -9 $PPID\n")
    repository.commit(pipeline__py=PIPELINE)
    repository.git("push", address(server), "main", works=False)
    assert arrived(server) == 1
    server.kill()
    left = next((server.data / "pushes").iterdir())
    os.utime(left, (0, 0))  # long ago
    server.start()
    await_that(lambda: arrived(server) == 0)
    assert not records(server)


def test_killed_while_it_receives_it_goes_on_there(
    gate: Path, server: Server, repository: Repository
) -> None:
    gate.touch()
    repository.commit(pipeline__py=PIPELINE)
    pushing = repository.begin("push", address(server), "main")
    await_that(Path(f"{gate}.reached").exists)
    server.kill()
    for process in delivery_processes(server):
        os.kill(process, signal.SIGKILL)
    pushing.communicate(timeout=240)
    gate.unlink()
    server.start()
    await_that(lambda: bool(records(server)[0]["state"]))
    record = records(server)[0]
    assert record["state"] == "SUCCEEDED"
    assert record["attempts"]["receive"] == 2
    assert set(record["attempts"].values()) == {1, 2}
    assert ended(server, record["finished"]["run"]["run_key"])["run"]["state"] == "SUCCEEDED"


def test_a_submodule_and_a_link_are_told_and_not_followed(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    trap = Repository(tmp_path / "trap")
    commit = trap.commit(pipeline__py=PIPELINE)
    repository.commit(pipeline__py=PIPELINE)
    (repository.folder / ".gitmodules").write_text(
        f'[submodule "trap"]\n\tpath = trap\n\turl = file://{trap.folder}\n\tupdate = !touch x\n'
    )
    (repository.folder / "hosts").symlink_to("/etc/hosts")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},trap")
    repository.git("add", ".gitmodules", "hosts")
    repository.git("commit", "--quiet", "--message", "a submodule")
    said = repository.git("push", address(server), "main", works=None)
    if "gitmodulesUpdate" in said:  # git itself refuses a command there
        (repository.folder / ".gitmodules").write_text(
            f'[submodule "trap"]\n\tpath = trap\n\turl = file://{trap.folder}\n'
        )
        repository.git("commit", "--quiet", "--amend", "--all", "--message", "a submodule")
        repository.git("push", address(server), "main")
    record = records(server)[0]
    view = ended(server, record["key"])
    assert view["run"]["state"] == "SUCCEEDED"
    receive = next(task for task in view["tasks"] if task["path"] == "receive")
    log = server.get(f"/api/v1/runs/{record['key']}/tasks/{receive['id']}/log").decode()
    assert "Left out: hosts is a link or a submodule." in log
    source = server.data / "deliveries" / record["key"] / "source"
    assert not (source / "hosts").exists()
    assert not (source / "trap" / "pipeline.py").exists()


def test_a_file_of_two_gigabytes_is_refused_in_a_sentence(
    server: Server, repository: Repository
) -> None:
    # Holes: little to send, and as much to read as it says.
    with open(repository.folder / "data.bin", "wb") as file:
        file.truncate(2 << 30)
    (repository.folder / ".git" / "config").open("a").write("[core]\n\tcompression = 1\n")
    repository.commit(pipeline__py=PIPELINE)
    said = repository.git("push", address(server), "main")
    assert "more than is delivered. Keep data elsewhere." in said
    record = records(server)[0]
    assert ended(server, record["key"])["run"]["state"] == "FAILED"
    source = server.data / "deliveries" / record["key"] / "source"
    assert not (source / "data.bin").exists()


def test_a_push_of_two_gigabytes_is_refused_by_its_header(
    server: Server, repository: Repository
) -> None:
    repository.commit(notes__txt="no pipeline\n")
    repository.git("push", address(server), "main")
    with server.connect() as connection:
        status, _, body = connection.request(
            "POST /git/demo.git/git-receive-pack",
            Content_Type="application/x-git-receive-pack-request",
            Content_Length=str(2 << 30),
            Authorization=server.owner["Authorization"],
        )
    assert status == 413, body
