"""What a push sets off, with the real git, server and kfp.local: stages live in the pushing
terminal and on the page, and a run at their end; what is refused, and why; who goes on after what.
"""

import json
import os
import signal
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from pushing import PIPELINE, Repository, address, delivering_server, ended, records
from real_server import Server, await_that, needs_server

pytestmark = needs_server

STAGES = ["receive", "package", "test", "deploy", "run"]
# Goes on once the developer has made that file.
WAITS = """
import pathlib, time
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
"""


@pytest.fixture
def server(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("DEPLOY_PASSWORD", "correct-horse-battery")
    yield from delivering_server(tmp_path, python, monkeypatch)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


def states(view: Dict[str, Any]) -> Dict[str, str]:
    return {task["path"]: task["state"] for task in view["tasks"]}


def test_a_push_is_packaged_tested_deployed_and_run(server: Server, repository: Repository) -> None:
    revision = repository.commit(
        pipeline__py=PIPELINE, test_it__py="def test_it():\n    print('hello')\n"
    )
    said = repository.git("push", "-o", "wait", address(server), "main")
    record = records(server)[0]
    for stage in STAGES:
        assert f"▶ {stage} … ✓" in said, said
    assert "1 passed" in said
    assert f"{server.url}/runs/{record['key']}" in said
    assert f"{server.url}/runs/{record['finished']['run']['run_key']}" in said
    assert "The run has succeeded." in said
    view = ended(server, record["key"])
    assert view["run"]["state"] == "SUCCEEDED"
    assert view["run"]["name"] == f"demo main {revision[:7]}"
    assert view["run"]["source"] == "push"
    assert states(view) == dict.fromkeys(STAGES, "SUCCEEDED")
    tests = next(task for task in view["tasks"] if task["path"] == "test")
    assert tests["outputs"] == {"passed": "1", "failed": "0", "skipped": "0"}
    results = next(artifact for artifact in view["artifacts"] if artifact["name"] == "tests")
    assert results["type"] == "telltale.TestResults"
    log = server.get(f"/api/v1/runs/{record['key']}/tasks/{tests['id']}/log").decode()
    assert "s  test_it.test_it" in log
    view = ended(server, record["finished"]["run"]["run_key"])
    assert (view["run"]["state"], view["run"]["source"]) == ("SUCCEEDED", "local")
    assert view["parameters"] == {"epochs": "2"}

    # The second: another value, and nothing of the first is done again by it.
    second = repository.commit(notes__txt="more\n")
    said = repository.git("push", "-o", "run.epochs=3", "-o", "wait", address(server), "main")
    assert "The run has succeeded." in said
    record = records(server)[1]
    assert (record["revision"], record["before"]) == (second, revision)
    view = ended(server, record["finished"]["run"]["run_key"])
    assert view["parameters"] == {"epochs": "3"}
    assert "Nothing to deliver" in repository.git("push", address(server), ":refs/heads/main")


REFUSED = {
    "none": ({"train__py": "print(1)\n"}, ["There is no pipeline here"]),
    "broken": ({"train__py": "x = = 1\n"}, ["There is no pipeline here", "train.py:1:"]),
    "several": (
        {"a__py": PIPELINE, "b__py": PIPELINE.replace("demo", "other")},
        ["There are 2 pipelines here", "a.py:11: demo", "b.py:11: other"],
    ),
    "uncompiled": (
        {"pipeline__py": PIPELINE.replace("train(epochs=", "train(epoch=")},
        ["pipeline.py can't be imported: ", "(line 12)"],
    ),
    "unknown": (
        {"pipeline__py": PIPELINE, "requirements__txt": "no-such-package-telltale==1\n"},
        ["requirements.txt could not be installed", "no-such-package-telltale"],
    ),
    "links": ({"pipeline__py": PIPELINE.replace("@dsl.pipeline\n", "")}, ["no pipeline here"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_repository_that_cannot_be_run_is_told_why(
    server: Server, repository: Repository, kind: str
) -> None:
    files, told = REFUSED[kind]
    if kind == "links":
        (repository.folder / "outside.py").symlink_to("/etc/hostname")
    repository.commit(**files)
    said = repository.git("push", address(server), "main")
    for text in told:
        assert text in said, said
    assert str(server.data) not in said.replace(f"{server.data}/environments", "")
    record = records(server)[0]
    view = ended(server, record["key"])
    assert view["run"]["state"] == "FAILED"
    assert told[0] in view["run"]["message"]
    assert states(view)["package"] == "FAILED"
    assert states(view)["run"] == "SKIPPED"


def test_a_project_runs_with_what_it_requires_made_once(
    server: Server, repository: Repository
) -> None:
    uses = PIPELINE.replace("    for epoch", "    import tabulate\n    for epoch")
    repository.commit(
        pipeline__py="import tabulate\n" + uses, requirements__txt="tabulate==0.9.0\n"
    )
    said = repository.git("push", "-o", "wait", address(server), "main")
    assert "environment made from requirements.txt" in said
    assert "The run has succeeded." in said
    repository.commit(notes__txt="more\n")
    said = repository.git("push", "-o", "wait", address(server), "main")
    assert "environment reused (requirements.txt unchanged)" in said
    assert "The run has succeeded." in said


def test_telltale_yaml_names_the_rest(server: Server, repository: Repository) -> None:
    settings = """
pipeline: b.py
test: [pytest, -q, checks.py]
parameters: {epochs: 1}
branches:
  main: {parameters: {epochs: 4}}
"""
    check = "def test_nothing():\n    pass\n"
    other = PIPELINE.replace("def demo", "def other")
    repository.commit(a__py=PIPELINE, b__py=other, checks__py=check, telltale__yaml=settings)
    said = repository.git("push", "-o", "wait", address(server), "main")
    assert "b.py → other" in said
    assert "1 passed" in said
    view = ended(server, records(server)[0]["finished"]["run"]["run_key"])
    assert view["parameters"] == {"epochs": "4"}
    repository.commit(telltale__yaml="pipeline: b.py\ntests: 1\n")
    said = repository.git("push", address(server), "main")
    assert "telltale.yaml:2:1: telltale.yaml has no tests; it may have pipeline" in said


def test_a_failing_test_deploys_nothing_and_secrets_are_masked(
    server: Server, repository: Repository
) -> None:
    test = (
        "import os\ndef test_it():\n    print(os.environ['DEPLOY_PASSWORD'])\n    assert 1 == 2\n"
    )
    repository.commit(pipeline__py=PIPELINE, test_it__py=test)
    said = repository.git("push", address(server), "main")
    assert "▶ test … ✗" in said
    assert "assert 1 == 2" in said
    assert "correct-horse-battery" not in said
    view = ended(server, records(server)[0]["key"])
    assert states(view)["deploy"] == "SKIPPED"
    test_id = next(task["id"] for task in view["tasks"] if task["path"] == "test")
    log = server.get(f"/api/v1/runs/{records(server)[0]['key']}/tasks/{test_id}/log")
    assert b"***" in log
    assert b"correct-horse-battery" not in log


def test_a_test_that_hangs_is_cancelled(server: Server, repository: Repository) -> None:
    gate = str(repository.folder / "never")
    repository.commit(pipeline__py=PIPELINE, test_it__py=WAITS.format(gate=gate))
    pushing = repository.begin("push", address(server), "main")
    await_that(lambda: any("test" in record["attempts"] for record in records(server)))
    key = records(server)[0]["key"]
    assert server.post(f"/api/v1/runs/{key}/cancel") == 202
    said = pushing.communicate(timeout=240)[0].decode()
    assert "Stopped. It was cancelled." in said
    view = ended(server, key)
    assert view["run"]["state"] == "CANCELLED"
    assert states(view)["test"] == "CANCELLED"


def test_a_newer_push_takes_the_place_of_one_that_has_not_deployed(
    server: Server, repository: Repository
) -> None:
    gate = str(repository.folder / "never")
    repository.commit(pipeline__py=PIPELINE, test_it__py=WAITS.format(gate=gate))
    first = repository.begin("push", address(server), "main")
    await_that(lambda: any("test" in record["attempts"] for record in records(server)))
    newer = repository.commit(test_it__py="def test_it():\n    pass\n")
    said = repository.git("push", address(server), "main")
    assert "▶ run … ✓" in said
    assert f"A newer push, {newer[:7]}, has taken its place." in first.communicate()[0].decode()
    older, younger = records(server)
    assert ended(server, older["key"])["run"]["state"] == "CANCELLED"
    assert ended(server, younger["key"])["run"]["state"] == "SUCCEEDED"


def delivery_process(server: Server) -> int:
    """The one that works on the only delivery."""
    key = records(server)[0]["key"]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"deliver" in command and any(part.endswith(key.encode()) for part in command):
            return int(folder.name)
    raise AssertionError("no process works on the delivery")


def gated(stage: str, gate: Path) -> Dict[str, str]:
    """A repository whose delivery stands still in that stage until the gate is there."""
    waits = WAITS.format(gate=str(gate))
    files = {"pipeline__py": PIPELINE, "test_it__py": "def test_it():\n    pass\n"}
    if stage == "package":
        files["pipeline__py"] += waits
    if stage == "test":
        files["test_it__py"] += waits
    if stage == "run":  # the same import for the second time
        first = str(gate) + ".first"
        files["pipeline__py"] += (
            f"import pathlib\nif pathlib.Path({first!r}).exists():\n"
            + "".join(f"    {line}\n" for line in waits.strip().split("\n"))
            + f"pathlib.Path({first!r}).touch()\n"
        )
    return files


@pytest.mark.parametrize("stage", ["package", "test", "run"])
def test_killed_in_a_stage_it_goes_on_there(
    server: Server, repository: Repository, tmp_path: Path, stage: str
) -> None:
    gate = tmp_path / "gate"
    repository.commit(**gated(stage, gate))
    pushing = repository.begin("push", address(server), "main")

    def is_there() -> bool:
        found = records(server)
        return bool(found) and stage in found[0]["attempts"]

    await_that(is_there)
    server.kill()
    os.kill(delivery_process(server), signal.SIGKILL)
    pushing.communicate(timeout=240)
    gate.touch()
    server.start()
    await_that(lambda: bool(records(server)[0]["state"]))
    record = records(server)[0]
    assert record["state"] == "SUCCEEDED"
    assert record["attempts"] == {**dict.fromkeys(STAGES, 1), stage: 2}
    view = ended(server, record["key"])
    assert states(view) == dict.fromkeys(STAGES, "SUCCEEDED")
    run = ended(server, record["finished"]["run"]["run_key"])["run"]
    assert run["state"] == "SUCCEEDED"
    assert len(server.get("/api/v1/runs")["runs"]) == 2


def test_it_goes_on_without_its_terminal_and_without_the_server(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    repository.commit(**gated("test", gate))
    pushing = repository.begin("push", address(server), "main")
    await_that(lambda: any("test" in record["attempts"] for record in records(server)))
    os.killpg(pushing.pid, signal.SIGINT)  # Ctrl-C
    pushing.communicate(timeout=240)
    server.kill()
    gate.touch()
    await_that(lambda: bool(records(server)[0]["state"]))
    server.start()
    record = records(server)[0]
    assert record["attempts"] == dict.fromkeys(STAGES, 1)
    assert states(ended(server, record["key"])) == dict.fromkeys(STAGES, "SUCCEEDED")
    assert ended(server, record["finished"]["run"]["run_key"])["run"]["state"] == "SUCCEEDED"


def test_a_server_that_is_stopped_waits_for_no_delivery(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    repository.commit(**gated("test", gate))
    pushing = repository.begin("push", address(server), "main")
    await_that(lambda: any("test" in record["attempts"] for record in records(server)))
    assert server.end(signal.SIGTERM) == 0
    pushing.communicate(timeout=240)
    server.start()
    gate.touch()
    await_that(lambda: bool(records(server)[0]["state"]))
    assert records(server)[0]["attempts"] == dict.fromkeys(STAGES, 1)
    assert states(ended(server, records(server)[0]["key"]))["run"] == "SUCCEEDED"


def test_of_many_branches_four_are_delivered(server: Server, repository: Repository) -> None:
    revision = repository.commit(notes__txt="no pipeline\n")
    packed = "".join(f"{revision} refs/heads/b{n}\n" for n in range(10_000))
    (repository.folder / ".git" / "packed-refs").write_text(f"# pack-refs with: sorted\n{packed}")
    said = repository.git("push", address(server), "refs/heads/b*:refs/heads/b*")
    assert "10000 branches came; the first 4 are delivered." in said
    assert len(records(server)) == 4
    assert "refs/heads/b9999" in repository.git("ls-remote", address(server))


def test_a_run_is_started_once_however_often_that_is_tried(
    server: Server, repository: Repository
) -> None:
    repository.commit(pipeline__py=PIPELINE)
    repository.git("push", "-o", "wait", address(server), "main")
    key = records(server)[0]["key"]
    file = server.data / "deliveries" / key / "record.json"
    # As if it had been killed right after the run began.
    record = json.loads(file.read_text())
    run_key = record["finished"].pop("run")["run_key"]
    record["finished"].pop("deploy")
    before = server.get(f"/api/v1/runs/{run_key}")["run"]["started_at_us"]
    server.kill()
    file.write_text(json.dumps({**record, "state": ""}))
    server.start()
    await_that(lambda: bool(records(server)[0]["state"]))
    after = records(server)[0]
    assert after["finished"]["run"]["run_key"] == run_key
    assert after["attempts"] == {"receive": 1, "package": 1, "test": 1, "deploy": 2, "run": 2}
    assert server.get(f"/api/v1/runs/{run_key}")["run"]["started_at_us"] == before
