"""Where the SDK and the local target find their token, and what they do when it is refused."""

import os
import subprocess
from pathlib import Path
from typing import Dict

import pytest
from conftest import RUN_KEY
from sink import Sink

from local_target.server_reader import ServerReader
from telltale.credentials import Token, is_this_machine
from telltale.encoding import Point
from telltale.sender import Sender


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TELLTALE_TOKEN", "TELLTALE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home


def leave(state_home: Path, name: str, token: str, mode: int = 0o600) -> Path:
    """As a server of this user does."""
    file = state_home / "telltale" / "servers" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(token + "\n")
    file.chmod(mode)
    return file


def test_the_order_is_variable_file_and_what_the_server_left(
    state_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Token("127.0.0.1", 8080)
    assert token.value() == ""
    leave(state_home, "127.0.0.1_8080", "left")
    assert token.value() == "left"
    (tmp_path / "file").write_text("\n  of-the-file  \nanother\n")
    monkeypatch.setenv("TELLTALE_TOKEN_FILE", str(tmp_path / "file"))
    assert token.value() == "of-the-file"
    monkeypatch.setenv("TELLTALE_TOKEN", "of-the-variable\n")
    assert token.value() == "of-the-variable"
    monkeypatch.delenv("TELLTALE_TOKEN")
    assert token.value() == "of-the-file"
    monkeypatch.setenv("TELLTALE_TOKEN_FILE", str(tmp_path / "none"))
    assert token.value() == ""


def test_what_a_server_left_is_of_its_address_only(
    state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(state_home, "127.0.0.1_8080", "a")
    assert Token("127.0.0.1", 8081).value() == ""
    assert Token("localhost", 8080).value() == "a"
    leave(state_home, "example.org_8080", "b")
    leave(state_home, "127.evil.example_8080", "b")
    assert Token("example.org", 8080).value() == ""
    assert Token("127.evil.example", 8080).value() == ""
    leave(state_home, "::1_8080", "c")
    assert Token("::1", 8080).value() == "c"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(state_home.parent / "home"))
    leave(state_home.parent / "home" / ".local" / "state", "127.0.0.1_8080", "d")
    assert Token("127.0.0.1", 8080).value() == "d"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_touch_is_not_believed(state_home: Path, mode: int) -> None:
    leave(state_home, "127.0.0.1_8080", "a", mode)
    assert Token("127.0.0.1", 8080).value() == ""


def test_only_a_regular_file_of_this_user_is_believed(
    state_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = leave(state_home, "127.0.0.1_8080", "a")
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    assert Token("127.0.0.1", 8080).value() == ""
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(state_home))
    moved = file.rename(file.with_name("moved"))
    file.symlink_to(moved)
    assert Token("127.0.0.1", 8080).value() == ""
    file.unlink()
    os.mkfifo(file, 0o600)
    assert Token("127.0.0.1", 8080).value() == ""
    file.unlink()
    file.mkdir(mode=0o700)
    assert Token("127.0.0.1", 8080).value() == ""


@pytest.mark.parametrize("text", ["a b", "a\tb", "a\x00b", "ä", "a\rb"])
def test_what_no_header_can_hold_is_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "file").write_text(text, newline="")
    monkeypatch.setenv("TELLTALE_TOKEN_FILE", str(tmp_path / "file"))
    assert Token("127.0.0.1", 8080).value() == ""


def test_this_machine() -> None:
    assert all(map(is_this_machine, ["127.0.0.1", "127.9.9.9", "localhost", "::1"]))
    assert not any(map(is_this_machine, ["", "127.evil.example", "0.0.0.0", "localhost.example"]))


def test_a_file_that_changes_is_read_again(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("first-token\n")
    monkeypatch.setenv("TELLTALE_TOKEN_FILE", str(file))
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
    sender.put(Point("t", "m", 1, 1, 1.0))
    assert sender.flush(60)
    file.write_text("the-second-token\n")
    sender.put(Point("t", "m", 2, 1, 1.0))
    assert sender.close(60)
    assert sink.tokens == ["first-token", "the-second-token"]


def test_after_a_refusal_what_the_next_server_left_is_taken(
    sink: Sink, state_home: Path, tmp_path: Path
) -> None:
    sink.known_tokens = ["new"]
    name = sink.url[len("http://") :].replace(":", "_")
    leave(state_home, name, "old")
    sender = Sender(sink.url, RUN_KEY, str(tmp_path / "spool"))
    sender.put(Point("t", "m", 1, 1, 1.0))
    assert not sender.flush(60)
    assert sender.stats().spooled_bytes > 0
    leave(state_home, name, "new")
    sink.wait_for(lambda: sink.points("t", "m") == [(1, 1.0)])
    assert sender.close(60)


def test_the_local_target_asks_with_it(sink: Sink, state_home: Path) -> None:
    sink.known_tokens = ["mine"]
    reader = ServerReader(sink.url)
    assert reader.run(RUN_KEY) is None
    leave(state_home, sink.url[len("http://") :].replace(":", "_"), "mine")
    assert reader.run(RUN_KEY) == {"run_key": RUN_KEY}
    assert sink.tokens == ["", "mine"]


def test_it_is_told_nowhere(
    sink: Sink, python: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("very-secret\n")
    environment["TELLTALE_TOKEN_FILE"] = str(tmp_path / "file")
    sink.known_tokens = []
    code = """
import logging
logging.basicConfig(level=logging.DEBUG)
import telltale
telltale.log_metric("a", object())
telltale.log_metric("a", 1)
assert not telltale.flush(60)
"""
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, check=True)
    assert b"401" in done.stderr
    assert b"very-secret" not in done.stderr + done.stdout
    assert sink.tokens and set(sink.tokens) == {"very-secret"}
    for file in (tmp_path / "spool").glob("*/*"):
        assert b"very-secret" not in file.read_bytes()
