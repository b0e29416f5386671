import base64
import json
import math
from typing import Any, Dict, List

from telltale.encoding import (
    LOG_BYTES_PER_EVENT,
    POINTS_PER_EVENT,
    EventBuilder,
    Fact,
    LogPiece,
    Losses,
    Point,
    encode_line,
    int64_or_none,
)


def built(*items: Any) -> List[Dict[str, Any]]:
    builder = EventBuilder("k")
    for item in items:
        builder.add(item)
    return [json.loads(encode_line(event)) for event in builder.take()]


def test_points_of_a_series_become_columns_and_other_series_stay_apart() -> None:
    events = built(
        Point("t", "a", 1, 10, 0.5), Point("t", "b", 1, 11, 2.0), Point("t", "a", 2, 12, 0.25)
    )
    assert [event["metric_points"]["name"] for event in events] == ["a", "b"]
    a = events[0]
    assert a["metric_points"]["step"] == [1, 2]
    assert a["metric_points"]["time_us"] == [10, 12]
    assert a["metric_points"]["value"] == [0.5, 0.25]
    assert a["happened_at_us"] == 12


def test_nan_and_infinities_are_written_as_proto_json() -> None:
    values = [math.nan, math.inf, -math.inf, 1.0]
    events = built(*[Point("", "a", i, i, v) for i, v in enumerate(values)])
    assert events[0]["metric_points"]["value"] == ["NaN", "Infinity", "-Infinity", 1.0]


def test_points_without_steps_have_no_step_column() -> None:
    events = built(Point("", "a", None, 1, 1.0), Point("", "a", 5, 2, 2.0))
    assert "step" not in events[0]["metric_points"]
    assert events[1]["metric_points"]["step"] == [5]


def test_a_long_series_is_cut_into_events() -> None:
    events = built(*[Point("", "a", i, i, 0.0) for i in range(POINTS_PER_EVENT * 2 + 1)])
    assert [len(e["metric_points"]["value"]) for e in events] == [
        POINTS_PER_EVENT,
        POINTS_PER_EVENT,
        1,
    ]


def test_adjacent_log_bytes_are_joined_up_to_the_limit() -> None:
    half = b"\xff\x00" * (LOG_BYTES_PER_EVENT // 4)
    pieces = [LogPiece("t", 1, i * len(half), half, i) for i in range(3)]
    events = built(*pieces, LogPiece("t", 2, 0, b"again", 9))
    data = [base64.b64decode(event["log_bytes"]["data"]) for event in events]
    assert data == [half + half, half, b"again"]
    assert all(len(encode_line(event)) <= 257 * 1024 for event in events)
    assert [event["log_bytes"]["offset"] for event in events] == [0, 2 * len(half), 0]


def test_progress_keeps_its_latest_word_for_each_task() -> None:
    events = built(
        Fact("progress", {"path": "a", "done": 1}, 1),
        Fact("progress", {"path": "b", "done": 1}, 2),
        Fact("progress", {"path": "a", "done": 2}, 3),
    )
    assert [e["progress"] for e in events] == [{"path": "a", "done": 2}, {"path": "b", "done": 1}]


def test_progress_of_a_new_attempt_comes_after_its_beginning() -> None:
    events = built(
        Fact("progress", {"path": "a", "done": 8}, 1),
        Fact("task_state", {"path": "a", "attempt": 2}, 2),
        Fact("progress", {"path": "a", "done": 1}, 3),
    )
    assert [event.get("progress", {}).get("done") for event in events] == [8, None, 1]


def test_steps_beyond_64_bits_are_left_out() -> None:
    assert int64_or_none(2**63 - 1) == 2**63 - 1
    assert int64_or_none(2**63) is None
    assert int64_or_none(None) is None


def test_losses_count_what_a_line_holds() -> None:
    losses = Losses()
    for event in built(
        Point("", "a", 1, 1, 1.0), Point("", "a", 2, 1, 1.0), LogPiece("t", 1, 0, b"abc", 1)
    ):
        losses.add_line(encode_line(event))
    losses.add_line(b"{torn")
    assert (losses.points, losses.log_bytes, losses.events) == (2, 3, 1)
