"""emit.py: the source of the measured points, and the server of the floor page.

Reads one JSON order a line from standard input and answers with one line each:

  {"to": "telltale" | "floor", "first": 1, "count": 500, "gap_ms": [10, 26], "seed": 1}
  -> {"called_us": [...]}   CLOCK_MONOTONIC just before each call: Chromium's trace has that clock

Point number N has step N and value N. To `telltale` it goes through the SDK's log_metric as a
pipeline's task sends it (run and task from the environment); to `floor` straight from here into
the WebSocket of floor.html. The first line it writes is {"floor": PORT}.
"""
import base64
import hashlib
import http.server
import json
import pathlib
import random
import socket
import struct
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional

import telltale

METRIC = "latency"
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
BINARY_FRAME = 0x82
HERE = pathlib.Path(__file__).resolve().parent
UPLOT = HERE.parent.parent / "ui/node_modules/uplot/dist"
FILES = {
    "/": (HERE / "floor.html", "text/html"),
    "/uPlot.js": (UPLOT / "uPlot.iife.min.js", "text/javascript"),
    "/uPlot.css": (UPLOT / "uPlot.min.css", "text/css"),
}


class Floor:
    """A web server of three files and one WebSocket that is only ever written to."""

    def __init__(self) -> None:
        self.socket: Optional[socket.socket] = None
        floor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/live":
                    floor.open(self)
                else:
                    self.send_file()

            def send_file(self) -> None:
                path, kind = FILES.get(self.path, (None, ""))
                body = path.read_bytes() if path else b""
                self.send_response(200 if path else 204)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def open(self, request: http.server.BaseHTTPRequestHandler) -> None:
        key = request.headers["Sec-WebSocket-Key"] + WEBSOCKET_GUID
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        request.send_response(101)
        request.send_header("Upgrade", "websocket")
        request.send_header("Connection", "Upgrade")
        request.send_header("Sec-WebSocket-Accept", accept)
        request.end_headers()
        request.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = request.connection
        threading.Event().wait()  # the connection is this thread's for as long as the program runs

    def send(self, number: int) -> None:
        payload = struct.pack("<dd", number, number)
        assert self.socket is not None, "the floor's page has not opened its WebSocket"
        self.socket.sendall(bytes([BINARY_FRAME, len(payload)]) + payload)


def send_points(order: Dict[str, Any], send: Callable[[int], None]) -> List[int]:
    """Sends at random moments, so that none is in step with the frames; when each was sent."""
    randomness = random.Random(order["seed"])
    low, high = order["gap_ms"]
    called_us = []
    due = time.monotonic()
    for number in range(order["first"], order["first"] + order["count"]):
        due += randomness.uniform(low, high) / 1000
        time.sleep(max(0.0, due - time.monotonic()))
        called_us.append(time.monotonic_ns() // 1000)
        send(number)
    return called_us


def main() -> None:
    floor = Floor()
    targets = {
        "floor": floor.send,
        "telltale": lambda number: telltale.log_metric(METRIC, float(number), step=number),
    }
    print(json.dumps({"floor": floor.port}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps({"called_us": send_points(order, targets[order["to"]])}), flush=True)


if __name__ == "__main__":
    main()
