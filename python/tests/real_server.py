"""The real server, for tests that drive it: build/telltale, or what TELLTALE_BINARY names."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from conftest import RUN_KEY, free_port

BUILT = Path(__file__).resolve().parents[2] / "build" / "telltale"
BINARY = os.environ.get("TELLTALE_BINARY") or (str(BUILT) if BUILT.exists() else "")
needs_server = pytest.mark.skipif(
    not BINARY, reason="there is no build/telltale (make build), and TELLTALE_BINARY names no other"
)

Answer = Tuple[int, Dict[str, str], bytes]


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Server:
    def __init__(
        self, data: Path, prefix: Sequence[str] = (), arguments: Sequence[str] = ()
    ) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = arguments
        self._prefix = prefix  # of its command: a program that starts it under limits
        # Where it leaves a token for commands of the same user: not in this user's own folder.
        self.state = data.parent / "state"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.state)}
        self.start()

    def start(self) -> None:
        self.begin()
        await_that(self.is_ready)

    def begin(self) -> None:
        """Starts it where it may not get ready."""
        listen = f"127.0.0.1:{self.port}"
        command = [*self._prefix, BINARY, "serve", "--listen", listen, "--data", str(self.data)]
        command += self._arguments
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=self.environment)

    def is_ready(self) -> bool:
        return self._answers("/readyz")

    def is_alive(self) -> bool:
        return self._answers("/healthz")

    def _answers(self, path: str) -> bool:
        assert self.process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(self.url + path, timeout=5):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)

    def get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        return body if path.endswith("/log") else json.loads(body)

    def ask(
        self,
        path: str,
        body: Optional[bytes] = None,
        headers: Optional[Dict[str, str]] = None,
        method: Optional[str] = None,
    ) -> Answer:
        """Status, headers with names in lower case, body; of any status."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, lower(response.headers), response.read()
        except urllib.error.HTTPError as error:
            return error.code, lower(error.headers), error.read()

    @property
    def owner(self) -> Dict[str, str]:
        """The headers of a request that acts for who owns the server."""
        token = (self.data / "token").read_text().strip()
        return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def post(self, path: str) -> int:
        return self.ask(path, b"{}", self.owner)[0]

    def launch(self, body: bytes) -> Answer:
        return self.ask("/api/v1/runs", body, self.owner)

    def tell(self, *events: Any) -> Tuple[int, Dict[str, Any]]:
        """Posts events, each a dict or bytes as they are; status and body of the answer."""
        lines = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
        status, _, body = self.ask("/api/v1/events", b"\n".join(lines))
        return status, json.loads(body)

    def counter(self, name: str) -> int:
        found = re.search(rf"^telltale_{name}_total{{.*}} (\d+)$", self.metrics(), re.MULTILINE)
        assert found, name
        return int(found.group(1))

    def metrics(self) -> str:
        return self.ask("/metrics")[2].decode()

    def run(self, key: str = RUN_KEY) -> Dict[str, Any]:
        found: Dict[str, Any] = self.get(f"/api/v1/runs/{key}").get("run", {})
        return found

    def tasks(self) -> Dict[str, Dict[str, Any]]:
        view = self.get(f"/api/v1/runs/{RUN_KEY}")
        return {task["path"]: task for task in view.get("tasks", [])}

    def connect(self) -> "Connection":
        return Connection(self.port)


def lower(headers: Any) -> Dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class Connection:
    """A socket to the server, for requests that no library would send."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.settimeout(60)
        self._buffer = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def request(self, line: str, body: bytes = b"", **headers: str) -> Answer:
        self.write(line, body, **headers)
        return self.answer(line.startswith("HEAD"))

    def write(self, line: str, body: bytes = b"", **headers: str) -> None:
        """`line` is "METHOD TARGET"; a header's name has "_" for "-"."""
        fields = {"Host": self.host, **headers}
        head = "".join(f"{n.replace('_', '-')}: {v}\r\n" for n, v in fields.items())
        self.send(f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)

    def answer(self, head_only: bool = False) -> Answer:
        head = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        length = 0 if head_only else int(headers.get("content-length", 0))
        return int(head[0].split(" ")[1]), headers, self.read(length)

    def read_until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._receive()
        data, self._buffer = self._buffer.split(end, 1)
        return data

    def read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def is_closed(self) -> bool:
        """Waits until the server has closed it; what still comes is passed over."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return True

    def reset(self) -> None:
        """Gone without a goodbye."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()


def events_of(kind: str, *bodies: Dict[str, Any], key: str = RUN_KEY) -> List[Dict[str, Any]]:
    return [{"run_key": key, kind: body} for body in bodies]
