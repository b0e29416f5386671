"""A small Telltale server for tests: takes events over HTTP and remembers them."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, urlsplit

Event = Dict[str, Any]
# status, headers, body
Reply = Tuple[int, Dict[str, str], bytes]


class Sink:
    """`reply` may answer a batch instead of taking it; `cancelled` run keys ask to be cancelled."""

    def __init__(self, port: int = 0) -> None:
        self.events: List[Event] = []
        self.batches: List[int] = []
        self.connections = 0
        self.requests = 0
        self.cancelled: Dict[str, int] = {}
        self.summaries: Dict[str, Dict[str, Any]] = {}  # what it answers of a run
        self.knows_runs = True
        self.asked = 0  # times that it was asked for runs
        self.tokens: List[str] = []  # what each request showed
        self.known_tokens: Optional[List[str]] = None  # None: everybody may
        self.reply: Optional[Callable[[List[Event]], Optional[Reply]]] = None
        self.changed = threading.Condition()
        self._seen: Dict[str, int] = {}
        self._port = port
        self._server: Optional[ThreadingHTTPServer] = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def listening(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stops listening and breaks every connection, as kill -9 does. `start` comes back."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self._server.break_connections()
        self._server = None

    def take(self, lines: List[bytes]) -> Reply:
        events = [json.loads(line) for line in lines if line.strip()]
        with self.changed:
            self.requests += 1
            reply = self.reply(events) if self.reply is not None else None
            if reply is not None:
                self.changed.notify_all()
                return reply
            self.batches.append(len(events))
            for event in events:
                if event.get("sequence", 0) > self._seen.get(event.get("epoch", ""), 0):
                    self._seen[event["epoch"]] = event["sequence"]
                    self.events.append(event)
            self.changed.notify_all()
        body = json.dumps({"accepted": len(events), "rejected": []}).encode()
        return 200, {}, body

    def of_kind(self, kind: str) -> List[Event]:
        with self.changed:
            return [event for event in self.events if kind in event]

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 240.0) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout_s), self.summary()

    def summary(self) -> str:
        kinds: Dict[str, int] = {}
        for event in self.events:
            for key in event:
                if key not in ("id", "run_key", "epoch", "sequence", "happened_at_us"):
                    kinds[key] = kinds.get(key, 0) + 1
        return f"{len(self.events)} events in {self.requests} requests: {kinds}"

    # --- what the tests look at

    def states(self, path: str) -> List[str]:
        found = [e["task_state"] for e in self.of_kind("task_state")]
        return [state["state"] for state in found if state["path"] == path]

    def final_states(self) -> Dict[str, str]:
        return {
            e["task_state"]["path"]: e["task_state"]["state"] for e in self.of_kind("task_state")
        }

    def message(self, path: str) -> str:
        found = [e["task_state"] for e in self.of_kind("task_state")]
        return [state.get("message", "") for state in found if state["path"] == path][-1]

    def run_states(self) -> List[str]:
        found = [e["run_state"].get("state") for e in self.of_kind("run_state")]
        return [state for state in found if state]

    def log(self, path: str, attempt: int = 1) -> bytes:
        import base64

        data = b""
        for event in self.of_kind("log_bytes"):
            piece = event["log_bytes"]
            if piece["path"] == path and piece.get("attempt", 1) == attempt:
                assert piece["offset"] == len(data), (piece["offset"], len(data))
                data += base64.b64decode(piece["data"])
        return data

    def points(self, path: str, name: str) -> List[Tuple[Optional[int], Any]]:
        found: List[Tuple[Optional[int], Any]] = []
        for event in self.of_kind("metric_points"):
            body = event["metric_points"]
            if body["path"] == path and body["name"] == name:
                steps = body.get("step") or [None] * len(body["value"])
                found.extend(zip(steps, body["value"]))
        return found

    def graph(self) -> Dict[str, Event]:
        return {t["path"]: t for e in self.of_kind("graph") for t in e["graph"].get("tasks", [])}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sink: Sink, port: int) -> None:
        self.sink = sink
        self._open: List[Any] = []
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.append(request)
        self.sink.connections += 1
        super().process_request(request, client_address)

    def break_connections(self) -> None:
        import socket

        for request in self._open:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _may(self) -> bool:
        sink = self.server.sink
        token = self.headers.get("Authorization", "")[len("Bearer ") :]
        with sink.changed:
            sink.tokens.append(token)
            sink.changed.notify_all()
        if sink.known_tokens is None or token in sink.known_tokens:
            return True
        self._answer((401, {}, b""))
        return False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._may():
            return
        if urlsplit(self.path).path != "/api/v1/events":
            self._answer((404, {}, b""))
            return
        self._answer(self.server.sink.take(body.split(b"\n")))

    def do_GET(self) -> None:
        if not self._may():
            return
        query = parse_qs(urlsplit(self.path).query)
        runs = []
        sink = self.server.sink
        for key in query.get("keys", [""])[0].split(",") if sink.knows_runs else []:
            run: Dict[str, Any] = {"run_key": key, **sink.summaries.get(key, {})}
            if key in sink.cancelled:
                run["cancel_requested_at_us"] = str(sink.cancelled[key])
            runs.append(run)
        with sink.changed:
            sink.asked += 1
            sink.changed.notify_all()
        self._answer((200, {}, json.dumps({"runs": runs}).encode()))

    def _answer(self, reply: Reply) -> None:
        status, headers, body = reply
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
