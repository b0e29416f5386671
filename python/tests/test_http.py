"""The real server as RFC 9110 and 9112 want it: which bytes are a request, which methods a path
has, which part of a log is answered, and what is said before a body is taken."""

import base64
import json
import socket
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest
from conftest import RUN_KEY
from real_server import Server, await_that, events_of, needs_server

from telltale import ids

pytestmark = needs_server

EVENT = json.dumps(events_of("heartbeat", {})[0]).encode()
LOG = f"/api/v1/runs/{RUN_KEY}/tasks/{ids.task_id('train')}/log"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("http") / "data")
    yield server
    assert server.process.poll() is None, "the server ended by itself"
    server.kill()


def write_log(server: Server, offset: int, data: bytes, path: str = "train") -> None:
    piece = 500_000
    for at in range(0, len(data), piece):
        part = base64.b64encode(data[at : at + piece]).decode()
        body = {"path": path, "offset": offset + at, "data": part}
        assert server.tell(*events_of("log_bytes", body))[0] == 200


@pytest.mark.parametrize(
    "fields",
    [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked;q=1",
        'Transfer-Encoding: "chunked"',
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding:",
        "Transfer-Encoding: Chunked",  # which is one, but no chunk follows
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: +0",
        "Host: evil.example",
    ],
)
def test_what_could_hide_a_request_is_refused_and_ends_the_connection(
    server: Server, fields: str
) -> None:
    with server.connect() as connection:
        host = connection.host
        hidden = f"GET /api/v1/runs HTTP/1.1\r\nHost: {host}\r\n\r\n"
        connection.send(
            f"POST /api/v1/events HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n\r\n{hidden}".encode()
        )
        status, headers, _ = connection.answer()
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        with pytest.raises((EOFError, ConnectionError)):
            connection.read(1)


def test_an_old_version_has_no_chunks(server: Server) -> None:
    with server.connect() as connection:
        connection.send(
            f"POST /api/v1/events HTTP/1.0\r\nHost: {connection.host}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode()
        )
        assert connection.answer()[0] == 400


def test_a_target_may_be_absolute(server: Server) -> None:
    with server.connect() as connection:
        status, headers, _ = connection.request(f"GET {server.url}/api/v1/runs?limit=1")
        assert (status, headers["content-type"]) == (200, "application/json")
        assert connection.request(f"GET {server.url}/healthz")[2] == b"ok\n"
        assert connection.request(f"GET {server.url}")[1]["content-type"].startswith("text/html")
        assert connection.request("GET http://evil.example/healthz")[0] == 403
    with server.connect() as connection:
        # The target's host counts, whatever Host says.
        assert connection.request(f"GET {server.url}/healthz", Host="evil.example")[0] == 200


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/readyz", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/api/v1/openapi.json", "GET, HEAD, OPTIONS"),
        ("/api/v1/rejected", "GET, HEAD, OPTIONS"),
        ("/api/v1/runs", "GET, HEAD, POST, OPTIONS"),
        ("/api/v1/events", "POST, OPTIONS"),
        (f"/api/v1/runs/{RUN_KEY}", "GET, HEAD, OPTIONS"),
        (f"/api/v1/runs/{RUN_KEY}/cancel", "POST, OPTIONS"),
        (LOG, "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/runs/x", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_path_says_which_methods_it_has(server: Server, path: str, allow: str) -> None:
    for method in ("DELETE", "PUT", "PATCH", "TRACE", "BREW", "get"):
        status, headers, body = server.ask(path, method=method)
        assert (status, headers["allow"]) == (405, allow), method
        assert json.loads(body)["status"] == 405
    status, headers, body = server.ask(path, method="OPTIONS")
    assert (status, headers["allow"], body) == (204, allow, b"")


def test_nothing_is_at_other_paths_whatever_the_method(server: Server) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS", "BREW"):
        for path in ("/api/v1/nothing", "/api/", "/api/v1/runs/", f"/api/v1/runs/{RUN_KEY}/x"):
            assert server.ask(path, method=method)[0] == 404, (method, path)
    with server.connect() as connection:
        assert connection.request("OPTIONS *")[0] == 204


def test_the_page_is_asked_for_again_only_if_it_changed(server: Server) -> None:
    _, plain, _ = server.ask("/")
    _, zipped, body = server.ask("/", headers={"Accept-Encoding": "gzip;q=0.5"})
    if "content-encoding" in zipped:  # a page too small to shrink has one form
        assert plain["etag"] != zipped["etag"] and body[:2] == b"\x1f\x8b"
    for refused in ("gzip;q=0", "notgzip", "*;q=0", "identity"):
        assert "content-encoding" not in server.ask("/", headers={"Accept-Encoding": refused})[1]
    tag = plain["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*", f'"a,b" , W/{tag}'):
        status, headers, body = server.ask("/", headers={"If-None-Match": known})
        assert (status, headers["etag"], body) == (304, tag, b""), known
    for other in ('"x"', "x", f'"{tag}"', ""):
        assert server.ask("/", headers={"If-None-Match": other})[0] == 200, other


def test_a_log_is_answered_whole_or_the_part_that_was_asked_for(server: Server) -> None:
    size = 20 << 20
    data = b"".join(b"%015d\n" % n for n in range(size // 16))
    write_log(server, 0, data)
    status, headers, body = server.ask(LOG)
    assert (status, headers["content-length"], body == data) == (200, str(size), True)
    status, headers, body = server.ask(LOG + "?download=1")
    assert (status, body == data) == (200, True)
    assert headers["content-disposition"].startswith("attachment")
    tails = [(f"tail={n}", size - n) for n in (1, 12_000_000)]
    for query, start in (*tails, ("offset=7", 7)):
        status, headers, body = server.ask(f"{LOG}?{query}")
        assert (status, body == data[start:]) == (200, True), query
        assert headers["x-log-offset"] == str(start)
    assert server.ask(f"{LOG}?tail=99999999999")[2] == data
    assert server.ask(f"{LOG}?offset=99999999999")[2] == b""
    assert server.ask(LOG, method="HEAD")[1]["content-length"] == str(size)


def test_ranges_of_a_log(server: Server) -> None:
    key = ids.run_key("test", "", "ranges", "")
    body = {"path": "t", "offset": 0, "data": base64.b64encode(b"0123456789").decode()}
    assert server.tell(*events_of("log_bytes", body, key=key))[0] == 200
    log = f"/api/v1/runs/{key}/tasks/{ids.task_id('t')}/log"
    parts: List[Tuple[str, bytes, str]] = [
        ("bytes=0-18446744073709551615", b"0123456789", "bytes 0-9/10"),
        ("bytes=3-4", b"34", "bytes 3-4/10"),
        ("bytes=3-", b"3456789", "bytes 3-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
        ("Bytes=9-9", b"9", "bytes 9-9/10"),
    ]
    for header, expected, content_range in parts:
        status, headers, found = server.ask(log, headers={"Range": header})
        assert (status, found, headers["content-range"]) == (206, expected, content_range)
    for header in ("bytes=10-", "bytes=5-3", "bytes=-0", "bytes=x", "bytes="):
        status, headers, found = server.ask(log, headers={"Range": header})
        assert (status, headers["content-range"]) == (416, "bytes */10"), header
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(found)["status"] == 416
    for header in ("bytes=0-1,4-5", "lines=0-1"):
        assert server.ask(log, headers={"Range": header})[::2] == (200, b"0123456789")
    unsure = {"Range": "bytes=3-4", "If-Range": '"x"'}
    assert server.ask(log, headers=unsure)[::2] == (200, b"0123456789")


def test_bytes_that_a_source_lost_are_left_out_of_a_log(server: Server) -> None:
    key = ids.run_key("test", "", "gaps", "")
    for offset, data in ((0, b"abc"), (10, b"def"), (20, b"ghi")):
        body = {"path": "t", "offset": offset, "data": base64.b64encode(data).decode()}
        assert server.tell(*events_of("log_bytes", body, key=key))[0] == 200
    log = f"/api/v1/runs/{key}/tasks/{ids.task_id('t')}/log"
    status, headers, body = server.ask(log)
    assert (status, body) == (200, b"abcdefghi")
    assert (headers["x-log-size"], headers["x-log-lost"]) == ("23", "14")
    for query, expected, offset in (
        ("offset=1", b"bcdefghi", "1"),
        ("offset=5", b"defghi", "10"),
        ("offset=11", b"efghi", "11"),
        ("tail=4", b"fghi", "12"),
        ("tail=3", b"ghi", "20"),
    ):
        status, headers, body = server.ask(f"{log}?{query}")
        assert (status, body, headers["x-log-offset"]) == (200, expected, offset), query
    status, headers, body = server.ask(log, headers={"Range": "bytes=2-6"})
    assert (status, body, headers["content-range"]) == (206, b"cdefg", "bytes 2-6/9")


def test_who_may_not_ask_is_told_before_a_body_is_taken(server: Server) -> None:
    with server.connect() as connection:
        connection.write(
            "POST /api/v1/events", Host="evil.example", Content_Length="10", Expect="100-continue"
        )
        assert connection.answer()[0] == 403  # and no 100 before it
    for expect in ("100-continue", "100-Continue", "100-CONTINUE"):
        with server.connect() as connection:
            length = str(len(EVENT))
            connection.write("POST /api/v1/events", Content_Length=length, Expect=expect)
            assert connection.answer()[0] == 100
            connection.send(EVENT)
            assert connection.answer()[0] == 200
    with server.connect() as connection:
        connection.write("POST /api/v1/events", Content_Length="2", Expect="a-miracle")
        assert connection.answer()[0] == 417


def test_a_parameter_that_no_process_could_be_given_is_refused(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "pipeline.py"
    file.write_text("")
    request = {"pipeline_file": str(file), "parameters": {"data": "x" * 900_000}}
    status, _, body = server.launch(json.dumps(request).encode())
    assert (status, "data" in json.loads(body)["detail"]) == (400, True)


def test_with_tokens_no_address_leads_elsewhere_and_bearer_has_any_case(tmp_path: Path) -> None:
    token = "0123456789abcdef"
    tokens = tmp_path / "tokens"
    tokens.write_text(token + "\n")
    server = Server(tmp_path / "data", arguments=["--token-file", str(tokens)])
    try:
        for path in ("/\\evil.com", "//evil.com", "/\\/evil.com", "\\\\evil.com", "/\\\\evil.com"):
            with server.connect() as connection:
                status, headers, _ = connection.request(f"GET {path}?token={token}")
                assert status in (200, 400, 404) and "location" not in headers
        for scheme in ("Bearer", "bearer", "BEARER"):
            found = server.ask("/api/v1/runs", headers={"Authorization": f"{scheme} {token}"})
            assert found[0] == 200
        cookies = {"Cookie": f"telltale_token={token}"}  # those ignore ports
        assert server.ask("/api/v1/runs", headers=cookies)[0] == 401
        with socket.create_connection(("127.0.0.1", server.port)) as unknown:
            unknown.sendall(
                f"POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                "Content-Length: 1000\r\n\r\n".encode()
            )
            assert unknown.recv(100).startswith(b"HTTP/1.1 401")
    finally:
        server.kill()
    await_that(lambda: server.process.poll() is not None)
