"""The real server with --source: a file of events, read as it grows, whatever happens to the file
or to the server."""

import json
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest
from conftest import RUN_KEY
from real_server import BINARY, Server, await_that, events_of, needs_server

from telltale import ids

pytestmark = needs_server

SERIES = f"/api/v1/runs/{RUN_KEY}/metrics/{ids.series_id('', 'n')}?points=4096"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.ndjson"


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    try:
        yield server
        assert server.process.poll() is None, "the server ended by itself"
    finally:
        server.kill()


@pytest.fixture
def server(tmp_path: Path, file: Path) -> Iterator[Server]:
    with serving(Server(tmp_path / "data", arguments=["--source", f"file:{file}"])) as server:
        yield server


def line(value: int) -> bytes:
    event = events_of("metric_points", {"name": "n", "value": [value], "step": [value]})[0]
    return json.dumps(event).encode() + b"\n"


def lines(values: Sequence[int]) -> bytes:
    return b"".join(map(line, values))


def append(file: Path, data: bytes) -> None:
    with file.open("ab") as out:
        out.write(data)


def values(server: Server) -> List[float]:
    found: List[float] = server.get(SERIES).get("value", [])
    return found


def rejected(server: Server) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = server.get("/api/v1/rejected")["rejections"]
    return found


def test_what_is_appended_is_there_once_over_kill_9(server: Server, file: Path) -> None:
    written = 0
    stop = threading.Event()

    def write() -> None:
        nonlocal written
        with file.open("ab", buffering=0) as out:
            while not stop.is_set() or written % 50 != 0:
                data = line(written)
                out.write(data[:30])  # a line whose end comes later
                out.write(data[30:])
                written += 1
                stop.wait(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    for part in range(1, 4):
        await_that(lambda part=part: len(values(server)) > 150 * part)
        server.kill()
        server.start()
    stop.set()
    writer.join()
    await_that(lambda: len(values(server)) >= written)
    assert values(server) == list(range(written))
    # One that ends in good order and comes back goes on where it was.
    assert server.end(signal.SIGTERM) == 0
    server.start()
    append(file, line(written))
    await_that(lambda: len(values(server)) > written)
    assert values(server) == list(range(written + 1))
    assert server.counter("events_accepted") == 1


def test_bad_lines_are_readable_with_their_reason_and_their_file(
    server: Server, file: Path
) -> None:
    too_large = b'{"run_key":"' + b"x" * (1 << 20) + b'"}\n'
    append(file, line(0) + b"rubbish\n" + line(1) + too_large + b'{"heartbeat":{}}\n' + line(2))
    await_that(lambda: len(values(server)) == 3)
    found = list(reversed(rejected(server)))
    reasons = ("This line is no event", "An event has at most", "run_key is missing")
    assert [one["code"] for one in found] == ["invalid_argument", "too_large", "invalid_argument"]
    for one, reason in zip(found, reasons):
        assert one["message"].startswith(f"file:{file}: {reason}")
    assert found[0]["sample"] == "rubbish"
    # Both doors share the list.
    server.tell(b"more rubbish")
    assert rejected(server)[0]["sample"] == "more rubbish"
    assert server.counter("events_rejected") == 4


def test_a_file_that_is_cut_off_or_replaced_doubles_and_loses_nothing(
    server: Server, file: Path
) -> None:
    # More than the fold knows again by ids alone.
    append(file, lines(range(6_000)))
    await_that(lambda: len(values(server)) == 6_000)
    # As a job that goes on from its last checkpoint: what it kept is the same, what follows not.
    file.write_bytes(lines(range(5_000)) + lines(range(6_000, 6_100)))
    await_that(lambda: len(values(server)) >= 6_100)
    assert server.counter("source_relists") == 1
    # Another file in its place, as logrotate does it, whose old one still gets its last lines.
    rotated = file.with_suffix(".1")
    file.rename(rotated)
    append(rotated, lines(range(6_100, 6_200)))
    append(file, lines(range(6_200, 6_300)))
    await_that(lambda: len(values(server)) >= 6_300)
    # And one that took its place while nobody looked.
    server.kill()
    file.write_bytes(lines(range(6_300, 6_400)))
    server.start()
    await_that(lambda: len(values(server)) >= 6_400)
    assert values(server) == list(range(6_400))


def test_a_source_that_cannot_be_read_is_said_and_comes_back(server: Server, file: Path) -> None:
    file.mkdir()
    trouble = f"{file} is no regular file."
    await_that(lambda: server.ask("/readyz")[2].decode() == f"ready\nfile:{file}: {trouble}\n")
    told = json.loads(server.ask("/api/v1/sources")[2])["sources"]
    assert [(one["name"], [t["message"] for t in one["troubles"]]) for one in told] == [
        (f"file:{file}", [trouble])]
    file.rmdir()
    append(file, line(0))
    await_that(lambda: server.ask("/readyz")[2] == b"ready\n")
    await_that(lambda: values(server) == [0])


def test_what_is_no_source_is_refused_with_a_sentence(tmp_path: Path) -> None:
    def refusal(*arguments: str) -> str:
        command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")]
        told = subprocess.run(
            [*command, *arguments], check=False, capture_output=True, text=True, timeout=60
        )
        assert told.returncode == 1
        return told.stderr

    assert "--source http://x: a source is file:PATH" in refusal("--source", "http://x")
    twice = refusal("--source", "file:/a/b", "--source", "file:/a/./b")
    assert "file:/a/b is named twice" in twice
    without = refusal("--source", "file:/a", "--roles", "fold,serve")
    assert "is read where the role collect is" in without


def test_sources_come_from_a_file_of_flags_and_from_the_environment(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.ndjson"
    append(file, line(0))
    append(other, line(1))
    flags = tmp_path / "flags"
    flags.write_text(f'[serve]\nsource=["file:{file}", "file:{other}"]\n')
    with_flags = ["sh", "-c", f'exec "$0" --config "{flags}" "$@"']
    with serving(Server(tmp_path / "data", with_flags)) as server:
        await_that(lambda: sorted(values(server)) == [0, 1])
    third = tmp_path / "third.ndjson"
    append(third, line(2))
    monkeypatch.setenv("TELLTALE_SOURCE", f"file:{third}")
    with serving(Server(tmp_path / "data")) as server:
        await_that(lambda: sorted(values(server)) == [0, 1, 2])
