import json
import os
from pathlib import Path
from typing import List

from telltale.encoding import Losses
from telltale.spool import SEGMENT_BYTES, Spool, abandoned_spools

SERVER = "http://127.0.0.1:1"


def point_line(number: int, size: int = 100) -> bytes:
    body = {"path": "t", "name": "n" * size, "value": [number]}
    return json.dumps(
        {"happened_at_us": 1, "metric_points": body}, separators=(",", ":")
    ).encode() + (b"\n")


def state_line(number: int) -> bytes:
    body = {"path": "t", "version": number}
    return json.dumps({"happened_at_us": 1, "task_state": body}, separators=(",", ":")).encode() + (
        b"\n"
    )


def drain(spool: Spool) -> List[bytes]:
    lines: List[bytes] = []
    while True:
        number = spool.first()
        if number is None:
            return lines
        lines += spool.read(number)
        spool.remove(number)


def test_lines_come_back_in_order_over_segments(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "root" / "own"))
    assert spool.create(SERVER)
    lines = [point_line(i, 1000) for i in range(3000)]
    losses = Losses()
    for start in range(0, 3000, 7):
        spool.append(lines[start : start + 7], losses)
    assert len(os.listdir(spool.directory)) > 3
    assert drain(spool) == lines
    assert not losses


def test_beyond_the_bound_the_oldest_points_go_and_states_stay(tmp_path: Path) -> None:
    limit = 4 * SEGMENT_BYTES
    spool = Spool(str(tmp_path / "root" / "own"), limit)
    assert spool.create(SERVER)
    losses = Losses()
    total = 12_000
    for number in range(total):
        lines = [point_line(number, 1000)] + [state_line(number)] * (number % 100 == 0)
        spool.append(lines, losses)
        assert spool.size_bytes <= limit + SEGMENT_BYTES
    events = [json.loads(line) for line in drain(spool)]
    points = [e["metric_points"]["value"][0] for e in events if "metric_points" in e]
    states = [e["task_state"]["version"] for e in events if "task_state" in e]
    assert points == list(range(total - len(points), total))
    assert losses.points == total - len(points) > 0
    assert states == list(range(0, total, 100))
    assert losses.events == 0


def test_states_alone_are_bounded_too(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "root" / "own"), 2 * SEGMENT_BYTES)
    assert spool.create(SERVER)
    losses = Losses()
    lines = [state_line(number) for number in range(60_000)]
    for start in range(0, len(lines), 1000):
        spool.append(lines[start : start + 1000], losses)
    kept = drain(spool)
    assert kept == lines[len(lines) - len(kept) :]
    assert losses.events == len(lines) - len(kept) > 0


def test_a_living_owners_spool_is_left_alone_and_a_dead_ones_taken_over(tmp_path: Path) -> None:
    root = tmp_path / "root"
    owner = Spool(str(root / "a"))
    assert owner.create(SERVER)
    owner.append([point_line(1)], Losses())
    assert list(abandoned_spools(str(root), SERVER, SEGMENT_BYTES, "")) == []
    owner.release()  # as the kernel does when its process ends
    assert list(abandoned_spools(str(root), "http://other:1", SEGMENT_BYTES, "")) == []
    (adopted,) = abandoned_spools(str(root), SERVER, SEGMENT_BYTES, "")
    assert drain(adopted) == [point_line(1)]
    adopted.close()
    assert os.listdir(root) == []


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "root" / "a"))
    assert spool.create(SERVER)
    spool.append([point_line(1), point_line(2)[:-5]], Losses())
    assert drain(spool) == [point_line(1)]
