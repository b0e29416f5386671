"""POST /api/v1/projects/{project}/pushes: what no git client pushes, who may, and who it was."""

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import pytest
from pushing import PIPELINE, Repository, address, delivering_server, ended, records
from real_server import Server, await_that, needs_server

pytestmark = needs_server

ANN = "ann-0123456789abcdef"


@pytest.fixture
def server(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{ANN} ann read,git(demo)\n")
    monkeypatch.setenv("TELLTALE_FETCH_PROTOCOLS", "https:ssh:file")
    arguments = ("--token-file", str(tokens), "--without-token", "read,ingest")
    yield from delivering_server(tmp_path, python, monkeypatch, arguments)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "elsewhere")


def ask(
    server: Server, body: Any, project: str = "demo", token: str = ""
) -> Tuple[int, Dict[str, Any]]:
    headers = {"Content-Type": "application/json"}
    if token or token == "":
        headers["Authorization"] = f"Bearer {token or ANN}"
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, _, answer = server.ask(f"/api/v1/projects/{project}/pushes", data, headers)
    return status, json.loads(answer)


def receive_of(view: Dict[str, Any]) -> Dict[str, Any]:
    return next(task for task in view["tasks"] if task["path"] == "receive")


def test_a_revision_is_fetched_delivered_and_its_branch_is_there(
    server: Server, elsewhere: Repository
) -> None:
    revision = elsewhere.commit(pipeline__py=PIPELINE)
    elsewhere.git("tag", "-a", "v1", "-m", "one")
    body = {
        "repository": f"file://{elsewhere.folder}",
        "revision": "v1",
        "branch": "release",
        "parameters": {"epochs": 1},
    }
    status, answer = ask(server, body)
    assert status == 202, answer
    view = ended(server, answer["run_key"])
    assert view["run"]["state"] == "SUCCEEDED", view["run"]
    assert view["run"]["name"] == f"demo release {revision[:7]}"
    outputs = receive_of(view)["outputs"]
    assert outputs["by"] == '"ann"'
    assert outputs["commit"] == json.dumps(revision)
    record = records(server)[0]
    assert ended(server, record["finished"]["run"]["run_key"])["parameters"] == {"epochs": "1"}
    refs = elsewhere.git("ls-remote", address(server))
    assert [line.split("\t") for line in refs.splitlines()] == [[revision, "refs/heads/release"]]
    # Once more, by the commit's name, which is new there: what came in between is told.
    second = elsewhere.commit(notes__txt="more\n")
    body = {"repository": f"file://{elsewhere.folder}", "revision": "main", "branch": "release"}
    key = ask(server, body)[1]["run_key"]
    ended(server, key)
    record = records(server)[1]
    assert (record["revision"], record["before"]) == (second, revision)


def test_what_cannot_be_fetched_fails_in_its_first_stage(server: Server, tmp_path: Path) -> None:
    key = ask(server, {"repository": f"file://{tmp_path}/nothing", "revision": "main"})[1][
        "run_key"
    ]
    view = ended(server, key)
    assert view["run"]["state"] == "FAILED"
    assert "It could not be fetched" in receive_of(view)["message"]
    assert ask(server, {"again": key})[0] == 404


REFUSED = {
    "protocol": {"repository": "ext::sh -c touch% /tmp/x", "revision": "main"},
    "plain http": {"repository": "http://127.0.0.1/x.git", "revision": "main"},
    "git's own": {"repository": "git://127.0.0.1/x.git", "revision": "main"},
    "path": {"repository": "/etc", "revision": "main"},
    "option for ssh": {"repository": "ssh://-oProxyCommand=touch/x", "revision": "main"},
    "option": {"repository": "--upload-pack=touch", "revision": "main"},
    "password": {"repository": "https://me:secret@127.0.0.1/x.git", "revision": "main"},
    "revision": {"repository": "https://127.0.0.1/x.git", "revision": "--output=x"},
    "range": {"repository": "https://127.0.0.1/x.git", "revision": "a..b"},
    "rule": {"repository": "https://127.0.0.1/x.git", "revision": "main:other"},
    "branch": {"repository": "https://127.0.0.1/x.git", "revision": "main", "branch": "../x"},
    "no revision": {"repository": "https://127.0.0.1/x.git"},
    "field": {"revision": "main", "force": True},
    "type": {"revision": ["main"]},
    "parameters": {"revision": "main", "parameters": {"a=b": 1}},
    "again": {"again": "a" * 26, "revision": "main"},
    "no json": b"{",
    "no object": [],
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_push_is_refused_in_a_sentence(server: Server, kind: str) -> None:
    status, answer = ask(server, REFUSED[kind])
    assert status == 400, answer
    assert answer["detail"].endswith(".") and "secret" not in answer["detail"]
    assert not records(server)
    assert not (server.data / "git").exists()


def test_a_token_of_one_project_opens_no_other(server: Server, elsewhere: Repository) -> None:
    elsewhere.commit(notes__txt="no pipeline\n")
    assert ask(server, {"revision": "main"}, "other")[0] == 403
    assert ask(server, {"revision": "main"}, token="0" * 64)[0] == 401
    assert ask(server, {"revision": "main"})[0] == 404
    assert ask(server, {"revision": "main"}, "a..b")[0] == 403
    owner = (server.data / "token").read_text().strip()
    assert ask(server, {"revision": "main"}, "a..b", owner)[0] == 400
    said = elsewhere.git("push", address(server, "other", ANN), "main", works=False)
    assert "403" in said
    elsewhere.git("push", address(server, "demo", ANN), "main")
    assert records(server)[0]["by"] == "ann"
    assert (
        "for other projects"
        in server.ask(
            "/git/other.git/info/refs?service=git-upload-pack",
            None,
            {"Authorization": f"Bearer {ANN}"},
        )[2].decode()
    )


def test_a_branch_goes_back_and_says_who_did_it(server: Server, elsewhere: Repository) -> None:
    first = elsewhere.commit(pipeline__py=PIPELINE)
    elsewhere.git("push", address(server), "main")
    second = elsewhere.commit(notes__txt="more\n")
    elsewhere.git("push", address(server), "main")
    status, answer = ask(server, {"revision": first[:10], "branch": "main"})
    assert status == 202, answer
    view = ended(server, answer["run_key"])
    assert receive_of(view)["outputs"]["how"] == '"rolled back"'
    assert first in elsewhere.git("ls-remote", address(server), "main")
    earlier = records(server)[1]
    assert earlier["revision"] == second
    status, answer = ask(server, {"again": earlier["key"], "parameters": {"epochs": 4}})
    view = ended(server, answer["run_key"])
    assert view["run"]["name"] == f"demo main {second[:7]}"
    log = server.get(f"/api/v1/runs/{answer['run_key']}/tasks/{receive_of(view)['id']}/log")
    assert log.startswith(b"run again by ann\n")
    assert first in elsewhere.git("ls-remote", address(server), "main")  # that stays there
    await_that(lambda: bool(records(server)[3]["state"]))
    run = ended(server, records(server)[3]["finished"]["run"]["run_key"])
    assert run["parameters"] == {"epochs": "4"}
    assert os.listdir(server.data / "pushes") == []
