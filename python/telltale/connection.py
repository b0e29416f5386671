"""One persistent HTTP connection to the server. Lives on the thread that sends.

Every wait, for a name, for the network or for the server, is cut into slices. Between two of them
the caller is asked: it may use the time, or end the request by raising. So a server that takes a
connection and never answers holds nothing up.
"""

import _thread
import codecs
import contextlib
import errno
import http.client
import io
import socket
import ssl
import time
from typing import Any, Callable, List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from telltale import waiting
from telltale.credentials import Token

# A server that doesn't answer within this is treated as gone; the batch is sent again later.
REQUEST_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 2.0
SLICE_S = 0.05
# Far more than the answer to any batch.
ANSWER_BYTES_LIMIT = 4 * 1024 * 1024
# A program may have given SIGPIPE back its power to kill.
_SEND_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK)

# Loaded now: later on it would be loaded on the sender's thread, and a fork could come in between.
codecs.lookup("idna")

# Called between two slices of a wait; what it raises ends the request. With True before a wait that
# can't be cut.
OnWait = Callable[[bool], None]
Address = Tuple[Any, ...]


class Request(NamedTuple):
    method: str
    path: str  # below what the server's URL has
    content_type: str


_EVENTS = Request("POST", "/api/v1/events", "application/x-ndjson")


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


class _Wait:
    """One wait within a request: until when, and whom to ask meanwhile."""

    def __init__(self, timeout_s: float, on_wait: OnWait) -> None:
        now = time.monotonic()
        self._deadline = now + timeout_s
        self._turn_at = now + SLICE_S
        self._on_wait = on_wait

    def for_io(self, call: Callable[[], Any]) -> Any:
        """`call` on a socket whose timeout is a slice, until it does not time out."""
        while True:
            # Also of a server that sends a byte now and then, so that no slice ends in silence.
            if time.monotonic() >= self._turn_at:
                self.turn()
            try:
                with waiting.at_rest():
                    return call()
            except socket.timeout:
                self.turn()

    def turn(self) -> None:
        """Between two slices. Raises when the time is up."""
        now = time.monotonic()
        if now >= self._deadline:
            raise socket.timeout("no answer in time")
        self._turn_at = now + SLICE_S
        self._on_wait(False)

    def before_uncut(self) -> None:
        self._on_wait(True)


class _Stream(io.RawIOBase):
    """What http.client reads an answer from."""

    def __init__(self, sock: socket.socket, wait: _Wait) -> None:
        self._sock = sock
        self._wait = wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return int(self._wait.for_io(lambda: self._sock.recv_into(buffer)))

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


class Connection:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else "http://" + url)
        self.address = parts.netloc.rpartition("@")[2]
        self._https = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._https else 80)
        self._token = Token(self._host, self._port)
        self._prefix = parts.path.rstrip("/")
        self._sock: Optional[socket.socket] = None

    def post(self, body: bytes, on_wait: OnWait, timeout_s: float = REQUEST_TIMEOUT_S) -> Answer:
        """Sends one batch of events and waits for the answer, as `send` does."""
        return self.send(_EVENTS, body, on_wait, timeout_s)

    def send(self, what: Request, body: bytes, on_wait: OnWait, timeout_s: float) -> Answer:
        """Raises Unreachable, and what on_wait raises. The body may be sent twice."""
        reused = self._sock is not None
        try:
            try:
                return self._send_once(what, body, on_wait, timeout_s)
            except (OSError, http.client.HTTPException) as error:
                if not reused or isinstance(error, socket.timeout):
                    raise
            # The server had closed the idle connection: once more on a new one.
            self.close()
            return self._send_once(what, body, on_wait, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(str(error)) from error
        except BaseException:
            self.close()
            raise

    def token_changed(self) -> bool:
        """After a refusal: reads the token again. True when it is another one now."""
        return self._token.read_again()

    def _send_once(self, what: Request, body: bytes, on_wait: OnWait, timeout_s: float) -> Answer:
        if self._sock is None:
            self._sock = self._connect(on_wait, min(timeout_s, CONNECT_TIMEOUT_S))
        token = self._token.value()
        secret = b"Authorization: Bearer %s\r\n" % token.encode("ascii") if token else b""
        # One write for head and body: each lets go of the interpreter's lock, and a busy program
        # gives it back 5 ms later only.
        head = (
            f"{what.method} {self._prefix}{what.path} HTTP/1.1\r\nHost: {self.address}\r\n"
            f"Content-Type: {what.content_type}\r\n"
        ).encode("ascii", "replace")
        head += secret + b"Content-Length: %d\r\n\r\n" % len(body)
        self._send(self._sock, head + body, on_wait, timeout_s)
        stream: Any = _Stream(self._sock, _Wait(timeout_s, on_wait))
        response = http.client.HTTPResponse(stream, method=what.method)
        try:
            response.begin()
            data = response.read(ANSWER_BYTES_LIMIT)
            if response.length and len(data) < ANSWER_BYTES_LIMIT:
                raise http.client.IncompleteRead(data)
            answer = Answer(response.status, _seconds(response.headers.get("Retry-After")), data)
            keep = response.isclosed() and not response.will_close
        finally:
            response.close()
        if not keep:
            self.close()
        return answer

    def _send(self, sock: socket.socket, data: bytes, on_wait: OnWait, timeout_s: float) -> None:
        flags = 0 if self._https else _SEND_FLAGS
        rest = memoryview(data)
        while rest:
            wait = _Wait(timeout_s, on_wait)  # anew: a slow link may take long for a large batch
            part = rest
            rest = rest[wait.for_io(lambda: sock.send(part, flags)) :]  # noqa: B023

    def _connect(self, on_wait: OnWait, timeout_s: float) -> socket.socket:
        failure: Exception = OSError(f"{self._host} has no address")
        for family, address in _addresses(self._host, self._port, _Wait(timeout_s, on_wait)):
            wait = _Wait(timeout_s, on_wait)
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                _await_connected(sock, address, wait)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return self._secured(sock, wait) if self._https else sock
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        raise failure

    def _secured(self, sock: socket.socket, wait: _Wait) -> socket.socket:
        context = ssl.create_default_context()
        secured = context.wrap_socket(
            sock, server_hostname=self._host, do_handshake_on_connect=False
        )
        wait.for_io(secured.do_handshake)
        return secured

    def close(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()


def _await_connected(sock: socket.socket, address: Address, wait: _Wait) -> None:
    sock.settimeout(SLICE_S)
    while True:
        with waiting.at_rest():
            code = sock.connect_ex(address)
        if code in (0, errno.EISCONN):
            return
        if code not in _UNDER_WAY:
            raise OSError(code, errno.errorcode.get(code, "cannot connect"))
        wait.turn()
        if code == errno.EALREADY:  # it doesn't wait
            waiting.pause(SLICE_S)


def _encoded(host: str) -> bytes:
    try:
        return host.encode("idna")
    except UnicodeError as error:
        raise OSError(f"{host!r} is no name of a host") from error


# What names were resolved to: a child that was forked need not ask again.
_resolved: "dict[Tuple[str, int], List[Tuple[int, Address]]]" = {}


def _addresses(host: str, port: int, wait: _Wait) -> List[Tuple[int, Address]]:
    """Where the host is. Raises OSError. Nothing can end a look-up: a name is looked up by a thread
    that nobody has to wait for."""
    if host == "localhost":  # needs no look-up, and so no thread: a program may be at its end
        return [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port))]
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]
    found: List[List[Tuple[int, Address]]] = []
    done = waiting.Signal()
    name = _encoded(host)

    def look_up() -> None:
        try:
            told = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
            found.append([(entry[0], entry[4]) for entry in told])
        except OSError:
            pass  # the earlier answer serves, or there is none
        finally:
            done.set()

    try:
        _thread.start_new_thread(look_up, ())
    except RuntimeError:  # no room for a thread, or the program is at its end
        wait.before_uncut()
        with waiting.at_rest():
            look_up()
    while True:
        with waiting.at_rest():
            if done.wait(SLICE_S):
                break
        if (host, port) in _resolved:
            break
        wait.turn()
    if found:
        _resolved[host, port] = found[0]
    return _resolved.get((host, port), [])
