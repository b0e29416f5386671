"""Visualizations as jobs of the real server: what people ask for, what workers say, and what is
there after either of them died."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest
from conftest import PYTHON_DIRECTORY
from real_server import Server, await_that, needs_server

pytestmark = needs_server

WANTED = "/api/v1/visualizations"
LEASES = "/api/v1/render/leases"
TYPES = [
    {"name": "custom", "digest": "1", "arguments": [{"name": "code", "required": True}]},
    {"name": "drawn", "digest": "1", "arguments": [], "source": "required"},
    {"name": "plain", "digest": "1", "arguments": []},
]


class Worker:
    """Says over HTTP what a worker says, when a test wants it."""

    def __init__(self, server: Server, name: str = "scripted") -> None:
        self.server = server
        self.name = name
        self.tell_types()

    def tell_types(self) -> None:
        told = {"worker": self.name, "environment": "e", "types": TYPES}
        assert self.say("/api/v1/render/types", told, "PUT")[0] == 204

    def say(self, path: str, what: Any, method: str = "POST") -> Tuple[int, Any]:
        body = json.dumps(what).encode()
        status, _, answer = self.server.ask(path, body, self.server.owner, method)
        return status, json.loads(answer) if answer else None

    def leases(self, slots: int = 1, wait_s: float = 20) -> List[Dict[str, Any]]:
        wanted = {"worker": self.name, "slots": slots, "wait_s": wait_s}
        status, answer = self.say(LEASES, wanted)
        assert status == 200, answer
        found: List[Dict[str, Any]] = answer["leases"]
        return found

    def lease(self) -> Dict[str, Any]:
        (lease,) = self.leases()
        return lease

    def show(self, lease: Dict[str, Any], index: int, data: bytes, query: str = "") -> int:
        headers = {**self.server.owner, "Content-Type": "text/html"}
        path = f"{LEASES}/{lease['lease']}/parts/{index}{query}"
        return self.server.ask(path, data, headers, "PUT")[0]

    def beat(self, lease: Dict[str, Any], what: Any) -> Tuple[int, Any]:
        return self.say(f"{LEASES}/{lease['lease']}/beat", what)

    def end(self, lease: Dict[str, Any], state: str = "SUCCEEDED", message: str = "") -> int:
        told = {"state": state, "message": message}
        return self.say(f"{LEASES}/{lease['lease']}/done", told)[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


def want(server: Server, **what: Any) -> Tuple[int, Any]:
    body = json.dumps({"type": "plain", **what}).encode()
    status, _, answer = server.ask(WANTED, body, server.owner)
    return status, json.loads(answer)


def wanted(server: Server, **what: Any) -> str:
    status, answer = want(server, **what)
    assert status == 202, answer
    found: str = answer["id"]
    return found


def look(server: Server, job: str) -> Dict[str, Any]:
    found: Dict[str, Any] = server.get(f"{WANTED}/{job}")
    return found


def events_of_stream(server: Server, path: str) -> Iterator[Dict[str, Any]]:
    with server.connect() as connection:
        connection.write(f"GET {path}", Accept="text/event-stream")
        connection.read_until(b"\r\n\r\n")
        while True:
            event = connection.read_until(b"\n\n")
            assert event.startswith(b"data: ")
            yield json.loads(event[len(b"data: ") :])


def test_parts_are_seen_while_more_are_drawn(server: Server) -> None:
    worker = Worker(server)
    job = wanted(server, type="custom", arguments={"code": "1"})
    assert look(server, job)["state"] == "QUEUED"
    assert look(server, job)["position"] == 1
    stream = events_of_stream(server, f"{WANTED}/{job}")
    assert next(stream)["state"] == "QUEUED"
    lease = worker.lease()
    assert (lease["job"], lease["attempt"]) == (job, 1)
    assert (lease["type"], lease["arguments"]) == ("custom", {"code": "1"})
    assert next(stream)["state"] == "RUNNING"
    assert worker.show(lease, 0, b"<b>first</b>", "?name=a%20plot") == 204
    seen = next(event for event in stream if event.get("parts"))
    assert seen["state"] == "RUNNING"
    (part,) = seen["parts"]
    assert (part["name"], part["bytes"], part["content_type"]) == ("a plot", "12", "text/html")
    assert server.ask(part["url"])[2] == b"<b>first</b>"
    told = {"progress": {"done": 1, "total": 3, "note": "epoch"}}
    assert worker.beat(lease, told) == (200, {"cancelled": False})
    assert look(server, job)["progress"] == {"done": 1, "total": 3, "note": "epoch"}
    assert worker.end(lease) == 204
    assert next(event for event in stream if event["state"] == "SUCCEEDED")
    assert worker.beat(lease, {})[0] == 410
    assert worker.show(lease, 1, b"late") == 410


def test_a_part_is_replaced_grows_and_is_read_in_ranges(server: Server) -> None:
    worker = Worker(server)
    job = wanted(server)
    lease = worker.lease()
    assert worker.show(lease, 0, b"old") == 204
    before = look(server, job)["parts"][0]["url"]
    assert worker.show(lease, 0, b"newer") == 204
    after = look(server, job)["parts"][0]["url"]
    assert before != after
    assert server.ask(after)[2] == b"newer"
    assert worker.show(lease, 1, b"one ") == 204
    assert worker.show(lease, 1, b"two ", "?append=1") == 204
    assert worker.show(lease, 1, b"three", "?append=1") == 204
    url = look(server, job)["parts"][1]["url"]
    assert server.ask(url)[2] == b"one two three"
    status, headers, body = server.ask(url, headers={"Range": "bytes=2-9"})
    assert (status, body) == (206, b"e two th")
    assert headers["content-range"] == "bytes 2-9/13"
    assert server.ask(url, headers={"Range": "bytes=13-"})[0] == 416

    # Nothing of what was replaced stays.
    def objects() -> int:
        return len(list((server.data / "store").rglob("jobs/*/*")))

    await_that(lambda: objects() == 4)


def test_what_a_worker_sent_can_do_nothing_where_it_is_opened(server: Server) -> None:
    worker = Worker(server)
    job = wanted(server)
    assert worker.show(worker.lease(), 0, b"<script>steal()</script>") == 204
    headers = server.ask(look(server, job)["parts"][0]["url"])[1]
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "allow-same-origin" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_a_large_part_costs_no_memory(server: Server) -> None:
    def resident() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) << 10

    worker = Worker(server)
    job = wanted(server)
    lease = worker.lease()
    assert worker.show(lease, 0, b"small") == 204
    before = resident()
    data = bytes(range(256)) * (1 << 19)  # 128 MiB
    assert worker.show(lease, 0, data) == 204
    assert server.ask(look(server, job)["parts"][0]["url"])[2] == data
    assert resident() - before < 64 << 20


def test_the_same_is_not_drawn_twice(server: Server) -> None:
    worker = Worker(server)
    job = wanted(server, type="custom", arguments={"code": "1"})
    assert want(server, type="custom", arguments={"code": "1"}) == (202, {"id": job})
    lease = worker.lease()
    assert worker.show(lease, 0, b"drawn") == 204
    assert worker.end(lease) == 204
    assert want(server, type="custom", arguments={"code": "1"}) == (200, {"id": job})
    assert wanted(server, type="custom", arguments={"code": "2"}) != job
    again = wanted(server, type="custom", arguments={"code": "1"}, fresh=True)
    assert again != job
    # What failed is tried again.
    first, second = worker.leases(2)
    assert worker.end(first, "FAILED", "Traceback") == 204
    failed = look(server, first["job"])
    assert (failed["state"], failed["message"]) == ("FAILED", "Traceback")
    assert worker.end(second) == 204
    assert wanted(server, type="custom", arguments={"code": "2"}) != first["job"]


def test_runs_take_turns(server: Server) -> None:
    worker = Worker(server)
    run_a, run_b = "a" * 26, "b" * 26
    jobs = [wanted(server, run=run_a, task=n * 26) for n in "cde"]
    other = wanted(server, run=run_b)
    assert [look(server, job)["position"] for job in [*jobs, other]] == [1, 3, 4, 2]
    assert [lease["job"] for lease in worker.leases(2)] == [jobs[0], other]
    assert [v["id"] for v in server.get(f"{WANTED}?run={run_a}")["visualizations"]] == jobs[::-1]
    listed = server.get(f"{WANTED}?run={run_a}&task={'d' * 26}")["visualizations"]
    assert [v["id"] for v in listed] == [jobs[1]]


def test_one_that_runs_and_one_that_waits_are_cancelled(server: Server) -> None:
    worker = Worker(server)
    runs = wanted(server)
    lease = worker.lease()
    waits = wanted(server, type="custom", arguments={"code": "1"})
    for job in (runs, waits, runs):
        assert server.ask(f"{WANTED}/{job}", None, server.owner, "DELETE")[0] == 204
    assert {look(server, job)["state"] for job in (runs, waits)} == {"CANCELLED"}
    assert worker.beat(lease, {}) == (200, {"cancelled": True})
    assert worker.show(lease, 0, b"late") == 410
    assert worker.end(lease) == 410
    assert worker.leases(1, 0) == []


def test_a_worker_that_waits_gets_the_job_that_comes(server: Server) -> None:
    worker = Worker(server)
    found: List[Dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: found.extend(worker.leases()))
    waiting.start()
    job = wanted(server)
    waiting.join(60)
    assert [lease["job"] for lease in found] == [job]


def test_a_lost_workers_job_goes_to_another(server: Server) -> None:
    worker = Worker(server)
    job = wanted(server)
    assert worker.show(worker.lease(), 0, b"half") == 204
    other = Worker(server, "other")
    leases: List[Dict[str, Any]] = []

    def comes() -> bool:
        leases.extend(other.leases())
        return bool(leases)

    await_that(comes)
    (lease,) = leases
    assert (lease["job"], lease["attempt"]) == (job, 2)
    assert "parts" not in look(server, job)
    assert other.show(lease, 0, b"again") == 204
    assert other.end(lease) == 204
    assert look(server, job)["state"] == "SUCCEEDED"


def test_a_server_that_was_killed_knows_what_was(server: Server) -> None:
    worker = Worker(server)
    ended = wanted(server)
    lease = worker.lease()
    assert worker.show(lease, 0, b"drawn") == 204
    assert worker.end(lease) == 204
    runs = wanted(server, type="custom", arguments={"code": "1"})
    lease = worker.lease()
    waits = wanted(server, type="custom", arguments={"code": "2"})
    server.kill()
    server.start()
    assert server.ask(look(server, ended)["parts"][0]["url"])[2] == b"drawn"
    assert [look(server, job)["state"] for job in (ended, runs, waits)] == [
        "SUCCEEDED",
        "RUNNING",
        "QUEUED",
    ]
    # The worker goes on, and tells again what it can draw.
    assert worker.say(LEASES, {"worker": worker.name, "slots": 1})[0] == 404
    worker.tell_types()
    assert worker.show(lease, 0, b"more") == 204
    assert worker.end(lease) == 204
    assert worker.lease()["job"] == waits
    assert want(server) == (200, {"id": ended})


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"type": "unknown"}, 404),
        ({"type": "custom"}, 400),  # its code is missing
        ({"arguments": []}, 400),
        ({"surprise": 1}, 400),
        ({"run": "x"}, 400),
        ({"task": "a" * 26}, 400),
        ({"source": "/etc/passwd"}, 400),
        ({"source": "http://169.254.169.254/"}, 400),
        ({"arguments": {"a": "x" * (600 << 10)}}, 400),
    ],
)
def test_what_is_refused(server: Server, what: Dict[str, Any], status: int) -> None:
    Worker(server)
    assert want(server, **what)[0] == status
    assert server.get(WANTED) == {}


def test_a_source_is_a_file_below_a_root(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    (root / "data.csv").write_text("a,b\n")
    (tmp_path / "secret").write_text("secret")
    (root / "link.csv").symlink_to(tmp_path / "secret")
    server = Server(tmp_path / "data", arguments=["--visualize-root", str(tmp_path)])
    try:
        worker = Worker(server)
        path = str((root / "data.csv").resolve())
        first = wanted(server, type="drawn", source=path)
        assert want(server, type="drawn", source=f"file://{path}") == (202, {"id": first})
        (lease,) = worker.leases()
        assert lease["source"] == {"uri": path, "path": path}
        assert worker.end(lease) == 204
        assert want(server, type="drawn", source=path) == (200, {"id": first})
        (root / "data.csv").write_text("other bytes\n")
        assert wanted(server, type="drawn", source=path) != first
        token = str(server.data / "token")
        for other in (str(root / "link.csv"), token, "http://127.0.0.1/", "/etc/passwd", str(root)):
            assert want(server, type="drawn", source=other)[0] == 400, other
        assert want(server, type="drawn", source=str(root / "none"))[0] == 404
        assert want(server, type="drawn")[0] == 400
        assert want(server, type="plain", source=path)[0] == 400
    finally:
        server.kill()


def test_who_draws_and_who_asks_shows_who_he_is(server: Server) -> None:
    as_json = {"Content-Type": "application/json"}
    assert server.ask(WANTED, b'{"type":"plain"}', as_json)[0] == 401
    assert server.ask(LEASES, b'{"worker":"w","slots":1}', as_json)[0] == 401
    assert server.ask("/api/v1/render/types", b"{}", as_json, "PUT")[0] == 401
    assert server.ask(f"{WANTED}/{'a' * 26}", method="DELETE")[0] == 401
    assert server.ask(f"{WANTED}/types")[0] == 200


def test_the_types_are_those_of_workers(server: Server) -> None:
    assert server.get(f"{WANTED}/types") == {"types": []}
    Worker(server)
    assert server.get(f"{WANTED}/types") == {"types": TYPES}


def test_the_server_draws_by_itself(tmp_path: Path) -> None:
    """With a worker of its own, which is there again when it was killed."""
    arguments = ["--render-workers", "2", "--python", sys.executable]
    arguments += ["--python-path", str(PYTHON_DIRECTORY)]
    server = Server(tmp_path / "data", arguments=arguments)

    def draws() -> bool:
        types = server.get(f"{WANTED}/types")["types"]
        return "custom" in [kind["name"] for kind in types]

    def worker() -> Optional[int]:
        wanted = [b"render.worker", server.url.encode()]
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if all(word in words for word in wanted):
                return int(entry.parent.name)
        return None

    try:
        await_that(draws)
        for number in (1, 2):
            code = f"from IPython.display import HTML\nprint('begun')\nHTML('<b>{number}</b>')"
            job = wanted(server, type="custom", arguments={"code": code})
            await_that(lambda job=job: look(server, job)["state"] not in ("QUEUED", "RUNNING"))
            seen = look(server, job)
            assert seen["state"] == "SUCCEEDED", seen
            drawn = [server.ask(part["url"])[2] for part in seen["parts"]]
            assert b"begun" in drawn[0]
            assert f"<b>{number}</b>".encode() in drawn[1]
            first = worker()
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await_that(lambda first=first: worker() not in (None, first))
        assert server.end(signal.SIGTERM) == 0
        await_that(lambda: worker() is None)
    finally:
        if server.process.poll() is None:
            server.kill()
