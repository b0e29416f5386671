"""One persistent HTTP connection to POST /api/v1/events. Lives on the sender's thread."""

import http.client
import socket
from typing import NamedTuple, Optional
from urllib.parse import urlsplit

# A server that doesn't answer within this is treated as gone; the batch is sent again later.
REQUEST_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 2.0
# Far more than the answer to any batch.
ANSWER_BYTES_LIMIT = 4 * 1024 * 1024


class Answer(NamedTuple):
    status: int
    retry_after_s: Optional[float]
    body: bytes


class Unreachable(Exception):
    """The server couldn't be reached or broke off; sending again is harmless."""


def _seconds(text: Optional[str]) -> Optional[float]:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None  # a date: the caller's own back-off serves


class Connection:
    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url if "://" in url else "http://" + url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port
        path = parts.path.rstrip("/") + "/api/v1/events"
        head = [
            f"POST {path} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            "Content-Type: application/x-ndjson",
        ]
        if token:
            head.append("Authorization: Bearer " + token)
        self._head = "\r\n".join([*head, "Content-Length: "]).encode("ascii", "replace")
        self._http: Optional[http.client.HTTPConnection] = None

    def post(self, body: bytes, timeout_s: float = REQUEST_TIMEOUT_S) -> Answer:
        """Sends one batch and waits for the answer. Raises Unreachable."""
        reused = self._http is not None
        try:
            return self._post_once(body, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not reused or isinstance(error, socket.timeout):
                raise Unreachable(str(error)) from error
        # The server had closed the idle connection: once more on a new one.
        try:
            return self._post_once(body, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(str(error)) from error

    def _post_once(self, body: bytes, timeout_s: float) -> Answer:
        if self._http is None:
            self._http = self._connect(min(timeout_s, CONNECT_TIMEOUT_S))
        sock = self._http.sock
        sock.settimeout(timeout_s)
        # One write for head and body: each lets go of the interpreter's lock, and a busy program
        # gives it back 5 ms later only.
        sock.sendall(self._head + b"%d\r\n\r\n" % len(body) + body)
        response = http.client.HTTPResponse(sock, method="POST")
        try:
            response.begin()
            answer = Answer(
                response.status,
                _seconds(response.headers.get("Retry-After")),
                response.read(ANSWER_BYTES_LIMIT),
            )
            keep = response.isclosed() and not response.will_close
        finally:
            response.close()
        if not keep:
            self.close()
        return answer

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=timeout_s)
        connection.connect()
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None
