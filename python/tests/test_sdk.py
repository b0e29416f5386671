"""The SDK as a user's program has it: in a process of its own, configured by the environment."""

import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest
from sink import Sink


def run(python: str, environment: Dict[str, str], code: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [python, "-c", code],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_points_and_progress_are_there_when_the_program_has_ended(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    run(
        python,
        environment,
        """
import telltale
for step in range(1000):
    telltale.log_metric("loss", 1 / (step + 1), step=step)
telltale.log_metrics({"a": 1, "b": float("nan")}, step=3)
telltale.log_metric("stepless", 5)
telltale.progress(7, 12, unit="epoch", note="epoch 7")
""",
    )
    assert [s for s, _ in sink.points("train", "loss")] == list(range(1000))
    assert sink.points("train", "a") == [(3, 1.0)]
    assert sink.points("train", "b") == [(3, "NaN")]
    assert sink.points("train", "stepless") == [(None, 5.0)]
    (progress,) = sink.of_kind("progress")
    expected = {"path": "train", "done": 7, "total": 12, "unit": "epoch", "note": "epoch 7"}
    assert progress["progress"] == expected


@pytest.mark.parametrize("missing", ["TELLTALE_URL", "TELLTALE_RUN_KEY", "both"])
def test_without_a_run_every_call_does_nothing(
    sink: Sink, python: str, environment: Dict[str, str], missing: str
) -> None:
    for name in ("TELLTALE_URL", "TELLTALE_RUN_KEY"):
        if missing in (name, "both"):
            del environment[name]
    done = run(
        python,
        environment,
        """
import threading, telltale
telltale.log_metric("loss", 1); telltale.log_metrics({"a": object()}); telltale.progress("x")
assert telltale.flush() and telltale.stats() is None
print(threading.active_count())
""",
    )
    assert done.stdout == "1\n"
    assert sink.requests == 0


def test_wrong_values_never_reach_the_users_code(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    run(
        python,
        environment,
        """
import telltale
telltale.log_metric("bad", "not a number")
telltale.log_metric("bad", None, step="x")
telltale.log_metrics({"good": 1, "bad": object(), "\\ud800": 2}, step=1)
telltale.log_metrics(None)
telltale.log_metric(["unhashable"], 1)
telltale.progress(float("nan"))
telltale.log_metric("x" * 100_000, 1)
""",
    )
    assert sink.points("train", "good") == [(1, 1.0)]
    assert sink.points("train", "?") == [(1, 2.0)]
    assert len(sink.points("train", "x" * 100_000)) == 1
    assert sink.points("train", "bad") == []


def test_a_forked_child_reports_for_itself(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    run(
        python,
        environment,
        """
import multiprocessing, os, telltale
def work(number):
    telltale.log_metric(f"child {number}", number, step=1)
telltale.log_metric("parent", 1, step=1)
assert telltale.flush(30)
context = multiprocessing.get_context("fork")
children = [context.Process(target=work, args=(i,)) for i in range(3)]
for child in children: child.start()
for child in children: child.join()
telltale.log_metric("parent", 2, step=2)
""",
    )
    assert sink.points("train", "parent") == [(1, 1.0), (2, 2.0)]
    for number in range(3):
        assert sink.points("train", f"child {number}") == [(1, float(number))]
    assert len({event["epoch"] for event in sink.events}) == 4


def test_many_threads_lose_nothing(sink: Sink, python: str, environment: Dict[str, str]) -> None:
    run(
        python,
        environment,
        """
import threading, telltale
def work(name):
    for step in range(2000):
        telltale.log_metric(name, step, step=step)
threads = [threading.Thread(target=work, args=(f"thread {i}",)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    )
    for number in range(4):
        points = sink.points("train", f"thread {number}")
        assert [step for step, _ in points] == list(range(2000))


def test_a_program_that_ends_while_the_server_is_away_leaves_its_points_on_disk(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    sink.stop()
    run(
        python,
        {**environment, "TELLTALE_EXIT_WAIT_S": "0.1"},
        "import telltale; telltale.log_metric('a', 1, 1)",
    )
    sink.start()
    run(
        python,
        environment,
        "import telltale; telltale.log_metric('a', 2, 2)\nimport time\n"
        "from telltale import client\n"
        "while len(__import__('os').listdir(client.current().sender.spool_root)): time.sleep(0.01)",
    )
    assert sorted(sink.points("train", "a")) == [(1, 1.0), (2, 2.0)]


def test_an_uncaught_exception_still_delivers(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    code = "import telltale; telltale.log_metric('a', 1, 1); raise SystemExit(3)"
    done = subprocess.run([python, "-c", code], check=False, env=environment, timeout=120)
    assert done.returncode == 3
    assert sink.points("train", "a") == [(1, 1.0)]


def test_claims_tell_which_names_the_sdk_reports(
    sink: Sink, python: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    from telltale.claims import ClaimReader

    claims: Any = tmp_path / "claims"
    environment["TELLTALE_CLAIMS"] = str(claims)
    run(python, environment, "import telltale")
    reader = ClaimReader(str(claims))
    reader.refresh()
    assert reader.sdk_in_use and not reader.has_name("progress") and not reader.progress
    run(python, environment, "import telltale as t; t.log_metric('progress', 1); t.progress(1)")
    reader.refresh()
    assert reader.has_name("progress") and reader.progress
