"""A stand-in for the server's half of what workers are leased jobs by."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Tuple
from urllib.parse import parse_qs, urlsplit


class Desk:
    """Keeps what it was told; `wait` waits for a condition over that, on a slow machine too."""

    def __init__(self, port: int = 0) -> None:
        self.queue: List[Dict[str, Any]] = []
        self.types: Dict[str, Dict[str, Any]] = {}
        self.parts: Dict[str, Dict[int, Tuple[str, str, bytes]]] = {}
        self.puts: List[Tuple[str, int, bool]] = []
        self.done: Dict[str, Dict[str, Any]] = {}
        self.cancelled: List[str] = []
        self.gone: List[str] = []
        self.refused: List[str] = []
        self.beats: Dict[str, int] = {}
        self.tokens: List[str] = []
        self.refuse_puts = 0
        self.changed = threading.Condition()
        desk = self

        class Handler(_Handler):
            pass

        Handler.desk = desk
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def lease(self, lease: str, kind: str, arguments: Dict[str, Any], **more: Any) -> None:
        told = {"lease": lease, "job": lease, "attempt": 1, "type": kind, "arguments": arguments}
        with self.changed:
            self.queue.append({**told, "source": {}, "limits": {}, "expires_in_s": 15, **more})
            self.changed.notify_all()

    def wait(self, condition: Callable[[], Any]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 120), self.done

    def text(self, lease: str) -> str:
        parts = self.parts.get(lease, {})
        return b"".join(parts[index][2] for index in sorted(parts)).decode()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    desk: Desk

    def log_message(self, *_: Any) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = b""
        while size := int(self.rfile.readline(), 16):
            pieces += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return pieces

    def _answer(self, status: int, told: Any = None) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        desk, url, body = self.desk, urlsplit(self.path), self._body()
        with desk.changed:
            desk.changed.notify_all()
            if url.path == "/api/v1/render/types":
                told = json.loads(body)
                desk.types = {kind["name"]: kind for kind in told["types"]}
                self._answer(204)
                return
            _, lease, _, index = url.path.rsplit("/", 3)
            if desk.refuse_puts:
                desk.refuse_puts -= 1
                self.close_connection = True
                return  # as a server that dies: taken or not, nobody is told
            if lease in desk.gone or lease in desk.refused:
                self._answer(410 if lease in desk.gone else 413)
                return
            query = parse_qs(url.query)
            append = query.get("append") == ["1"]
            parts = desk.parts.setdefault(lease, {})
            before = parts[int(index)][2] if append else b""
            mime = self.headers["Content-Type"]
            parts[int(index)] = (mime, query["name"][0], before + body)
            desk.puts.append((lease, int(index), append))
            self._answer(204)

    def do_POST(self) -> None:
        desk, path, told = self.desk, self.path, json.loads(self._body())
        with desk.changed:
            desk.tokens.append(self.headers.get("Authorization", ""))
            if path.endswith("/leases"):
                desk.changed.wait_for(lambda: bool(desk.queue), told["wait_s"])
                given, desk.queue = desk.queue[: told["slots"]], desk.queue[told["slots"] :]
                self._answer(200, {"leases": given})
                return
            lease = path.split("/")[-2]
            if lease in desk.gone:
                self._answer(404)
            elif path.endswith("/beat"):
                desk.beats[lease] = desk.beats.get(lease, 0) + 1
                self._answer(200, {"cancelled": lease in desk.cancelled})
            else:
                desk.done[lease] = told
                self._answer(204)
            desk.changed.notify_all()
