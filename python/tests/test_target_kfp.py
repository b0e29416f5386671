"""Target `kfp`: what is pushed becomes a version and a run of Kubeflow Pipelines, by requests that
a stub looks at field by field; and what is done while it does not answer."""

import json
import os
import signal
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from conftest import free_port
from kfp_stub import TOKEN, Kfp
from pushing import (
    PIPELINE,
    Repository,
    address,
    delivering_server,
    delivery_processes,
    ended,
    records,
)
from real_server import Server, await_that, needs_server

pytestmark = needs_server

SETTINGS = "target: staging\nparameters: {epochs: 3}\n"


@pytest.fixture
def kfp() -> Iterator[Kfp]:
    stub = Kfp(free_port())
    yield stub
    stub.stop()


@pytest.fixture
def server(
    tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch, kfp: Kfp
) -> Iterator[Server]:
    (tmp_path / "kfp-token").write_text(TOKEN + "\n")
    serving = delivering_server(tmp_path, python, monkeypatch)
    server = next(serving)
    target = {"kind": "kfp", "url": kfp.url, "token_file": str(tmp_path / "kfp-token")}
    targets = {"staging": {**target, "namespace": "team-a", "experiment_id": "experiment-1"}}
    (server.data / "targets.yaml").write_text(json.dumps(targets))
    yield server
    next(serving, None)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


def task_of(server: Server, key: str, name: str) -> Dict[str, Any]:
    view = server.get(f"/api/v1/runs/{key}")
    return next((t for t in view.get("tasks", []) if t["path"] == name), {})


def waits(server: Server) -> bool:
    found = records(server)
    if not found:
        return False
    deploy = task_of(server, found[0]["key"], "deploy")
    return str(deploy.get("message", "")).startswith("Waiting for 127.0.0.1:")


def test_a_push_is_a_version_named_by_its_commit_and_a_run(
    server: Server, repository: Repository, kfp: Kfp
) -> None:
    kfp.start()
    revision = repository.commit(pipeline__py=PIPELINE, telltale__yaml=SETTINGS)
    said = repository.git("push", "-o", "wait", address(server), "main")
    assert f"version {revision[:7]} of demo in staging" in said
    assert f"{kfp.url}/#/runs/details/run-0" in said
    assert "The run has succeeded." in said
    record = records(server)[0]
    version = kfp.versions[0]
    assert (version["name"], version["display_name"]) == (revision, revision[:7])
    assert version["code_source_url"] == f"{server.url}/git/demo.git#{revision}"
    assert [p["namespace"] for p in kfp.pipelines.values()] == ["team-a"]
    run = kfp.runs[0]
    assert run["runtime_config"] == {"parameters": {"epochs": 3}}
    assert run["experiment_id"] == "experiment-1"
    assert record["key"] in run["display_name"]
    view = ended(server, record["key"])
    outputs = next(t["outputs"] for t in view["tasks"] if t["path"] == "deploy")
    assert outputs["pipeline_version_id"] == '"version-0"'
    kfp.final = "FAILED"
    second = repository.commit(notes__txt="more\n")
    said = repository.git("push", "-o", "wait", address(server), "main")
    assert "The run has failed." in said
    assert [v["name"] for v in kfp.versions] == [revision, second]
    assert len(kfp.pipelines) == 1


def test_one_that_is_down_is_waited_for(server: Server, repository: Repository, kfp: Kfp) -> None:
    repository.commit(pipeline__py=PIPELINE, telltale__yaml=SETTINGS)
    pushing = repository.begin("push", address(server), "main")
    await_that(lambda: waits(server))
    kfp.troubles = [503, 502, 429]
    kfp.start()
    said = pushing.communicate(timeout=240)[0].decode()
    assert "▶ deploy … Waiting for 127.0.0.1:" in said
    assert "▶ run … ✓" in said
    key = records(server)[0]["key"]
    assert ended(server, key)["run"]["state"] == "SUCCEEDED"
    log = server.get(f"/api/v1/runs/{key}/tasks/{task_of(server, key, 'deploy')['id']}/log")
    assert b"503 upstream connect error" in log
    assert TOKEN.encode() not in log


def test_one_that_is_down_is_waited_for_no_longer_than_the_developer_wants(
    server: Server, repository: Repository
) -> None:
    repository.commit(pipeline__py=PIPELINE, telltale__yaml=SETTINGS)
    pushing = repository.begin("push", address(server), "main")
    await_that(lambda: waits(server))
    key = records(server)[0]["key"]
    assert server.post(f"/api/v1/runs/{key}/cancel") == 202
    assert "Stopped. It was cancelled." in pushing.communicate(timeout=240)[0].decode()
    view = ended(server, key)
    assert view["run"]["state"] == "CANCELLED"
    assert task_of(server, key, "deploy")["state"] == "CANCELLED"


def test_killed_while_it_deploys_it_goes_on_there(
    server: Server, repository: Repository, kfp: Kfp
) -> None:
    repository.commit(pipeline__py=PIPELINE, telltale__yaml=SETTINGS)
    pushing = repository.begin("push", address(server), "main")
    await_that(lambda: waits(server))
    server.kill()
    for process in delivery_processes(server):
        os.kill(process, signal.SIGKILL)
    pushing.communicate(timeout=240)
    kfp.lose_answers = 3  # of what makes a pipeline, a version, a run
    kfp.start()
    server.start()
    await_that(lambda: bool(records(server)[0]["state"]))
    record = records(server)[0]
    assert record["state"] == "SUCCEEDED", record["message"]
    assert record["attempts"]["deploy"] == 2
    assert record["attempts"]["package"] == 1
    assert len(kfp.versions) == 1
    assert len(kfp.runs) == 1


def test_what_it_refuses_is_told_in_its_words(
    server: Server, repository: Repository, kfp: Kfp, tmp_path: Path
) -> None:
    kfp.start()
    (tmp_path / "kfp-token").write_text("another\n")
    repository.commit(pipeline__py=PIPELINE, telltale__yaml=SETTINGS)
    said = repository.git("push", address(server), "main")
    assert "refuses it: 401 Request not authenticated" in said
    assert task_of(server, records(server)[0]["key"], "deploy")["state"] == "FAILED"
    assert len(kfp.asked) == 1


def test_a_target_is_one_that_the_operator_has_named(
    server: Server, repository: Repository
) -> None:
    repository.commit(pipeline__py=PIPELINE, telltale__yaml="target: production\n")
    said = repository.git("push", address(server), "main")
    assert "this server has no target production. It has: local, staging." in said
