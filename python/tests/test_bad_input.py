"""What the real server does with input that is wrong, or only odd, and when things fail under it:
nobody's good data gets lost, and the sender is told why."""

import base64
import json
import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import pytest
from conftest import RUN_KEY
from real_server import BINARY, Server, await_that, events_of, needs_server

from telltale import ids

pytestmark = needs_server

RUN = f"/api/v1/runs/{RUN_KEY}"
MIB = 1 << 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


def points(name: str, *values: Any, **more: Any) -> Dict[str, Any]:
    return events_of("metric_points", {"name": name, "value": list(values), **more})[0]


def series(server: Server, name: str, path: str = "") -> Dict[str, Any]:
    found: Dict[str, Any] = server.get(f"{RUN}/metrics/{ids.series_id(path, name)}")
    return found


def test_good_neighbours_of_bad_lines_are_kept(server: Server) -> None:
    bad = [
        (b'{"run_key":', "no event"),
        (b"[1, 2]", "no event"),
        (b"null", "no event"),
        (json.dumps({"run_key": RUN_KEY, "run_state": {"name": 5}}).encode(), "run_state.name"),
        (json.dumps({"run_key": RUN_KEY, "run_state": []}).encode(), "run_state"),
        (json.dumps({"run_key": "../../etc", "heartbeat": {}}).encode(), "run_key is not 26"),
        (json.dumps({"heartbeat": {}}).encode(), "run_key is missing"),
        (json.dumps(points("l", 1, 2, step=[1])).encode(), "equally long"),
        (f'{{"run_key":"{RUN_KEY}","run_state":{{"name":"'.encode() + b'\xff"}}', "UTF-8"),
        (f'{{"run_key":"{RUN_KEY}","run_state":{{"name":"\\ud800"}}}}'.encode(), "surrogate"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "deep"),
    ]
    lines: List[Any] = []
    for i, (line, _) in enumerate(bad):
        lines += [points("kept", i), line]
    status, answer = server.tell(*lines, points("kept", len(bad)))
    assert status == 200
    assert answer["accepted"] == len(bad) + 1
    assert [told["line"] for told in answer["rejected"]] == [2 * i + 2 for i in range(len(bad))]
    for told, (_, reason) in zip(answer["rejected"], bad):
        assert reason in told["message"]
    assert series(server, "kept")["value"] == list(range(len(bad) + 1))
    rejected = server.get("/api/v1/rejected")
    assert rejected["total"] == len(bad) == server.counter("events_rejected")
    newest_last = list(reversed(rejected["rejections"]))
    for told, (line, reason) in zip(newest_last, bad):
        assert reason in told["message"]
        assert told["code"] == "invalid_argument"
        assert told["sample"][:20] == line[:20].decode()


def test_nothing_but_bad_lines_is_a_400_that_says_so(server: Server) -> None:
    status, answer = server.tell(b"rubbish", b"{}")
    assert (status, answer["accepted"], len(answer["rejected"])) == (400, 0, 2)
    assert server.ask("/api/v1/events", b"\n\n")[0] == 400
    cut = server.ask("/api/v1/events", b"\xff" * 20, {"Content-Type": "application/x-protobuf"})
    assert cut[0] == 400
    assert b"length before this message" in cut[2]


def test_fields_of_a_newer_version_are_kept(server: Server) -> None:
    newer = {"run_key": RUN_KEY, "mood": ["good"], "run_state": {"name": "n", "colour": "red"}}
    assert server.tell(newer)[0] == 200
    assert server.run()["name"] == "n"
    assert server.counter("events_unparsed") == 1
    # The whole line lies in the log, as it came.
    server.end(signal.SIGTERM)
    on_disk = b"".join(path.read_bytes() for path in server.data.glob("*") if path.is_file())
    assert json.dumps(newer).encode() in on_disk
    server.start()


def test_what_is_too_large_is_refused_unread(server: Server) -> None:
    whole = {"Content-Length": str(17 * MIB)}
    for path, limit in (("/api/v1/events", 16 * MIB), ("/api/v1/runs", MIB)):
        with server.connect() as connection:
            # Refused by its length alone: not a byte of the body has to be sent.
            status, headers, body = connection.request(
                f"POST {path}",
                Content_Length=whole["Content-Length"],
                Content_Type="application/json",
                Authorization=server.owner["Authorization"],
            )
            assert (status, headers["content-type"]) == (413, "application/problem+json")
            assert json.loads(body)["status"] == 413
        with server.connect() as connection:
            connection.write(
                f"POST {path}",
                Transfer_Encoding="chunked",
                Content_Type="application/json",
                Authorization=server.owner["Authorization"],
            )
            with suppress(OSError):  # once it does not listen any more
                for _ in range(limit // MIB + 1):
                    connection.send(b"100000\r\n" + b"\n" * MIB + b"\r\n")
            assert connection.answer()[0] == 413
    status, answer = server.tell(points("kept", 1), points("x" * MIB, 1), points("kept", 2))
    assert (status, answer["accepted"]) == (200, 2)
    assert answer["rejected"][0]["code"] == "too_large"
    assert series(server, "kept")["value"] == [1, 2]


def test_a_flood_of_bad_lines_is_refused_as_one(server: Server) -> None:
    status, _, body = server.ask("/api/v1/events", b"x\n" * (8 * MIB - 1))
    assert status == 400
    assert len(json.loads(body)["rejected"]) == 100
    assert server.get("/api/v1/rejected")["total"] == 20_001
    assert len(server.get("/api/v1/rejected")["rejections"]) == 1000


def test_an_event_of_an_unknown_run_makes_it_known(server: Server) -> None:
    other = ids.run_key("test", "", "other", "1")
    assert server.get(f"/api/v1/runs/{other}") == {}
    status, _, body = server.ask(f"/api/v1/runs/{other}")
    assert status == 404 and "No run has this key" in json.loads(body)["detail"]
    assert server.ask("/api/v1/runs/not-a-key")[0] == 400
    assert server.post(f"/api/v1/runs/{other}/cancel") == 404
    assert server.tell(*events_of("heartbeat", {}, key=other))[0] == 200
    await_that(lambda: server.run(other).get("run_key") == other)


def test_time_that_goes_backwards_is_data(server: Server) -> None:
    def at(happened_at_us: int, **more: Any) -> Dict[str, Any]:
        return {"run_key": RUN_KEY, "happened_at_us": str(happened_at_us), **more}

    ends = [2**63 - 1, 5, -1, -(2**63)]
    events = [at(t, metric_points={"name": "loss", "value": [i]}) for i, t in enumerate(ends)]
    late = {"path": "a", "state": "RUNNING", "started_at_us": "100"}
    events += [at(9, task_state=late)]
    early = {"path": "a", "state": "SUCCEEDED", "started_at_us": "100", "finished_at_us": "1"}
    events += [at(1, task_state=early), at(-(2**63), run_state={"state": "RUNNING"})]
    assert server.tell(*events)[0] == 200
    found = series(server, "loss")
    assert found["value"] == [0, 1, 2, 3]
    assert found["time_us"] == [str(t) for t in ends]
    task = server.tasks()["a"]
    assert (task["state"], task["finished_at_us"]) == ("SUCCEEDED", "1")
    await_that(lambda: server.get("/api/v1/runs").get("total") == 1)


def test_nan_and_infinities_are_data(server: Server) -> None:
    odd = ["NaN", "Infinity", "-Infinity", 1e308, -0.0, 5e-324]
    assert server.tell(points("odd", *odd))[0] == 200
    assert series(server, "odd")["value"] == odd
    view = server.get(RUN)["series"][0]
    assert (view["points"], view["max"]) == ("6", 1e308)
    # As JSON has no such words of its own, a bare one is no event.
    bare = json.dumps(points("odd", float("nan"))).encode()
    assert b"NaN" in bare and server.tell(bare)[0] == 400


def test_names_of_100000_characters_survive_a_restart(server: Server) -> None:
    name = "이름 " * 25_000
    path = "p" * 100_000

    def told() -> None:
        view = server.get(RUN)
        assert view["run"]["name"] == name
        assert view["parameters"] == {name: '"' + "v" * 100_000 + '"'}
        (task,) = view["tasks"]
        assert (task["path"], task["name"]) == (path, path)
        assert server.get(f"{RUN}/tasks/{ids.task_id(path)}")["path"] == path
        assert series(server, name, path)["value"] == [1]
        assert view["series"][0]["name"] == name
        assert view["artifacts"][0]["name"] == name
        # The list follows the fold, which may have said nothing yet.
        await_that(
            lambda: [run["name"][:50] for run in server.get("/api/v1/runs").get("runs", [])]
            == [name[:50]]  # lists cut what is long
        )
        assert server.get("/api/v1/runs?text=%EC%9D%B4%EB%A6%84")["total"] == 1

    status, answer = server.tell(
        *events_of("run_state", {"name": name, "parameters": {name: '"' + "v" * 100_000 + '"'}}),
        *events_of("task_state", {"path": path, "state": "RUNNING"}),
        *events_of("metric_points", {"path": path, "name": name, "value": [1]}),
        *events_of("artifact", {"path": path, "name": name, "type": name}),
    )
    assert (status, answer["rejected"]) == (200, [])
    told()
    server.kill()
    server.start()
    told()
    assert server.end(signal.SIGTERM) == 0  # writes a snapshot
    kept = [path.read_bytes() for path in (server.data / "store").rglob("*") if path.is_file()]
    assert any(name.encode() in snapshot for snapshot in kept)
    server.start()
    told()


def test_bytes_that_are_no_text_stand_in_the_log_as_they_are(server: Server) -> None:
    written = b"ok\n\xff\xfe\x00\x1b[31m\xed\xa0\x80\r 50%\n" + bytes(range(256))
    body = {"path": "train", "data": base64.b64encode(written).decode()}
    assert server.tell(*events_of("log_bytes", body))[0] == 200
    log = f"{RUN}/tasks/{ids.task_id('train')}/log"
    assert server.get(log) == written
    status, headers, part = server.ask(log, headers={"Range": "bytes=3-4"})
    assert (status, part) == (206, b"\xff\xfe")
    assert headers["content-range"] == f"bytes 3-4/{len(written)}"
    with server.connect() as stream:
        stream.write(f"GET {log}", Accept="text/event-stream")
        stream.read_until(b"data: ")
        frame = json.loads(stream.read_until(b"\n\n"))
        assert base64.b64decode(frame["log"]["data"]) == written


def test_kill_9_in_the_middle_of_ingest_loses_nothing_acknowledged(server: Server) -> None:
    acknowledged: Set[int] = set()
    sent = iter(range(1_000_000))
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            steps = [next(sent) for _ in range(20)]
            try:
                status, answer = server.tell(*(points("n", s, step=[s]) for s in steps))
            except (OSError, ValueError):
                continue  # cut off: nothing is known of these
            if status == 200:
                assert answer["accepted"] == 20
                acknowledged.update(steps)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for part in range(1, 4):
        await_that(lambda part=part: len(acknowledged) > 400 * part)
        server.kill()
        server.start()
    stop.set()
    for sender in senders:
        sender.join()
    found = server.get(f"{RUN}/metrics/{ids.series_id('', 'n')}?points=4096")
    assert int(found["total"]) < 4 * 4096, "more than are answered undecimated"
    kept = [int(step) for step in found["step"]]
    assert acknowledged <= set(kept)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a file system that can be filled needs the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_takes_nothing_and_reading_goes_on(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (8 * MIB))
    server = Server(small_disk / "data")
    try:
        taken = 0
        status = 200
        answer: Dict[str, Any] = {}
        while status == 200:
            name = os.urandom(300_000).hex()
            status, answer = server.tell(points("n", taken), points(name, 1))
            taken += status == 200
            assert taken < 100
        assert (status, answer["title"]) == (507, "storage_full")
        assert taken > 0
        # Reading, live too, knows everything that was taken; a sender is refused again and again.
        assert series(server, "n")["value"] == list(range(taken))
        assert server.tell(points(os.urandom(300_000).hex(), 1))[0] == 507
        assert server.ask("/")[0] == 200
        assert server.counter("log_append_failures") >= 2
        ballast.unlink()
        await_that(lambda: server.tell(points("n", taken))[0] == 200)
        assert series(server, "n")["value"] == list(range(taken + 1))
        server.kill()
        server.start()
        assert series(server, "n")["value"] == list(range(taken + 1))
    finally:
        server.kill()


def test_a_second_server_on_the_same_data_says_why_not(server: Server) -> None:
    command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", str(server.data)]
    second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert f"(pid {server.process.pid}) is using {server.data}" in second.stderr
    assert second.stderr.count("\n") == 1
    assert server.is_ready()
