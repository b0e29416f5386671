"""What a developer types: `telltale init` to a run that has succeeded, and the verbs that look and
act, with the real program, git and server."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, List, Sequence

import pytest
from conftest import PYTHON_DIRECTORY, RUN_KEY
from pushing import IDENTITY, PIPELINE, Repository, delivering_server, ended, records
from real_server import BINARY, Server, await_that, events_of, needs_server

pytestmark = needs_server

TRAIN = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--log-dir", default="logs")
parser.add_argument("--verbose", action="store_true")
parser.add_argument("data", nargs="*")
options = parser.parse_args()
rate = open("rate.txt").read().strip()
for epoch in range(options.epochs):
    print(f"epoch={epoch} loss={options.lr / (epoch + 1)} rate={rate}", flush=True)
"""


@pytest.fixture
def server(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    yield from delivering_server(tmp_path, python, monkeypatch)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "my project")


class Terminal:
    """Commands of the program, in the developer's repository."""

    def __init__(self, server: Server, repository: Repository) -> None:
        self._folder = repository.folder
        self.environment = {**server.environment, **IDENTITY, "TELLTALE_URL": server.url}

    def run(self, *command: str, status: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
        said = done.stdout.decode()
        assert done.returncode == status, said
        return said

    def telltale(self, *arguments: str, status: int = 0) -> str:
        return self.run(BINARY, *arguments, status=status)

    def answering(self, command: Sequence[str], answers: List[str]) -> str:
        """At a terminal, with those answers typed one after another."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self._folder)
            os.execve(command[0], list(command), self.environment)
        os.write(fd, "".join(answer + "\n" for answer in answers).encode())
        said = b""
        while True:
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        os.close(fd)
        assert os.waitpid(pid, 0)[1] == 0, said.decode()
        return said.decode()


@pytest.fixture
def terminal(server: Server, repository: Repository) -> Terminal:
    return Terminal(server, repository)


def test_a_plain_script_takes_init_and_a_push(
    server: Server,
    repository: Repository,
    terminal: Terminal,
) -> None:
    repository.commit(train__py=TRAIN, rate__txt="7\n")
    said = terminal.telltale("init")
    pipeline = (repository.folder / "pipeline.py").read_text()
    assert all(f"    {line}" in said for line in pipeline.splitlines() if line)
    assert "git push telltale main" in said
    token = (server.data / "token").read_text().strip()
    assert token not in (repository.folder / ".git" / "config").read_text()
    terminal.run("git", "add", "--all")
    terminal.run("git", "commit", "-m", "a pipeline")
    said = terminal.run("git", "push", "-o", "wait", "-o", "run.epochs=3", "telltale", "main")
    assert "The run has succeeded." in said
    record = records(server)[0]
    assert record["project"] == "my-project"
    run = record["finished"]["run"]["run_key"]
    view = ended(server, run)
    assert view["parameters"] == {"epochs": "3", "lr": "0.1", "log_dir": '"logs"'}
    assert "epoch=2" in terminal.telltale("logs", run)
    assert "rate=7" in terminal.telltale("logs", run)


NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Training\n", "epochs = 9"]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "source": "%matplotlib inline\n!pip list",
        },
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "source": ["epochs = 2\n", "name = 'a run'\n", "best = 0\n", "rates = [0.1, 0.2]"],
        },
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": "%%bash\nexit 1"},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "source": "for epoch in range(epochs):\n    %time best = epoch\n"
            "    best = epoch\n    print(f'epoch={epoch} {name} loss={1 / (epoch + 1)}')",
        },
    ],
}


def test_a_notebook_takes_init_and_a_push(
    server: Server, repository: Repository, terminal: Terminal
) -> None:
    repository.commit(train__ipynb=json.dumps(NOTEBOOK))
    assert "train.ipynb as a pipeline" in terminal.telltale("init")
    terminal.run("git", "add", "--all")
    terminal.run("git", "commit", "-m", "a pipeline")
    said = terminal.run("git", "push", "-o", "wait", "-o", "run.epochs=3", "telltale", "main")
    assert "The run has succeeded." in said
    run = records(server)[0]["finished"]["run"]["run_key"]
    assert ended(server, run)["parameters"] == {"epochs": "3", "name_": '"a run"'}
    assert "epoch=2 a run loss=" in terminal.telltale("logs", run)


def test_a_notebook_that_is_none_is_told_why(repository: Repository, terminal: Terminal) -> None:
    repository.commit(train__ipynb="{}")
    assert "train.ipynb is no notebook" in terminal.telltale("init", status=1)
    bad = {"cells": [{"cell_type": "code", "source": ["x = ="]}]}
    repository.commit(train__ipynb=json.dumps(bad))
    assert "train.ipynb, code cell 1: invalid syntax" in terminal.telltale("init", status=1)


def test_init_asks_three_questions_and_takes_the_answers(
    repository: Repository, terminal: Terminal
) -> None:
    repository.commit(train__py="print('no')\n", other_script__py=TRAIN)
    said = terminal.answering([BINARY, "init"], ["other_script.py", "epochs", "my pipeline"])
    assert said.count("? [") == 3
    pipeline = (repository.folder / "pipeline.py").read_text()
    assert 'name="my pipeline"' in pipeline
    assert "def pipeline(epochs: int = 2):" in pipeline
    assert "lr" not in pipeline.replace("https", "")
    before = (repository.folder / ".git" / "config").read_text()
    terminal.telltale("init")  # once more: nothing is asked, nothing is there twice
    assert (repository.folder / ".git" / "config").read_text() == before


def test_verbs_look_and_act(
    server: Server,
    repository: Repository,
    terminal: Terminal,
) -> None:
    first = repository.commit(pipeline__py=PIPELINE)
    assert "no remote telltale" in terminal.telltale("push", status=1)
    terminal.telltale("init")
    assert not (repository.folder / "train.py").exists()
    terminal.telltale("push", "-o", "wait")
    second = repository.commit(notes__txt="more\n")
    said = terminal.telltale("push", "-o", "wait")
    assert f"Delivering {second[:7]}" in said
    run = records(server)[1]["finished"]["run"]["run_key"]
    listed = json.loads(terminal.telltale("runs", "--json"))
    assert {run, *(record["key"] for record in records(server))} <= {r["run_key"] for r in listed}
    assert run in terminal.telltale("runs", "demo")
    watched = terminal.telltale("watch", run[:12])
    assert "✓ train  succeeded" in watched
    assert "train | loss=1.0" in watched
    lines = [json.loads(line) for line in terminal.telltale("watch", run, "--json").splitlines()]
    assert {"path": "train", "state": "SUCCEEDED", "message": ""} in [
        {**line, "message": line["message"] or ""} for line in lines
    ]
    assert "loss=0.5" in terminal.telltale("logs", run, "train")
    assert "no task nothing" in terminal.telltale("logs", run, "nothing", status=1)
    assert "No run's key begins" in terminal.telltale("cancel", "zzzz", status=1)
    again = json.loads(terminal.telltale("retry", run, "--json"))["run_key"]
    assert ended(server, again)["run"]["state"] == "SUCCEEDED"
    said = terminal.telltale("rollback")
    assert f"main of my-project goes back to {first[:7]}" in said
    assert "✓ run  succeeded" in said
    assert [record["revision"] for record in records(server)] == [first, second, first]
    assert first in terminal.run("git", "ls-remote", "telltale", "main")
    again = terminal.telltale("retry", records(server)[1]["key"], "-o", "run.epochs=1")
    record = records(server)[3]
    assert f"/runs/{record['key']}" in again
    view = ended(server, record["key"])
    assert (record["revision"], record["how"], record["by"]) == (second, "run again", "owner")
    told = next(task["outputs"] for task in view["tasks"] if task["path"] == "receive")
    assert (told["how"], told["by"]) == ('"run again"', '"owner"')
    run = ended(server, records(server)[3]["finished"]["run"]["run_key"])
    assert run["parameters"] == {"epochs": "1"}
    # A run that no delivery is, with another parameter.
    other = json.loads(
        terminal.telltale("retry", run["run"]["run_key"], "-o", "run.epochs=3", "--json")
    )
    assert ended(server, other["run_key"])["parameters"] == {"epochs": "3"}


def test_without_a_server_that_answers_it_says_so(
    repository: Repository, terminal: Terminal
) -> None:
    said = terminal.telltale("runs", "--url", "http://127.0.0.1:1", status=1)
    assert "No Telltale answers at http://127.0.0.1:1" in said


COMPLETE = """
source <(telltale completion {shell})
COMP_WORDS=(telltale {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_telltale
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ro", "rollback"),
        ("ru", "run runs"),
        ("watch la", "last"),
        ("push --o", "--option"),
        ("runs --k", "--keys"),
    ],
)
def test_bash_completes_verbs_options_and_runs(
    terminal: Terminal, tmp_path: Path, words: str, found: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "telltale").symlink_to(BINARY)
    terminal.environment["PATH"] = f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"
    said = terminal.run("bash", "-c", COMPLETE.format(shell="bash", words=words))
    assert sorted(said.split()) == sorted(found.split())


def test_the_key_of_a_run_is_completed(server: Server, terminal: Terminal, tmp_path: Path) -> None:
    assert server.tell(*events_of("run_state", {"state": "RUNNING", "name": "a run"}))[0] == 200
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "telltale").symlink_to(BINARY)
    terminal.environment["PATH"] = f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"
    await_that(lambda: RUN_KEY in terminal.telltale("runs", "--keys"))
    said = terminal.run("bash", "-c", COMPLETE.format(shell="bash", words=f"watch {RUN_KEY[:5]}"))
    assert said.strip() == RUN_KEY


def test_every_verb_of_the_program_is_known_to_python() -> None:
    environment = {**os.environ, "PYTHONPATH": str(PYTHON_DIRECTORY)}
    listed: Any = subprocess.run([BINARY, "--help"], capture_output=True, check=True).stdout
    for verb in (
        "init",
        "push",
        "runs",
        "watch",
        "logs",
        "cancel",
        "retry",
        "rollback",
        "completion",
    ):
        assert f"  {verb} ".encode() in listed
        command = [sys.executable, "-m", "commands", verb, "--help"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
