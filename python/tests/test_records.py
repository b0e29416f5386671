"""What is kept of deliveries: the newest, and whatever still goes on."""

from pathlib import Path

import pytest

from delivery import records


def test_the_oldest_that_have_ended_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_KEPT", 2)
    data = str(tmp_path)
    made = []
    for number in range(5):
        push = records.Push("demo", "demo.git", "refs/heads/main", f"{number}" * 40, "", {})
        record = records.create(data, push)
        if number != 1:  # that one goes on
            record.set(state="SUCCEEDED", finished={"run": {"run_key": f"run{number}"}})
        made.append(record)
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "run2.running").touch()  # and that one's run does
    records.create(data, records.Push("demo", "demo.git", "refs/heads/main", "a" * 40, "", {}))
    kept = {record.revision[0] for record in records.all_of(data)}
    assert kept == {"1", "2", "3", "4", "a"}


def test_a_revision_that_comes_again_is_another_delivery(tmp_path: Path) -> None:
    push = records.Push("demo", "demo.git", "refs/heads/main", "1" * 40, "", {})
    first = records.create(str(tmp_path), push)
    second = records.create(str(tmp_path), push)
    assert first.key != second.key
    assert [r.key for r in records.unfinished(str(tmp_path))] == sorted([first.key, second.key])
    held = first.lock()
    assert held is not None
    assert [r.key for r in records.unfinished(str(tmp_path))] == [second.key]
