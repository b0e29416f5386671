"""Servers that take a connection and leave the sender without an answer: nothing may be lost, and
nothing doubled beyond what repeats change."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from conftest import RUN_KEY
from real_server import await_that
from sink import Sink

from telltale.encoding import Point
from telltale.sender import Sender

POINTS = 100
LOG = f"""
import telltale
for step in range({POINTS}):
    telltale.log_metric("loss", step, step=step)
"""


class BadServer:
    """Takes requests whole, and then does what its kind does instead of answering."""

    def __init__(self, kind: Callable[[socket.socket], None]) -> None:
        self._kind = kind
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: List[socket.socket] = [self._listener]
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._kind is close_at_once:
                close_at_once(connection)
                return
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            while len(body) < length:
                body += connection.recv(65536)
            self.requests += 1
            self._kind(connection)
        except OSError:
            pass

    def close(self) -> None:
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def never_answer(connection: socket.socket) -> None:
    connection.recv(1)


def answer_half_a_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    connection.recv(1)


def answer_half_a_body(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{"accepted":1,')
    connection.shutdown(socket.SHUT_RDWR)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def close_at_once(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def close_after_the_request(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def speak_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"220 smtp.example ESMTP\r\n" * 100)
    connection.shutdown(socket.SHUT_RDWR)


KINDS = [
    never_answer,
    answer_half_a_head,
    answer_half_a_body,
    drip,
    close_at_once,
    close_after_the_request,
    speak_nonsense,
]


@pytest.fixture
def bad_server(request: Any) -> Iterator[BadServer]:
    server = BadServer(request.param)
    yield server
    server.close()


def kept(spool: Path) -> List[int]:
    """The steps of all whole lines on disk, in order."""
    steps: List[int] = []
    for file in sorted(spool.glob("*/*.ndjson")):
        for line in file.read_bytes().split(b"\n")[:-1]:
            event = json.loads(line)
            assert event["epoch"] == file.parent.name
            steps += event["metric_points"]["step"]
    return steps


@pytest.mark.parametrize("bad_server", KINDS, indirect=True, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("ending", ["", "raise ValueError", "raise SystemExit(0)"])
def test_what_was_under_way_is_on_disk_at_the_end_and_delivered_once(
    bad_server: BadServer,
    ending: str,
    python: str,
    environment: Dict[str, str],
    tmp_path: Path,
) -> None:
    environment["TELLTALE_URL"] = bad_server.url
    environment["TELLTALE_EXIT_WAIT_S"] = "0.3"
    subprocess.run(
        [python, "-c", LOG + ending],
        check=False,
        env=environment,
        timeout=120,
        stderr=subprocess.DEVNULL,
    )
    assert kept(tmp_path / "spool") == list(range(POINTS))
    bad_server.close()
    sink = Sink(bad_server.port)
    try:
        sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
        sender.adopt_abandoned()
        sink.wait_for(lambda: len(sink.points("train", "loss")) == POINTS)
        sender.close(30)
        assert [step for step, _ in sink.points("train", "loss")] == list(range(POINTS))
    finally:
        sink.stop()


@pytest.mark.parametrize("bad_server", [never_answer], indirect=True)
def test_a_process_killed_while_the_server_is_silent_leaves_its_points_on_disk(
    bad_server: BadServer, python: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    environment["TELLTALE_URL"] = bad_server.url
    more = "telltale.log_metric('loss', 100, 100)\nimport time; time.sleep(1000)"
    process = subprocess.Popen([python, "-c", LOG + more], env=environment)
    await_that(lambda: kept(tmp_path / "spool") == list(range(POINTS + 1)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert kept(tmp_path / "spool") == list(range(POINTS + 1))


def test_an_answer_that_comes_late_counts_and_leaves_nothing_on_disk(
    sink: Sink, tmp_path: Path
) -> None:
    may_answer = threading.Event()

    def hold(events: List[Any]) -> None:
        assert may_answer.wait(60)

    sink.reply = hold
    spool = tmp_path / "spool"
    sender = Sender(sink.url, RUN_KEY, str(spool))
    for step in range(3):
        sender.put(Point("train", "loss", step, 1, 1.0))
        await_that(lambda: kept(spool) == list(range(step + 1)))
    may_answer.set()
    assert sender.flush(60)
    assert [step for step, _ in sink.points("train", "loss")] == [0, 1, 2]
    assert sender.close(30)
    assert sender.stats().delivered == len(sink.events)
    assert not list(spool.iterdir())


def test_a_name_that_is_looked_up_for_ever_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()

    def look_up(*args: Any, **named: Any) -> Any:
        never.wait()
        raise OSError("after all")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    sender = Sender("http://nowhere.invalid:1", RUN_KEY, str(tmp_path / "spool"))
    sender.put(Point("train", "loss", 1, 1, 1.0))
    assert not sender.close(0.3)
    assert kept(tmp_path / "spool") == [1]
    never.set()


def test_a_name_is_looked_up_at_the_end_of_a_program_too(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There an interpreter may start no thread any more. What is under way is on disk before."""
    spool = tmp_path / "spool"
    found: List[List[int]] = []

    def look_up(*args: Any, **named: Any) -> Any:
        found.append(kept(spool))
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    def refuse(*args: Any) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    port = int(sink.url.rpartition(":")[2])
    sender = Sender(f"http://name.invalid:{port}", RUN_KEY, str(spool))
    monkeypatch.setattr("_thread.start_new_thread", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    sender.put(Point("train", "loss", 1, 1, 1.0))
    assert sender.close(30)
    monkeypatch.undo()
    assert sink.points("train", "loss") == [(1, 1.0)]
    assert found == [[1]]
    assert not list(spool.iterdir())


def test_without_room_for_a_thread_the_end_of_the_program_delivers(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
    for step in range(3):
        sender.put(Point("train", "loss", step, 1, 1.0))
    assert not sender.flush(1.0)
    assert sender.close(30)
    monkeypatch.undo()
    assert [step for step, _ in sink.points("train", "loss")] == [0, 1, 2]
