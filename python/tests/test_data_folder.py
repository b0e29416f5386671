"""The real server over a disk that fills, a folder that goes away, and a log that does not fit its
store: what it acknowledged is there, what it could not keep it refuses, and it says why."""

import base64
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest
from real_server import BINARY, Server, await_that, events_of, needs_server

from telltale import ids

pytestmark = needs_server

DAY_US = 86_400_000_000
PIECE = 1 << 20


def run_key(name: str) -> str:
    return ids.run_key("test", "", "data folder", name)


def tell_run(server: Server, name: str) -> int:
    """Tells of a run of that name; the status of the answer."""
    points = {"path": "train", "name": "loss", "value": [1.0]}
    key = run_key(name)
    events = events_of("run_state", {"name": name, "state": "RUNNING"}, key=key)
    return server.tell(*events, *events_of("metric_points", points, key=key))[0]


def names(server: Server) -> List[str]:
    return sorted(run["name"] for run in server.get("/api/v1/runs?limit=100").get("runs", []))


def await_shown(server: Server, told: List[str]) -> None:
    """Until those runs, and no others, are listed, each with what was told of it."""
    await_that(lambda: names(server) == sorted(told))
    for name in told:
        await_that(lambda: bool(server.get(f"/api/v1/runs/{run_key(name)}").get("tasks")))


def readiness(server: Server) -> Tuple[int, str]:
    status, _, body = server.ask("/readyz")
    return status, body.decode()


def await_trouble(server: Server, words: str) -> None:
    await_that(lambda: words in readiness(server)[1])
    assert readiness(server)[0] == 503


def refused_in_words(server: Server, status: int, words: str) -> None:
    found, answer = server.tell(*events_of("run_state", {"name": "refused"}, key=run_key("no")))
    assert (found, words in answer["detail"]) == (status, True), answer


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Tuple[List[str], Path]]:
    """A file system of that size at `folder`, which goes with the last process that sees it: what
    to write before a command so that it sees it, and where this process does."""
    folder.mkdir()
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "--mount"]
    mount = f'mount -t tmpfs -o size={size} tmpfs "$0" && echo mounted && exec cat'
    holder = subprocess.Popen(
        [*unshare, "sh", "-c", mount, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None and holder.stderr is not None
        if holder.stdout.readline() != b"mounted\n":
            pytest.skip("no file system can be mounted here: " + holder.stderr.read().decode())
        pid = str(holder.pid)
        enter = ["nsenter", "--target", pid, "--mount"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        yield [*enter, "--"], Path(f"/proc/{pid}/root{folder}")
    finally:
        holder.communicate()


def fill(file: Path) -> None:
    with suppress(OSError), file.open("ab", buffering=0) as out:
        while True:
            out.write(b"\0" * PIECE)
    with suppress(OSError), file.open("ab", buffering=0) as out:
        while True:
            out.write(b"\0" * 512)


def test_a_full_disk_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", "48m") as (prefix, disk):
        server = Server(tmp_path / "disk" / "data", prefix)
        try:
            assert tell_run(server, "before") == 200
            fill(disk / "filler")
            await_trouble(server, "full")
            refused_in_words(server, 507, "full")
            assert names(server) == ["before"]
            (disk / "filler").unlink()
            await_that(server.is_ready)
            assert tell_run(server, "after") == 200
            server.kill()
            server.start()
            await_shown(server, ["before", "after"])
        finally:
            server.kill()


def test_while_a_disk_fills_each_run_is_kept_or_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24m") as (prefix, _):
        server = Server(tmp_path / "disk" / "data", prefix)
        try:
            told: List[str] = []
            for number in range(1000):
                # The runs themselves fill it.
                body = {"name": f"run {number}", "parameters": {"large": os.urandom(200_000).hex()}}
                status, _ = server.tell(*events_of("run_state", body, key=run_key(str(number))))
                if status != 200:
                    break
                told.append(body["name"])
            assert status in (503, 507) and told
            server.kill()
            # What its owner does about it: there is more room.
            command = f'mount -o remount,size=256m "{tmp_path / "disk"}"'
            subprocess.run([*prefix, "sh", "-c", command], check=True)
            server.start()
            await_that(lambda: names(server) == sorted(told))
        finally:
            server.kill()


def test_a_folder_that_was_taken_away_takes_nothing_more(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        told = ["before"]
        assert tell_run(server, "before") == 200
        server.data.rename(tmp_path / "elsewhere")
        for number in range(100_000):
            if tell_run(server, f"meanwhile {number}") != 200:
                break
            told.append(f"meanwhile {number}")
        await_trouble(server, "data")
        refused_in_words(server, 503, "removed while it was in use")
        # Back again, it has all that was acknowledged.
        server.kill()
        if server.data.exists():
            shutil.rmtree(server.data)
        (tmp_path / "elsewhere").rename(server.data)
        server.start()
        await_that(lambda: server.get("/api/v1/runs?limit=1")["total"] == len(told))
        await_that(lambda: server.run(run_key(told[-1]))["name"] == told[-1])
    finally:
        server.kill()


def test_a_folder_that_was_removed_acknowledges_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        assert tell_run(server, "before") == 200
        shutil.rmtree(server.data)
        refused_in_words(server, 503, "removed while it was in use")
        await_trouble(server, "data")
    finally:
        server.kill()
    server.start()
    try:
        assert server.get("/api/v1/runs").get("total", 0) == 0
        assert tell_run(server, "after") == 200
        await_shown(server, ["after"])
    finally:
        server.kill()


def logs(server: Server) -> List[Path]:
    return sorted(server.data.glob("log.db*"))


@pytest.mark.parametrize("log", ["lost", "older"])
def test_a_log_that_does_not_fit_its_store_is_said_and_can_be_mended(
    tmp_path: Path, log: str
) -> None:
    server = Server(tmp_path / "data")
    try:
        assert tell_run(server, "first") == 200
        await_shown(server, ["first"])
        assert server.end(signal.SIGTERM) == 0
        saved = {file.name: file.read_bytes() for file in logs(server)}
        server.start()
        assert tell_run(server, "second") == 200
        await_shown(server, ["first", "second"])
        assert server.end(signal.SIGTERM) == 0
        for file in logs(server):
            file.unlink()
        if log == "older":
            for name, data in saved.items():
                (server.data / name).write_bytes(data)
        server.begin()
        await_that(server.is_alive)
        await_trouble(server, "telltale admin mend-log")
        refused_in_words(server, 503, "mend-log")
        assert server.end(signal.SIGTERM) == 0
        mend = [BINARY, "admin", "mend-log", "--data", str(server.data)]
        subprocess.run(mend, check=True, stdout=subprocess.DEVNULL)
        server.start()
        await_shown(server, ["first", "second"])
        assert tell_run(server, "third") == 200
        await_shown(server, ["first", "second", "third"])
    finally:
        server.kill()


def test_the_oldest_runs_that_have_ended_go_and_no_others(tmp_path: Path) -> None:
    keep = ["--keep-days", "30", "--keep-bytes", "1MB"]
    server = Server(tmp_path / "data", arguments=keep)
    try:
        now_us = time.time_ns() // 1000
        for name, state, days_ago, size in (
            ("old", "SUCCEEDED", 40, 10),
            ("old, and goes on", "RUNNING", 40, 10),
            ("large", "FAILED", 2, 3_000_000),
            ("new", "SUCCEEDED", 1, 10),
        ):
            at_us = str(now_us - days_ago * DAY_US)
            state_of = {"name": name, "state": state, "started_at_us": at_us}
            if state != "RUNNING":
                state_of["finished_at_us"] = at_us
            logged = [
                {"path": "t", "offset": str(at), "data": base64.b64encode(data).decode()}
                for at, data in pieces(os.urandom(size))
            ]
            events = events_of("log_bytes", *logged, key=run_key(name))
            events += events_of("run_state", state_of, key=run_key(name))
            told = [{**event, "happened_at_us": at_us} for event in events]
            assert server.tell(*told)[0] == 200
        await_that(lambda: len(names(server)) == 4)
        assert server.end(signal.SIGTERM) == 0
        # It measures what it has when it starts, and lets half a minute pass.
        server.start()
        assert len(names(server)) == 4
        await_that(lambda: names(server) == ["new", "old, and goes on"])
        await_that(lambda: server.counter("runs_removed") == 2)
        kept = (file for file in (server.data / "store").rglob("runs/**/*") if file.is_file())
        left = "".join(map(str, kept))
        gone = [name for name in ("old", "large", "new") if run_key(name) not in left]
        assert gone == ["old", "large"]
        server.kill()
        server.start()
        assert names(server) == ["new", "old, and goes on"]
    finally:
        server.kill()


def pieces(data: bytes) -> Iterator[Tuple[int, bytes]]:
    for at in range(0, len(data), 500_000):
        yield at, data[at : at + 500_000]
