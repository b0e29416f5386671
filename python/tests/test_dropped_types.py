"""A type of visualization is a file that is dropped into the data folder while the server runs."""

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from conftest import PYTHON_DIRECTORY
from real_server import Server, await_that, needs_server

pytest.importorskip("IPython", reason="no python/requirements-render.txt here")
pytestmark = needs_server
ROOT = "/api/v1/visualizations"
TYPE = '''"""Residuals

What the model left over."""
times: int = 2  # How often
who: str  # Whose

who * times
'''


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    arguments = ["--render-workers", "1", "--python", sys.executable]
    arguments += ["--python-path", str(PYTHON_DIRECTORY)]
    server = Server(tmp_path / "data", arguments=arguments)
    yield server
    server.kill()


def types(server: Server) -> Dict[str, Any]:
    return {kind["name"]: kind for kind in server.get(f"{ROOT}/types")["types"]}


def drawn(server: Server, **what: Any) -> bytes:
    status, _, answer = server.ask(ROOT, json.dumps(what).encode(), server.owner)
    assert status == 202, answer
    job = json.loads(answer)["id"]
    await_that(lambda: server.get(f"{ROOT}/{job}")["state"] not in ("QUEUED", "RUNNING"))
    seen = server.get(f"{ROOT}/{job}")
    assert seen["state"] == "SUCCEEDED", seen
    return server.ask(seen["parts"][0]["url"])[2]


def test_a_type_is_dropped_changed_and_taken_away_while_the_server_runs(server: Server) -> None:
    folder = server.data / "visualizations"
    await_that(lambda: "custom" in types(server))
    title = types(server)["custom"]["title"]
    ran = server.data / "ran"
    (folder / "custom.py").write_text('"""Not the built-in one"""')
    (folder / "show.py").write_text('"""Not drawn"""')
    (folder / "broken.py").write_text("def")
    (folder / "residuals.py").write_text(TYPE)
    (folder / "loud.py").write_text(f'"""Loud"""\nopen({str(ran)!r}, "w")\n')
    await_that(lambda: {"residuals", "loud"} <= set(types(server)))
    told = types(server)["residuals"]
    assert (told["title"], told["description"]) == ("Residuals", "What the model left over.")
    assert [(a["name"], a["type"], a["required"]) for a in told["arguments"]] == [
        ("times", "integer", False),
        ("who", "string", True),
    ]
    assert types(server)["custom"]["title"] == title
    assert not {"show", "broken"} & set(types(server))
    assert not ran.exists()  # it was read, not run
    assert drawn(server, type="residuals", arguments={"who": "ab"}) == b"'abab'"
    missing = json.dumps({"type": "residuals"}).encode()
    assert server.ask(ROOT, missing, server.owner)[0] == 400

    (folder / "residuals.py").write_text(TYPE.replace("= 2", "= 3"))
    await_that(lambda: types(server)["residuals"]["digest"] != told["digest"])
    assert drawn(server, type="residuals", arguments={"who": "ab"}) == b"'ababab'"
    (folder / "residuals.py").unlink()
    await_that(lambda: "residuals" not in types(server))
