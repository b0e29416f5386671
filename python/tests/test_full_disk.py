"""A disk that is full, or fails: each point is delivered, whole on disk, or told as lost."""

import errno
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from conftest import RUN_KEY
from sink import Sink

import telltale.sender
from telltale import waiting
from telltale.encoding import LogPiece, Losses, Point
from telltale.keeper import NOT_WRITTEN, QUEUE_FULL
from telltale.sender import Sender
from telltale.spool import SEGMENT_BYTES, Spool, Unkept

SERVER = "http://127.0.0.1:1"


class Disk:
    """Stands before os.write: takes so many bytes more, then the disk is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int, piece: int = 10**9) -> None:
        self.room = room
        self._piece = piece
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, fd: int, data: Any) -> int:
        taken = min(self.room, self._piece, len(data))
        if data and not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= taken
        return self._write(fd, data[:taken])


def line(number: int) -> bytes:
    body = {"path": "t", "name": "n" * (number % 50), "value": [number]}
    return json.dumps({"metric_points": body}, separators=(",", ":")).encode() + b"\n"


def on_disk(directory: Path) -> Tuple[List[int], int]:
    """Values in order, each line whole; bytes."""
    found: List[int] = []
    size = 0
    for file in sorted(directory.glob("*.ndjson")):
        data = file.read_bytes()
        assert data.endswith(b"\n")
        size += len(data)
        for text in data.splitlines():
            found += json.loads(text)["metric_points"]["value"]
    return found, size


@pytest.mark.parametrize("room", [0, 1, 57, 100, 1000, 5003, 100_000])
@pytest.mark.parametrize("piece", [3, 10**9])
def test_what_is_not_kept_is_said_and_nothing_torn_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, piece: int
) -> None:
    spool = Spool(str(tmp_path / "root" / "own"))
    assert spool.create(SERVER)
    disk = Disk(monkeypatch, room, piece)
    kept: List[int] = []
    for start in range(0, 200, 20):
        numbers = list(range(start, start + 20))
        try:
            spool.append([line(number) for number in numbers], Losses())
            kept += numbers
        except Unkept as error:
            kept += numbers[: error.kept]
        assert on_disk(Path(spool.directory)) == (kept, spool.size_bytes)
    assert (len(kept) < 200) == (room < 100_000)
    disk.room = 10**9
    spool.append([line(200)], Losses())
    assert on_disk(Path(spool.directory)) == ([*kept, 200], spool.size_bytes)


def test_a_segment_of_its_own_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(str(tmp_path / "root" / "own"))
    assert spool.create(SERVER)
    disk = Disk(monkeypatch, 500)
    with pytest.raises(OSError):
        spool.add_segment([line(number) for number in range(20)])
    assert on_disk(Path(spool.directory)) == ([], 0) and not spool
    disk.room = 10**9
    spool.add_segment([line(number) for number in range(20)])
    spool.append([line(20)], Losses())
    assert on_disk(Path(spool.directory))[0] == list(range(21))
    assert len(list(Path(spool.directory).glob("*.ndjson"))) == 2


def test_thinning_without_room_loses_nothing_of_what_was_not_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(str(tmp_path / "root" / "own"), 2 * SEGMENT_BYTES)
    assert spool.create(SERVER)
    state = b'{"task_state":{"path":"t"}}\n'
    losses = Losses()
    real_replace = os.replace

    def refuse(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", refuse)
    total = 60_000
    for start in range(0, total, 1000):
        spool.append([state, *map(line, range(start, start + 1000))], losses)
    monkeypatch.setattr(os, "replace", real_replace)
    kept = states = 0
    for file in Path(spool.directory).glob("*.ndjson"):
        for text in file.read_bytes().splitlines():
            kept += "metric_points" in json.loads(text)
            states += "task_state" in json.loads(text)
    assert kept + losses.points == total and losses.points
    assert states + losses.events == total // 1000


@pytest.mark.parametrize("room", [0, 700, 30_000])
def test_every_point_arrives_or_is_told_as_lost(
    sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    room: int,
) -> None:
    sink.stop()
    disk = Disk(monkeypatch, room)
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
    total = 2000
    for number in range(total):
        sender.put(Point("t", f"m{number % 7}", number, 1, 1.0))
        if number % 50 == 0:
            assert not sender.flush(60)
    assert not sender.flush(60)
    stats = sender.stats()
    directory = tmp_path / "spool" / sender.epoch
    held = sum(file.stat().st_size for file in directory.glob("*.ndjson"))
    assert stats.spooled_bytes == held <= room
    assert stats.lost_points > 0
    told = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1 and "No space left" in told[0].getMessage()
    disk.room = 10**9
    sink.start()
    assert sender.close(60, patient=True)
    arrived = sum(len(sink.points("t", f"m{i}")) for i in range(7))
    losses = [event["loss"] for event in sink.of_kind("loss")]
    assert arrived + sum(loss["points"] for loss in losses) == total
    assert {loss["reason"] for loss in losses} == {NOT_WRITTEN}


def test_what_is_lost_and_can_be_told_to_nobody_is_said_at_the_end(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sink.stop()
    Disk(monkeypatch, 0)
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
    for number in range(3):
        sender.put(Point("t", "m", number, 1, 1.0))
    assert not sender.close(0.1)
    assert any("3 points" in record.getMessage() for record in caplog.records)


def test_more_than_can_be_taken_on_is_told_as_that(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telltale.sender, "QUEUE_ITEMS_LIMIT", 100)
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
    with waiting.at_work():  # the sender's thread can't begin
        for number in range(1000):
            sender.put(Point("t", "m", number, 1, 1.0))
        sender.put(LogPiece("t", 1, 0, b"x" * 10, 1))
        assert sender.stats().lost_points == 901
    assert sender.close(60)
    assert [step for step, _ in sink.points("t", "m")] == list(range(901, 1000))
    (loss,) = sink.of_kind("loss")
    expected: Dict[str, Any] = {"points": 901, "log_bytes": 0, "events": 0, "reason": QUEUE_FULL}
    assert loss["loss"] == expected
    assert sender.stats().lost_points == 901
