"""The worker, against a stand-in for the server: what it takes, sends, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from render_desk import Desk
from render_support import environment


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("worker")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def worker(folder: Path) -> Iterator[subprocess.Popen]:
    """Its server comes later than it does, which it takes as it is."""
    (folder / "types").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "token").write_text("secret-of-the-worker\n")
    command = [sys.executable, "-m", "render.worker", "--url", f"http://127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, "--types", str(folder / "types"), "--slots", "8"],
        env={**environment(), "TELLTALE_TOKEN_FILE": str(folder / "token"), "PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    process.port = port  # type: ignore[attr-defined]
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def desk(worker: Any) -> Iterator[Desk]:
    desk = Desk(worker.port)
    yield desk
    desk.stop()


def test_it_tells_its_types_and_brings_its_token(desk: Desk) -> None:
    desk.wait(lambda: desk.types and desk.tokens)
    assert desk.types["table"]["source"] == "required"
    assert desk.types["table"]["engine"] == "python"
    assert {"custom", "roc_curve"} <= set(desk.types)
    names = [argument["name"] for argument in desk.types["roc_curve"]["arguments"]]
    assert names == ["is_generated", "target_lambda", "trueclass", "true_score_column"]
    assert desk.tokens[0] == "Bearer secret-of-the-worker"


def test_a_file_dropped_in_the_folder_is_told(desk: Desk, folder: Path) -> None:
    code = '"""Mine\n\nAbout it."""\nbins: int = 3  # Bars\nprint(bins)\n'
    (folder / "types" / "mine.py").write_text(code)
    desk.wait(lambda: "mine" in desk.types)
    told = desk.types["mine"]
    assert (told["title"], told["description"], told["source"]) == ("Mine", "About it.", "none")
    assert told["arguments"] == [
        {"name": "bins", "type": "integer", "default": 3, "required": False, "description": "Bars"}
    ]
    desk.lease("mine", "mine", {"bins": 5})
    desk.wait(lambda: "mine" in desk.done)
    assert desk.text("mine") == "5\n"


def test_a_job_is_drawn_and_told(desk: Desk, folder: Path) -> None:
    (folder / "rows.csv").write_text("a\n1\n")
    source = {"uri": "s3://bucket/rows.csv", "path": str(folder / "rows.csv")}
    desk.lease("table", "table", {}, source=source)
    desk.lease("fails", "custom", {"code": ["print('before')", "1/0"]})
    desk.lease("absent", "nope", {})
    desk.lease("crash", "custom", {"code": "import os\nos._exit(4)"})
    desk.wait(lambda: {"table", "fails", "absent", "crash"} <= set(desk.done))
    assert desk.done["table"] == {"state": "SUCCEEDED", "message": ""}
    assert [mime for mime, _, _ in desk.parts["table"].values()] == ["text/html"]
    assert desk.done["fails"]["message"] == "ZeroDivisionError: division by zero"
    assert [name for _, name, _ in desk.parts["fails"].values()] == ["stdout", "error"]
    assert desk.done["absent"]["state"] == "FAILED" and "nope" in desk.done["absent"]["message"]
    assert "status 4" in desk.done["crash"]["message"] and "status 4" in desk.text("crash")


def test_each_part_is_there_while_the_job_runs_and_cancelling_ends_it(desk: Desk) -> None:
    code = "print('one')\ndisplay(2)\nprint('three')\nwhile True: pass"
    desk.lease("slow", "custom", {"code": code})
    desk.lease("beside", "custom", {"code": "print('beside')"})
    desk.wait(lambda: len(desk.parts.get("slow", {})) == 3 and "beside" in desk.done)
    assert desk.text("slow") == "one\n2three\n"
    assert "slow" not in desk.done
    desk.cancelled.append("slow")
    beats = desk.beats.get("slow", 0)
    desk.wait(lambda: desk.beats.get("slow", 0) > beats)
    # Of eight slots none is held for good: as many jobs come through again.
    for number in range(8):
        desk.lease(f"after-{number}", "custom", {"code": "1"})
    desk.wait(lambda: all(f"after-{number}" in desk.done for number in range(8)))
    assert "slow" not in desk.done


def test_a_lost_lease_ends_its_job(desk: Desk) -> None:
    desk.lease("lost", "custom", {"code": "print('x')\nwhile True: pass"})
    desk.wait(lambda: "lost" in desk.parts)
    desk.gone.append("lost")
    desk.lease("next", "custom", {"code": "1"})
    desk.wait(lambda: "next" in desk.done)


def test_text_is_appended_and_redrawn_displays_are_replaced(desk: Desk) -> None:
    code = "h = display('a', display_id=True)\nfor i in range(2000): print(i)\nh.update('z')"
    desk.lease("text", "custom", {"code": code})
    desk.wait(lambda: "text" in desk.done)
    assert desk.text("text") == "'z'" + "".join(f"{i}\n" for i in range(2000))
    # Joined while the server was busy, not one request for each line.
    assert len([put for put in desk.puts if put[0] == "text"]) < 1500


def test_a_job_that_goes_on_telling_is_sent_in_larger_pieces(desk: Desk) -> None:
    desk.lease("chatty", "custom", {"code": "for i in range(100000): print(i)"})
    desk.wait(lambda: "chatty" in desk.done)
    assert desk.text("chatty") == "".join(f"{i}\n" for i in range(100000))
    assert len([put for put in desk.puts if put[0] == "chatty"]) < 5000


def test_a_server_that_dies_within_a_part_gets_all_of_it_once(desk: Desk) -> None:
    desk.refuse_puts = 2
    desk.lease("again", "custom", {"code": "print('kept')\nprint('whole')"})
    desk.wait(lambda: "again" in desk.done)
    assert desk.text("again") == "kept\nwhole\n"


def test_a_large_part_arrives_whole(desk: Desk) -> None:
    code = "from IPython.display import HTML\nHTML('x' * (50 << 20))"
    desk.lease("large", "custom", {"code": code})
    desk.wait(lambda: "large" in desk.done)
    assert desk.parts["large"][0][2] == b"x" * (50 << 20)


def test_a_large_display_that_is_redrawn_while_it_is_sent_ends_as_its_last_state(
    desk: Desk,
) -> None:
    code = (
        "from IPython.display import HTML\nh = display(HTML('a' * (8 << 20)), display_id=True)\n"
        "for i in range(6): h.update(HTML(str(i) * (8 << 20)))"
    )
    desk.lease("redrawn", "custom", {"code": code})
    desk.wait(lambda: "redrawn" in desk.done)
    assert desk.done["redrawn"]["state"] == "SUCCEEDED"
    assert desk.parts["redrawn"][0][2] == b"5" * (8 << 20)


def test_what_the_server_refuses_is_told(desk: Desk) -> None:
    desk.refused.append("refused")
    desk.lease("refused", "custom", {"code": "print('x')"})
    desk.wait(lambda: "refused" in desk.done)
    told = {"state": "FAILED", "message": "the server refused part 0 with 413"}
    assert desk.done["refused"] == told


def test_the_forking_parent_has_no_token_and_may_be_killed(desk: Desk, worker: Any) -> None:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    told = Path(f"/proc/{children[0]}/environ").read_bytes()
    assert b"TELLTALE" not in told
    desk.lease("orphan", "custom", {"code": "print('x')\nwhile True: pass"})
    desk.wait(lambda: "orphan" in desk.parts)
    os.kill(int(children[0]), signal.SIGKILL)
    desk.lease("reborn", "custom", {"code": "print('again')"})
    desk.wait(lambda: "reborn" in desk.done)
    assert desk.text("reborn") == "again\n"
    assert "orphan" not in desk.done  # its lease expires, and another worker gets it


def test_the_worker_ends_at_once_and_its_jobs_with_it(desk: Desk, worker: Any) -> None:
    desk.lease("last", "custom", {"code": "print('x')\nwhile True: pass"})
    desk.wait(lambda: "last" in desk.parts)
    worker.terminate()
    assert worker.wait(timeout=300) == 0
    assert "last" not in desk.done
