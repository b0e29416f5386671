"""The real server among clients that mean it harm, or are only broken: it answers what it can,
refuses the rest in words, and goes on serving everybody else."""

import base64
import json
import os
import random
import re
import resource
import signal
import struct
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from conftest import RUN_KEY
from real_server import BINARY as PROGRAM
from real_server import Server, await_that, events_of, needs_server

from telltale import ids

pytestmark = needs_server

CONNECTIONS = 1024  # limits::kConnections
SUBSCRIPTIONS = 256  # limits::kSubscriptions
# Seconds of a processor that no turn of a loop may take: a tenth on a machine of its own, and it is
# no such machine. What may be done is counted in server/drawing/layout_work_test.cc.
TURN_MOST = 0.5
LARGE = (16 << 20) - 2  # within limits::kIngestBodyBytes
FRAME_BYTES = 64 << 10  # limits::kClientFrameBytes
EVENT = json.dumps(events_of("heartbeat", {})[0]).encode()
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


class WebSocket:
    """As little of RFC 6455 as it takes to break its rules."""

    def __init__(self, server: Server, **headers: str) -> None:
        self.connection = server.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec_WebSocket_Version": "13",
            "Sec_WebSocket_Key": key,
            **headers,
        }
        self.status = self.connection.request("GET /api/v1/live", **upgrade)[0]

    def send(self, data: bytes, code: int = BINARY, fin: bool = True, mask: bool = True) -> None:
        self.connection.send(frame(data, code, fin, mask))

    def receive(self) -> Tuple[int, bytes]:
        first, second = self.connection.read(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self.connection.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.connection.read(8))
        return first & 15, self.connection.read(length)

    def await_message(self, part: bytes) -> bytes:
        while True:
            code, data = self.receive()
            if code == BINARY and part in data:
                return data

    def await_close(self) -> int:
        """The status the server closes with."""
        while True:
            code, data = self.receive()
            if code == CLOSE:
                return int.from_bytes(data[:2], "big")


def frame(data: bytes, code: int, fin: bool, mask: bool) -> bytes:
    head = bytes([(0x80 if fin else 0) | code])
    bit = 0x80 if mask else 0
    if len(data) < 126:
        head += bytes([bit | len(data)])
    elif len(data) < 1 << 16:
        head += bytes([bit | 126]) + struct.pack(">H", len(data))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(data))
    if not mask:
        return head + data
    key = b"\x5a\x01\xff\x80"
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(data))


def subscribe(number: int, path: str = "/api/v1/runs") -> bytes:
    """A ClientFrame by hand: subscribe{id, path}."""
    body = b"\x08" + varint(number) + b"\x12" + varint(len(path)) + path.encode()
    return b"\x0a" + varint(len(body)) + body


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def is_served(server: Server) -> bool:
    return server.ask("/api/v1/runs")[0] == 200 and server.ask("/api/v1/events", EVENT)[0] == 200


@contextmanager
def more_files(files: int = CONNECTIONS + 500) -> Iterator[None]:
    """As many as it takes for more connections than the server has room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(files, hard)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_that_are_only_held_keep_nobody_out(server: Server) -> None:
    with more_files(), ExitStack() as held:
        for i in range(CONNECTIONS + 50):
            connection = held.enter_context(server.connect())
            with suppress(OSError):  # of one that had to make room
                # Slow, silent, or in the middle of a header.
                connection.send((b"GET / HTTP/1.1\r\n", b"", b"POST /api", b"\r\n")[i % 4])
        assert is_served(server)
    assert is_served(server)


def test_bodies_that_drip_and_sockets_that_idle_lock_nobody_out(server: Server) -> None:
    with more_files(12_000), ExitStack() as held:
        dripping = []
        for _ in range(1_100):
            connection = held.enter_context(server.connect())
            connection.write("POST /api/v1/events", b"12345", Content_Length="10")
            dripping.append(connection)
        assert is_served(server)
        for connection in dripping:
            with suppress(OSError):  # of one that had to make room
                connection.send(b"6")
        assert is_served(server)
        for _ in range(10_000):
            held.enter_context(server.connect())
        assert is_served(server)
    assert is_served(server)


def test_bodies_of_strangers_cost_no_memory(server: Server) -> None:
    before = resident_kib(server)
    with ExitStack() as held:
        asking = [held.enter_context(server.connect()) for _ in range(150)]
        for connection in asking:
            length = str((16 << 20) - 1)
            connection.write("POST /api/v1/events", Host="evil.example", Content_Length=length)
        for connection in asking:
            assert connection.answer()[0] == 403
            with suppress(OSError):  # it is not read for long
                connection.send(b"x" * (1 << 20))
        assert resident_kib(server) - before < 32 << 10


def test_bodies_that_wait_for_their_end_are_bounded_together(server: Server) -> None:
    before = resident_kib(server)
    with ExitStack() as held:
        statuses = []
        for _ in range(10):
            connection = held.enter_context(server.connect())
            with suppress(OSError):  # of one that was told to come back
                connection.write("POST /api/v1/events", b"x" * LARGE, Content_Length=str(LARGE + 1))
                continue
            with suppress(OSError, EOFError):
                status, headers, _ = connection.answer()
                statuses.append((status, headers["retry-after"]))
        # Those that hold bytes and send no more give them up to who has something to say.
        await_that(lambda: is_served(server))
        assert set(statuses) <= {(429, "1")}
        assert resident_kib(server) - before < 200 << 10


def test_many_who_watch_keep_out_nobody_who_asks(server: Server) -> None:
    with more_files(), ExitStack() as held:
        for _ in range(CONNECTIONS + 50):
            reader = held.enter_context(server.connect())
            reader.write("GET /api/v1/runs", Accept="text/event-stream")
            reader.read_until(b"data: ")
        assert is_served(server)


def test_without_files_for_more_connections_it_makes_room(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", ["prlimit", "--nofile=48:48"])
    try:
        with ExitStack() as held:
            for _ in range(100):
                held.enter_context(server.connect())
            await_that(lambda: server.ask("/healthz")[0] == 200)
        assert is_served(server)
    finally:
        server.kill()


def test_more_peers_than_files_end_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", ["prlimit", "--nofile=64:64"])
    try:
        with ExitStack() as held:
            for _ in range(200):
                held.enter_context(server.connect())
            await_that(lambda: is_served(server))
    finally:
        server.kill()


def test_too_few_files_to_start_with_are_said_in_words(tmp_path: Path) -> None:
    said = 0
    for files in range(12, 48, 3):
        command = ["prlimit", f"--nofile={files}:{files}", PROGRAM, "serve", "--listen"]
        command += ["127.0.0.1:0", "--data", str(tmp_path / str(files))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stderr is not None
            started = process.stdout.readline()
            if started:
                process.kill()
                break
            assert process.wait(60) == 1, (files, process.stderr.read())
            assert process.stderr.read().startswith(b"telltale: ")
            said += 1
    assert started and said > 0


def test_peers_that_vanish_leave_nothing_behind(server: Server) -> None:
    for _ in range(100):
        stream = server.connect()
        stream.write("GET /api/v1/runs", Accept="text/event-stream")
        stream.read_until(b"data: ")
        stream.reset()
        live = WebSocket(server)
        live.send(subscribe(1))
        live.connection.reset()
        upload = server.connect()
        upload.write("POST /api/v1/events", EVENT, Content_Length="100000")
        upload.reset()
    files = Path(f"/proc/{server.process.pid}/fd")
    await_that(lambda: len(list(files.iterdir())) < 60)
    assert is_served(server)


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    with server.connect() as connection:
        for number in range(200):
            if number % 2:
                body = EVENT + b"\n" + b"x\n" * number
                connection.write("POST /api/v1/events", body, Content_Length=str(len(body)))
            else:
                connection.write(f"GET /nothing.{number}")
        for number in range(200):
            status, _, body = connection.answer()
            if number % 2:
                assert (status, len(json.loads(body)["rejected"])) == (200, min(number, 100))
            else:
                assert status == 404


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
        (
            b"".join(b"X-%d: 1\r\n" % i for i in range(9999)).join(
                (b"GET / HTTP/1.1\r\n", b"\r\n")
            ),
            431,
        ),
        (b"rubbish\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64, 400),
        (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"BREW / HTTP/1.0\r\n\r\n", 403),  # no Host, which HTTP/1.0 may leave out
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host, which HTTP/1.1 may not
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    ],
)
def test_what_is_no_request_is_refused_in_words(
    server: Server, request_bytes: bytes, status: int
) -> None:
    with server.connect() as connection:
        connection.send(request_bytes)
        found, headers, body = connection.answer()
        assert (found, headers["content-type"]) == (status, "application/problem+json")
        told = json.loads(body)
        assert told["status"] == status and told["title"] and told["detail"]
    assert is_served(server)


def test_bodies_of_any_depth_are_parsed_or_refused(server: Server) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        deep = opening * 100_000 + b"1" + closing * 100_000
        event = EVENT[:-1] + b',"x":' + deep + b"}"
        assert server.ask("/api/v1/events", event)[0] in (200, 400)
        for body in (deep, b'{"parameters":{"a":' + deep + b"}}", opening * 100_000):
            assert server.launch(body)[0] == 400
    assert is_served(server)


def test_what_cannot_be_started_is_refused_before_it_is_a_run(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "pipeline.py"
    file.write_text("")
    cases = [
        ({"pipeline_file": str(tmp_path / "none.py")}, 404, "There is no file"),
        ({"pipeline_file": f"{file}\0.txt"}, 400, "NUL"),
        ({"pipeline_file": str(file), "working_directory": "/no/such"}, 404, "There is no folder"),
        ({"pipeline_file": str(file), "parameters": {"a": "b\0c"}}, 400, "NUL"),
        ({"pipeline_file": str(tmp_path)}, 404, "There is no file"),
        ({"pipeline_file": "pipeline.py"}, 400, "absolute"),
        ({"again": "../../etc/passwd"}, 400, "no run key"),
        ({"again": RUN_KEY}, 404, "No run has this key"),
    ]
    for request, status, reason in cases:
        found, _, body = server.launch(json.dumps(request).encode())
        assert (found, reason in json.loads(body)["detail"]) == (status, True), body
    assert "runs" not in server.get("/api/v1/runs")


def test_compressed_bodies_are_refused_in_words(server: Server) -> None:
    status, _, body = server.ask("/api/v1/events", b"\x1f\x8b", {"Content-Encoding": "gzip"})
    assert (status, "uncompressed" in json.loads(body)["detail"]) == (415, True)
    assert server.ask("/api/v1/events", EVENT, {"Content-Encoding": "identity"})[0] == 200


@pytest.mark.parametrize(
    "target",
    [
        "/../../../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/..\\..\\etc\\passwd",
        "/etc/passwd%00.html",
        "//etc/passwd",
        "/api/v1/runs/..%2f..%2fetc%2fpasswd",
        "/api/v1/runs/../../../etc/passwd",
        f"/api/v1/runs/{RUN_KEY}/tasks/..%2f/log",
        "http://127.0.0.1/etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_page(server: Server, target: str) -> None:
    with server.connect() as connection:
        status, headers, body = connection.request(f"GET {target}")
        assert b"root:" not in body
        # A view of the page, whose router knows it not, or a refusal.
        assert status in (400, 403, 404) or headers["content-type"].startswith("text/html")


def test_percent_encoding_of_any_kind_is_text(server: Server) -> None:
    for query in ("text=%", "text=%zz", "text=%00", "text=%ff%fe", "text=%4", "&=&&=", "text=%25"):
        with server.connect() as connection:
            assert connection.request(f"GET /api/v1/runs?{query}")[0] == 200
    for query in ("limit=%2d1", "limit=1%00", "limit=99999999999999999999", "state=%66ailed%20"):
        with server.connect() as connection:
            status, _, body = connection.request(f"GET /api/v1/runs?{query}")
            assert (status, json.loads(body)["title"]) == (400, "invalid_argument")


def test_only_a_get_opens_a_stream_and_only_a_post_sends(server: Server) -> None:
    stream = {"Accept": "text/event-stream"}
    assert server.ask("/api/v1/runs", b"{}", {**stream, **server.owner})[0] == 400
    assert server.ask("/api/v1/events", EVENT, stream)[0] == 200
    assert server.ask("/api/v1/runs", None, stream, "HEAD")[0] == 200
    assert server.ask("/api/v1/rejected", method="HEAD")[0] == 200
    assert server.ask("/api/v1/events")[0] == 405
    assert server.ask("/", b"", method="DELETE")[0] == 405
    assert server.ask("/", method="TRACE")[0] == 405


def test_fragments_make_one_message(server: Server) -> None:
    live = WebSocket(server)
    assert live.status == 101
    message = subscribe(7)
    live.send(message[:1], BINARY, fin=False)
    for byte in message[1:-1]:
        live.send(bytes([byte]), 0, fin=False)
        live.send(b"still there?", PING)
    live.send(message[-1:], 0)
    live.await_message(b"\x08\x07")
    live.send(b"rubbish", TEXT)
    assert b"ClientFrame" in live.await_message(b"ClientFrame")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (frame(subscribe(1), BINARY, True, False), 1002),  # not masked
        (frame(b"", 3, True, True), 1002),  # an opcode nobody has defined
        (frame(b"", 0, True, True), 1002),  # goes on with nothing
        (frame(b"x" * 126, PING, True, True), 1002),  # too long for a control frame
        (frame(b"x" * (FRAME_BYTES + 1), BINARY, True, True), 1009),
        (frame(b"x" * 1000, BINARY, False, True) * 70, 1002),  # begins again before its end
        (b"\xf2\x80\0\0\0\0", 1002),  # reserved bits
        (frame(b"\x03\xe8", CLOSE, True, True), 1000),
    ],
)
def test_a_websocket_that_breaks_the_rules_is_closed(
    server: Server, data: bytes, status: int
) -> None:
    live = WebSocket(server)
    live.connection.send(data)
    assert live.await_close() == status
    assert live.connection.is_closed()
    assert is_served(server)


def test_a_websocket_of_another_site_is_not_opened(server: Server) -> None:
    assert WebSocket(server, Origin="http://evil.example").status == 403
    assert WebSocket(server, Origin=server.url).status == 101
    assert WebSocket(server, Sec_WebSocket_Version="8").status == 426
    assert WebSocket(server, Sec_WebSocket_Key="short").status == 400
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    for path, fields, status in (
        ("/api/v1/live", {}, 404),
        ("/api/v1/live", upgrade, 426),
        ("/api/v1/runs", upgrade, 404),
    ):
        with server.connect() as connection:
            found, headers, body = connection.request(f"GET {path}", **fields)
            assert (found, headers["content-type"]) == (status, "application/problem+json")
            assert headers["server"] == "telltale"
            assert json.loads(body)["detail"]


def test_a_search_made_to_be_slow_holds_up_nobody(server: Server) -> None:
    for number in range(10):
        key = ids.run_key("test", "", "slow", str(number))
        assert server.tell(*events_of("run_state", {"name": "a" * 900_000}, key=key))[0] == 200
    await_that(lambda: server.get("/api/v1/runs?limit=1").get("total") == 10)
    status, _, body = server.ask("/api/v1/runs?text=" + "a" * 20_000 + "b")
    assert (status, json.loads(body)) == (200, {})
    assert is_served(server)


def chain(count: int) -> Dict[str, List[str]]:
    """What each task depends on: the one before, and the first."""
    return {f"t{n}": [f"t{n - 1}"] * (n > 0) + ["t0"] * (n > 1) for n in range(count)}


def dense(layers: int, width: int) -> Dict[str, List[str]]:
    """Each task of a layer depends on all of the layer before."""
    return {
        f"t{layer}-{n}": [f"t{layer - 1}-{other}" for other in range(width)] if layer else []
        for layer in range(layers)
        for n in range(width)
    }


def scattered(count: int, edges: int) -> Dict[str, List[str]]:
    """Each task depends on some earlier ones, anywhere."""
    chance = random.Random(1)
    return {
        f"t{n}": [f"t{other}" for other in {chance.randrange(n) for _ in range(edges if n else 0)}]
        for n in range(count)
    }


def longest_turns(server: Server) -> Dict[str, float]:
    """The most processor time that a turn took, in seconds, of each loop."""
    found = re.findall(
        r'^telltale_loop_longest_turn_seconds{loop="(\w+)"} ([\d.]+)$',
        server.metrics(),
        re.MULTILINE,
    )
    return {loop: float(seconds) for loop, seconds in found}


def tell_graph(server: Server, key: str, needs: Dict[str, List[str]]) -> Tuple[int, Any]:
    tasks = [{"path": path, "depends_on": names} for path, names in needs.items()]
    return server.tell(*events_of("graph", {"tasks": tasks}, key=key))


@pytest.mark.parametrize(
    "needs", [chain(100_000), dense(12, 200), dense(2, 250)], ids=["chain", "dense", "two layers"]
)
def test_a_graph_too_large_is_refused_in_words(
    server: Server, needs: Dict[str, List[str]]
) -> None:
    _, answer = tell_graph(server, RUN_KEY, needs)
    assert answer.get("accepted", 0) == 0
    assert "at most" in answer["rejected"][0]["message"]
    assert is_served(server)


def is_named(server: Server, key: str, name: str) -> bool:
    return bool(server.run(key).get("name") == name)


def are_listed(server: Server, count: int) -> bool:
    return bool(server.get("/api/v1/runs").get("total") == count)


def test_graphs_made_to_be_slow_hold_up_nobody(server: Server) -> None:
    graphs = {
        ids.run_key("test", "", "slow", name): needs
        for name, needs in {
            "chain": chain(8_000),
            "dense": dense(12, 65),
            "wide": {f"t{n}": [f"t{(m * m + m) % n}" for m in range(80)] for n in range(1, 700)},
            "random": scattered(10_000, 5),
            "both limits": scattered(14_000, 4),
        }.items()
    }
    for key, needs in graphs.items():
        assert tell_graph(server, key, needs)[0] == 200
    for number in range(2):
        # Others are folded and served meanwhile.
        other = ids.run_key("test", "", "other", str(number))
        assert server.tell(*events_of("run_state", {"name": "other"}, key=other))[0] == 200
        await_that(partial(is_named, server, other, "other"))
        await_that(partial(are_listed, server, len(graphs) + 1 + 2 * number))
        for key, needs in graphs.items():
            drawn = server.get(f"/api/v1/runs/{key}/graph")
            assert len(drawn["boxes"]) == len(needs)
            assert is_served(server)
        assert max(longest_turns(server).values()) < TURN_MOST
        # It stops when it is told to, and begins again with them in its log.
        if number == 0:
            assert server.end(signal.SIGTERM) == 0
            server.start()


def test_ten_thousand_subscriptions_hurt_only_who_asks(server: Server) -> None:
    greedy = WebSocket(server)
    with suppress(OSError):  # who never reads is cut off
        for number in range(1, 10_001):
            path = f"/api/v1/runs/{RUN_KEY}" if number % 2 else "/api/v1/runs"
            greedy.send(subscribe(number, path))
    patient = WebSocket(server)
    patient.send(subscribe(1))
    patient.await_message(b"\x08\x01")
    assert is_served(server)
    # Who reads along is told which one was too many, and keeps the others.
    reader = WebSocket(server)
    for number in range(1, SUBSCRIPTIONS + 2):
        reader.send(subscribe(number))
    assert str(SUBSCRIPTIONS).encode() in reader.await_message(b"at most")
    reader.send(subscribe(SUBSCRIPTIONS))
    reader.await_message(b"\x08" + varint(SUBSCRIPTIONS))


def test_a_reader_that_reads_nothing_holds_one_message(server: Server) -> None:
    body = {"path": "train", "data": base64.b64encode(b"x" * 500_000).decode()}
    assert server.tell(*events_of("log_bytes", body))[0] == 200
    before = resident_kib(server)
    with ExitStack() as held:
        for _ in range(20):
            stream = held.enter_context(server.connect())
            stream.write(f"GET /api/v1/runs/{RUN_KEY}", Accept="text/event-stream")
        for step in range(200):
            many = {"name": f"series-{step}", "value": [step] * 1000}
            assert server.tell(*events_of("metric_points", many))[0] == 200
        # Queued for each, the frames would be hundreds of megabytes.
        assert resident_kib(server) - before < 100 << 10


def resident_kib(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text().split("\n")
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
