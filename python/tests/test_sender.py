import socket
import threading
from pathlib import Path
from typing import List, Optional

import pytest
from conftest import RUN_KEY
from sink import Event, Reply, Sink

from telltale.encoding import LogPiece, Point
from telltale.sender import Sender


def make(sink: Sink, tmp_path: Path, **more: int) -> Sender:
    return Sender(sink.url, RUN_KEY, str(tmp_path / "spool"), **more)


def put(sender: Sender, number: int, size: int = 4) -> None:
    sender.put(Point("t", "n" * size, number, number, float(number)))


def steps(sink: Sink) -> List[Optional[int]]:
    return [step for step, _ in sink.points("t", "nnnn")]


def test_points_arrive_numbered_from_one_over_one_connection(sink: Sink, tmp_path: Path) -> None:
    sender = make(sink, tmp_path)
    for number in range(100):
        put(sender, number)
        if number % 10 == 0:
            assert sender.flush(30)
    assert sender.close(30)
    assert steps(sink) == list(range(100))
    assert [e["sequence"] for e in sink.events] == list(range(1, len(sink.events) + 1))
    assert {e["epoch"] for e in sink.events} == {sender.epoch}
    assert {e["run_key"] for e in sink.events} == {RUN_KEY}
    assert len({e["id"] for e in sink.events}) == len(sink.events)
    assert sink.connections == 1
    assert not (tmp_path / "spool").exists()


def test_what_comes_while_a_batch_is_in_flight_is_one_next_batch(
    sink: Sink, tmp_path: Path
) -> None:
    first_is_in = threading.Event()
    go_on = threading.Event()

    def hold(events: List[Event]) -> Optional[Reply]:
        if not first_is_in.is_set():
            first_is_in.set()
            assert go_on.wait(30)
        return None

    sink.reply = hold
    sender = make(sink, tmp_path)
    put(sender, 0)
    assert first_is_in.wait(30)
    for number in range(1, 500):
        put(sender, number)
    go_on.set()
    assert sender.flush(30)
    assert sink.requests == 2
    assert steps(sink) == list(range(500))


def test_a_server_killed_and_back_misses_nothing(sink: Sink, tmp_path: Path) -> None:
    sender = make(sink, tmp_path)
    put(sender, 0)
    assert sender.flush(30)
    sink.stop()
    for number in range(1, 400):
        put(sender, number)
        if number % 100 == 0:
            assert not sender.flush(30)
    assert sender.stats().spooled_bytes > 0
    sink.start()
    sink.wait_for(lambda: steps(sink) == list(range(400)))
    assert sender.close(30)
    assert not sender.stats().lost_points


def test_an_answer_that_was_lost_is_a_repeat_that_changes_nothing(
    sink: Sink, tmp_path: Path
) -> None:
    def break_off(events: List[Event]) -> Optional[Reply]:
        sink.reply = None
        sink.events.extend(events)
        sink._seen[events[0]["epoch"]] = events[-1]["sequence"]
        return 503, {}, b""

    sink.reply = break_off
    sender = make(sink, tmp_path)
    for number in range(10):
        put(sender, number)
    assert sender.close(30)
    assert steps(sink) == list(range(10))


@pytest.mark.parametrize("status", [429, 500, 503, 507])
def test_a_busy_server_is_asked_again(sink: Sink, tmp_path: Path, status: int) -> None:
    answers: List[Reply] = [(status, {"Retry-After": "0"}, b"")] * 3
    sink.reply = lambda events: answers.pop() if answers else None
    sender = make(sink, tmp_path)
    put(sender, 1)
    sink.wait_for(lambda: steps(sink) == [1])
    assert sender.close(30)
    assert sink.requests == 4


def test_a_refused_batch_is_dropped_and_counted(sink: Sink, tmp_path: Path) -> None:
    answers: List[Reply] = [(400, {}, b'{"accepted":0,"rejected":[{"line":1}]}')]
    sink.reply = lambda events: answers.pop() if answers else None
    sender = make(sink, tmp_path)
    put(sender, 1)
    assert sender.flush(30)
    put(sender, 2)
    assert sender.close(30)
    assert steps(sink) == [2]
    assert sender.stats().rejected == 1


def test_refused_lines_of_a_batch_are_counted(sink: Sink, tmp_path: Path) -> None:
    sink.reply = lambda events: (200, {}, b'{"accepted":1,"rejected":[{"line":2}]}')
    sender = make(sink, tmp_path)
    sender.put(Point("t", "a", 1, 1, 1.0))
    assert sender.close(30)
    assert sender.stats().rejected == 1


@pytest.mark.parametrize("odd", [float("inf"), object(), 1j, {object(): 1}])
def test_an_event_that_json_cant_hold_costs_no_other(
    sink: Sink, tmp_path: Path, odd: object
) -> None:
    sender = make(sink, tmp_path)
    for number in range(3):
        put(sender, number)
        sender.put_fact("artifact", {"path": "t", "uri": odd})
    assert sender.close(30)
    assert steps(sink) == [0, 1, 2]
    assert [e["sequence"] for e in sink.events] == list(range(1, len(sink.events) + 1))
    assert sender.stats().rejected == 3


def test_a_batch_that_is_too_large_is_cut(sink: Sink, tmp_path: Path) -> None:
    sink.reply = lambda events: (413, {}, b"") if len(events) > 3 else None
    sender = make(sink, tmp_path)
    held = threading.Event()
    for number in range(20):
        sender.put(Point("t", f"series {number}", 1, 1, 1.0))
    held.set()
    assert sender.close(30)
    assert len(sink.events) == 20
    assert [e["sequence"] for e in sink.events] == list(range(1, 21))


def test_beyond_the_bound_losses_are_counted_and_told(sink: Sink, tmp_path: Path) -> None:
    sink.stop()
    sender = make(sink, tmp_path, spool_bytes_limit=2 * 1024 * 1024)
    total = 6000
    for number in range(total):
        sender.put(Point("t", "m", number, 1, 1.0))
        sender.put(LogPiece("t", 1, number * 1000, b"x" * 1000, 1))
        if number % 200 == 0:
            sender.flush(30)
    sink.start()
    assert sender.close(60, patient=True)
    (loss,) = [e["loss"] for e in sink.of_kind("loss")]
    points = len(sink.points("t", "m"))
    log = sum(len(e["log_bytes"]["data"]) * 3 // 4 for e in sink.of_kind("log_bytes"))
    assert loss["points"] == total - points > 0
    assert abs(loss["log_bytes"] + log - total * 1000) <= 2 * len(sink.of_kind("log_bytes"))
    assert loss["reason"]
    last = sink.points("t", "m")[-1]
    assert last == (total - 1, 1.0)


def test_closing_while_the_server_is_away_leaves_events_for_the_next_process(
    sink: Sink, tmp_path: Path
) -> None:
    sink.stop()
    first = make(sink, tmp_path)
    put(first, 1)
    assert not first.close(0.2)
    sink.start()
    second = make(sink, tmp_path)
    put(second, 2)
    sink.wait_for(lambda: sorted(s or 0 for s in steps(sink)) == [1, 2])
    assert second.close(30)
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_address_nobody_listens_at_costs_no_error(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    sender = Sender(url, RUN_KEY, str(tmp_path / "spool"))
    put(sender, 1)
    assert not sender.close(0.2)
    assert sender.stats().spooled_bytes > 0


def test_a_spool_that_cant_be_written_is_a_counted_loss(sink: Sink, tmp_path: Path) -> None:
    sink.stop()
    (tmp_path / "file").write_text("in the way")
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "file" / "spool"))
    put(sender, 1)
    assert not sender.flush(30)
    sink.start()
    sink.wait_for(lambda: [e["loss"]["points"] for e in sink.of_kind("loss")] == [1])
    assert sender.close(30)
