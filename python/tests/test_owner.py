"""Who may start code: on one machine too, only the user the server runs as. Driven through the real
server and the program's own commands."""

import base64
import json
import os
import pwd
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from conftest import PYTHON_DIRECTORY, RUN_KEY
from real_server import BINARY, Server, await_that, events_of, needs_server

from telltale import ids

pytestmark = needs_server

OTHERS = stat.S_IRWXG | stat.S_IRWXO
JSON = {"Content-Type": "application/json"}
CANCEL = f"/api/v1/runs/{RUN_KEY}/cancel"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def server(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("TELLTALE_PYTHON", python)
    monkeypatch.setenv("TELLTALE_PYTHON_PATH", str(PYTHON_DIRECTORY))
    for name in ("TELLTALE_TOKEN", "TELLTALE_TOKEN_FILE", "TELLTALE_URL"):
        monkeypatch.delenv(name, raising=False)
    server = Server(tmp_path / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    file = tmp_path / "pipeline.py"
    file.write_text("")  # has no pipeline, which only a process that was started can say
    return file


def wish(file: Path, **more: Any) -> bytes:
    return json.dumps({"pipeline_file": str(file), **more}).encode()


def detail(answer: Tuple[int, Dict[str, str], bytes]) -> str:
    return str(json.loads(answer[2])["detail"])


def command(server: Server, *arguments: str, **environment: str) -> "subprocess.CompletedProcess":
    return subprocess.run(
        [BINARY, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**server.environment, **environment},
    )


def test_reading_and_sending_events_need_no_token(server: Server) -> None:
    assert server.tell(*events_of("run_state", {"name": "n"}))[0] == 200
    assert server.ask("/api/v1/runs")[0] == 200
    assert server.ask("/metrics")[0] == 200


def test_starting_and_stopping_code_needs_the_owner(server: Server, pipeline: Path) -> None:
    assert server.tell(*events_of("run_state", {"state": "RUNNING"}))[0] == 200
    await_that(lambda: server.get("/api/v1/runs").get("total") == 1)
    wrong = {**JSON, "Authorization": "Bearer " + "0" * 64}
    for headers in (JSON, wrong):
        for path, body in (("/api/v1/runs", wish(pipeline)), (CANCEL, b"{}")):
            answer = server.ask(path, body, headers)
            assert (answer[0], answer[1]["www-authenticate"]) == (401, "Bearer")
            assert "telltale open" in detail(answer)
    # Nor can he who may only send events have a run stopped.
    status, answer = server.tell(*events_of("cancel_request", {}))
    assert (status, "server's own" in answer["rejected"][0]["message"]) == (400, True)
    assert "cancel_requested_at_us" not in server.run()
    assert server.post(CANCEL) == 202
    assert server.launch(wish(pipeline))[0] == 202


@needs_root
def test_another_user_cannot_have_his_code_run(server: Server, tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    folder = tmp_path / "nobody"
    folder.mkdir()
    evil = folder / "evil.py"
    evil.write_text("open(__file__ + '.ran', 'w')\n")
    for path in (folder, evil):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    ask = [
        *("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"),
        *("-H", "Content-Type: application/json", "-d", wish(evil).decode()),
        server.url + "/api/v1/runs",
    ]
    told = subprocess.run(
        ask,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
    )
    assert told.stdout == "401"
    # And the owner himself does not start it, whoever talked him into it.
    answer = server.launch(wish(evil))
    assert (answer[0], "belongs to another user" in detail(answer)) == (400, True)
    launch = {"pipeline_file": str(evil), "working_directory": str(folder)}
    assert server.tell(*events_of("run_state", {"state": "FAILED", "launch": launch}))[0] == 200
    answer = server.launch(json.dumps({"again": RUN_KEY}).encode())
    assert (answer[0], "belongs to another user" in detail(answer)) == (400, True)
    assert not (folder / "evil.py.ran").exists()


def test_only_json_starts_or_stops_a_run(server: Server, pipeline: Path) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {**server.owner, "Content-Type": kind}
        for path in ("/api/v1/runs", CANCEL, "/api/v1/link", "/api/v1/session"):
            answer = server.ask(path, wish(pipeline), headers)
            assert (answer[0], "application/json" in detail(answer)) == (415, True), (path, kind)
    headers = {**server.owner, "Content-Type": "Application/JSON; charset=utf-8"}
    assert server.ask("/api/v1/runs", wish(pipeline), headers)[0] == 202


def test_only_a_regular_file_of_a_pipeline_is_started(server: Server, pipeline: Path) -> None:
    folder = pipeline.parent
    link = folder / "link.py"
    link.symlink_to(pipeline)
    secret = folder / "secret.py"
    secret.symlink_to("/etc/passwd")
    fifo = folder / "fifo.py"
    os.mkfifo(fifo)
    other = folder / "pipeline.sh"
    other.write_text("")
    refused: List[Tuple[Any, int, str]] = [
        (link, 400, "is a link"),
        (secret, 400, "is a link"),
        (fifo, 404, "no regular one"),
        (folder, 404, "no regular one"),
        (other, 400, ".py or .yaml"),
        ("/etc/passwd", 400, ".py or .yaml"),
        ("/proc/self/exe", 400, "the system's"),
        ("/proc/self/cwd/pipeline.py", 400, "the system's"),
        ("/dev/zero", 400, "the system's"),
        ("pipeline.py", 400, "absolute"),
    ]
    for file, status, reason in refused:
        answer = server.launch(wish(file))
        assert (answer[0], reason in detail(answer)) == (status, True), (file, answer)
    pipeline.chmod(0o666)
    assert "Every user" in detail(server.launch(wish(pipeline)))
    pipeline.chmod(0o600)
    assert "Every user" in detail(server.launch(wish(pipeline, working_directory="/tmp")))
    assert "runs" not in server.get("/api/v1/runs")


def test_a_run_that_was_told_of_is_started_again_only_from_where_a_launch_may(
    server: Server, pipeline: Path
) -> None:
    folder = str(pipeline.parent)
    told = [
        ({"pipeline_file": "pipeline.py", "working_directory": folder}, 400, "absolute"),
        ({"pipeline_file": str(pipeline), "working_directory": "here"}, 400, "absolute"),
        ({"pipeline_file": "", "working_directory": folder}, 400, "absolute"),
        ({"pipeline_file": "/proc/self/exe", "working_directory": folder}, 400, "the system's"),
    ]
    for number, (launch, status, reason) in enumerate(told):
        key = ids.run_key("test", "", "again", str(number))
        state = {"name": "told", "launch": launch}
        assert server.tell(*events_of("run_state", state, key=key))[0] == 200
        await_that(lambda key=key: bool(server.run(key).get("name")))
        answer = server.launch(json.dumps({"again": key}).encode())
        assert (answer[0], reason in detail(answer)) == (status, True), answer


def test_what_does_not_fit_an_argument_is_refused_and_starts_no_run(
    server: Server, pipeline: Path
) -> None:
    answer = server.launch(wish(pipeline, parameters={"a": "x" * 900_000}))
    assert (answer[0], "128 KiB" in detail(answer)) == (400, True)
    assert "runs" not in server.get("/api/v1/runs")
    assert server.launch(wish(pipeline, parameters={"a": "x" * 130_000}))[0] == 202


def test_another_site_gets_nowhere_with_a_token_either(server: Server, pipeline: Path) -> None:
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
        },
    ):
        for path in ("/api/v1/runs", CANCEL, "/api/v1/link", "/api/v1/session"):
            answer = server.ask(path, wish(pipeline), {**server.owner, **headers})
            assert answer[0] == 403, (path, headers)
    assert "runs" not in server.get("/api/v1/runs")


def test_what_the_server_writes_is_its_users_alone(server: Server) -> None:
    assert server.tell(*events_of("run_state", {"name": "n"}))[0] == 200
    assert server.end(signal.SIGTERM) == 0
    written = [server.data, *server.data.rglob("*")]
    assert {"log.db", "token", "lock"} <= {path.name for path in written}
    assert [path for path in written if path.lstat().st_mode & OTHERS] == []
    # What an earlier version left is taken in, too.
    server.data.chmod(0o755)
    (server.data / "log.db").chmod(0o644)
    (server.data / "store").chmod(0o755)
    server.start()
    closed = (server.data, server.data / "log.db", server.data / "store")
    assert [path for path in closed if path.stat().st_mode & OTHERS] == []
    assert server.run()["name"] == "n"


def test_a_command_of_the_same_user_needs_no_flag(server: Server, pipeline: Path) -> None:
    left = server.state / "telltale" / "servers" / f"127.0.0.1_{server.port}"
    assert left.stat().st_mode & 0o777 == 0o600
    assert left.parent.stat().st_mode & 0o777 == 0o700
    done = command(server, "run", str(pipeline), "--url", server.url)
    assert done.returncode == 0 and done.stdout.startswith(f"Watch it at {server.url}/runs/")
    # Of another user, or without his folder, it says what is needed.
    elsewhere = str(server.data.parent / "elsewhere")
    done = command(server, "run", str(pipeline), "--url", server.url, XDG_STATE_HOME=elsewhere)
    assert done.returncode == 1 and "TELLTALE_TOKEN" in done.stderr
    token = (server.data / "token").read_text().strip()
    for told in ({"TELLTALE_TOKEN": token}, {"TELLTALE_TOKEN_FILE": str(server.data / "token")}):
        arguments = ("run", str(pipeline), "--url", server.url)
        assert command(server, *arguments, XDG_STATE_HOME=elsewhere, **told).returncode == 0
    # One that others could have written is not believed.
    left.chmod(0o644)
    assert command(server, "run", str(pipeline), "--url", server.url).returncode == 1
    left.chmod(0o600)
    assert server.end(signal.SIGTERM) == 0
    assert not left.exists()
    server.start()
    assert (server.data / "token").read_text().strip() == token
    assert command(server, "run", str(pipeline), "--url", server.url).returncode == 0


def test_what_was_left_by_a_server_that_is_gone_opens_nothing(server: Server) -> None:
    left = server.state / "telltale" / "servers" / f"127.0.0.1_{server.port}"
    token = left.read_text().strip()
    server.kill()
    server.start()
    stale = {**JSON, "Authorization": f"Bearer {token}"}
    assert server.ask("/api/v1/link", b"{}", stale)[0] == 401
    assert left.read_text().strip() != token


def test_a_links_code_is_good_once_and_its_token_after_a_restart(server: Server) -> None:
    done = command(server, "open", "--url", server.url)
    assert done.returncode == 0, done.stderr
    address, code = done.stdout.strip().split("/#code=")
    assert address == server.url
    body = json.dumps({"code": code}).encode()
    status, headers, answer = server.ask("/api/v1/session", body, JSON)
    assert (status, headers["cache-control"]) == (200, "no-store")
    used = server.ask("/api/v1/session", body, JSON)
    wrong = server.ask("/api/v1/session", json.dumps({"code": "0" * 64}).encode(), JSON)
    assert (used[0], used[2]) == (wrong[0], wrong[2]) == (403, wrong[2])
    assert "telltale open" in detail(used)
    token = json.loads(answer)["token"]
    kept = server.data / "sessions"
    assert kept.stat().st_mode & OTHERS == 0 and token not in kept.read_text()
    page = {**JSON, "Authorization": f"Bearer {token}", "Origin": server.url}
    assert server.ask("/api/v1/link", b"{}", page)[0] == 200
    server.kill()
    server.start()
    assert server.ask("/api/v1/link", b"{}", page)[0] == 200


def test_who_guesses_codes_has_to_wait(server: Server) -> None:
    body = json.dumps({"code": "0" * 64}).encode()
    answers = [server.ask("/api/v1/session", body, JSON)[0] for _ in range(21)]
    assert answers == [403] * 20 + [429]
    assert server.ask("/api/v1/session", body, JSON)[1]["retry-after"]


def test_where_reading_needs_a_token_only_the_page_itself_does_not(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", arguments=["--without-token", "none"])
    try:
        for path in ("/", "/healthz", "/readyz", f"/runs/{RUN_KEY}"):
            assert server.ask(path)[0] == 200, path
        for path in ("/api/v1/runs", "/metrics", "/api/v1/rejected", "/api/v1/openapi.json"):
            assert server.ask(path)[0] == 401, path
            assert server.ask(path, headers=server.owner)[0] == 200, path
        event = json.dumps(events_of("heartbeat", {})[0]).encode()
        assert server.ask("/api/v1/events", event)[0] == 401
        assert server.ask("/api/v1/events", event, server.owner)[0] == 200
        # A page brings its token to the WebSocket as a subprotocol, and nothing as a cookie.
        token = (server.data / "token").read_text().strip()
        assert upgrade(server)[0] == 401
        assert upgrade(server, Cookie=f"telltale_token={token}")[0] == 401
        assert server.ask(f"/?token={token}")[1].get("set-cookie") is None
        # What the browser fetches by itself has an address of its own.
        asked = json.dumps({"path": "/api/v1/runs?limit=1"}).encode()
        assert server.ask("/api/v1/signed", asked, JSON)[0] == 401
        url = json.loads(server.ask("/api/v1/signed", asked, server.owner)[2])["url"]
        assert server.ask(url)[0] == 200
        assert server.ask(url.replace("limit=1", "limit=2"))[0] == 401
        assert server.ask(url, b"{}", JSON)[0] == 401
        status, headers = upgrade(server, Sec_WebSocket_Protocol=f"telltale, token.{token}")
        assert (status, headers["sec-websocket-protocol"]) == (101, "telltale")
    finally:
        server.kill()


LIMITS = """
import json, os, resource
status = open("/proc/self/status").read()
privileges = next(line.split()[1] for line in status.splitlines() if "NoNewPrivs" in line)
files = [name for name in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + name)]
told = {
    "no_new_privileges": privileges,
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "umask": os.umask(0o077),
    "alone": os.getpgrp() != os.getpgid(int(os.environ["SERVER"])),
    "links": [os.readlink("/proc/self/fd/" + name) for name in files],
}
with open(os.environ["TOLD"] + ".new", "w") as out:
    json.dump(told, out)
os.rename(os.environ["TOLD"] + ".new", os.environ["TOLD"])
"""


def test_a_run_keeps_within_limits_that_are_not_the_servers(
    tmp_path: Path, python: str, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLTALE_PYTHON", python)
    monkeypatch.setenv("TELLTALE_PYTHON_PATH", str(PYTHON_DIRECTORY))
    told = tmp_path / "told"
    monkeypatch.setenv("TOLD", str(told))
    monkeypatch.setenv("SERVER", str(os.getpid()))
    pipeline.write_text(LIMITS)
    server = Server(tmp_path / "data", ["prlimit", "--nofile=300:4000"])
    try:
        status = Path(f"/proc/{server.process.pid}/limits").read_text()
        assert "4000" in next(line for line in status.splitlines() if "open files" in line).split()
        assert server.launch(wish(pipeline))[0] == 202
        await_that(told.exists)
        found = json.loads(told.read_text())
        links = found.pop("links")
        assert found == {
            "no_new_privileges": "1",
            "files": [300, 4000],
            "umask": 0o077,
            "alone": True,
        }
        assert not [link for link in links if "log.db" in link or str(server.data / "lock") in link]
    finally:
        server.kill()


def upgrade(server: Server, **headers: str) -> Tuple[int, Dict[str, str]]:
    with server.connect() as connection:
        wanted = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec_WebSocket_Version": "13",
            "Sec_WebSocket_Key": base64.b64encode(os.urandom(16)).decode(),
            **headers,
        }
        status, found, _ = connection.request("GET /api/v1/live", **wanted)
        return status, found


def test_a_run_has_a_token_that_starts_nothing(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "tells.py"
    told = tmp_path / "told"
    file.write_text(
        "import json, os\n"
        f"with open({str(told) + '~'!r}, 'w') as out:\n"
        "    json.dump({k: v for k, v in os.environ.items() if 'TOKEN' in k}, out)\n"
        f"os.rename({str(told) + '~'!r}, {str(told)!r})\n"
    )
    assert server.launch(wish(file))[0] == 202
    await_that(told.exists)
    tokens = json.loads(told.read_text())
    assert list(tokens) == ["TELLTALE_TOKEN"]
    runs = {**JSON, "Authorization": f"Bearer {tokens['TELLTALE_TOKEN']}"}
    assert server.ask("/api/v1/runs", wish(file), runs)[0] == 403
    assert server.ask("/api/v1/link", b"{}", runs)[0] == 403
