"""The pool: one forking parent, and jobs taken from it. Used from any thread.

A job's descriptors go to the parent in one packet and then belong to the job; `events` reads what
it shows until it is over. Who leaves `events` early ends the job's whole process tree.
"""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from render import frames
from render.sandbox import Limits

_START_S = 120.0
_TEXT_BYTES = 60_000


class Work(NamedTuple):
    code: str
    names: Dict[str, Any]
    paths: List[str]
    import_paths: List[str]
    limits: Limits


class End(NamedTuple):
    ok: bool
    message: str
    cancelled: bool
    lost: bool = False  # by no fault of the job's: it may be tried again


class Job:
    """One job that runs. `frame` events come from `events`, once, in one thread."""

    def __init__(self, control: socket.socket, displays: socket.socket, output: int, work: Work):
        self._control = control
        self._displays = displays
        self._output = output
        self._work = work
        self._left = work.limits.output_bytes or (1 << 62)
        self._said_end: Optional[frames.Frame] = None
        self._verdict = b""
        self._reason = ""
        self._cancelled = threading.Event()
        self.end = End(False, "the job has not ended", False)

    def cancel(self) -> None:
        """Ends its processes, from any thread; `events` then ends as well."""
        self._cancelled.set()
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def events(self) -> Iterator[frames.Frame]:
        """What it shows, as it shows it. `end` is set afterwards."""
        selector = selectors.DefaultSelector()
        selector.register(self._control, selectors.EVENT_READ)
        selector.register(self._displays, selectors.EVENT_READ)
        selector.register(self._output, selectors.EVENT_READ)
        raw = _RawOutput()
        try:
            while selector.get_map():
                for key, _ in selector.select():
                    frame = self._read(key.fileobj, raw)
                    if frame is None:
                        selector.unregister(key.fileobj)
                    elif frame.kind == "part":
                        self._left -= len(frame.body)
                        if self._left < 0 and not self._reason:
                            most = self._work.limits.output_bytes
                            self._reason = f"the job wrote more than {most} bytes"
                            self._kill()
                        if not self._reason:
                            yield frame
            self.end = self._judge()
        finally:
            selector.close()
            self._kill()
            self._control.close()
            self._displays.close()
            os.close(self._output)

    def _read(self, source: Any, raw: "_RawOutput") -> Optional[frames.Frame]:
        """One event of one descriptor; None at its end."""
        nothing = frames.Frame(kind="")
        try:
            if source is self._control:
                told = self._control.recv(4096)
                self._verdict += told
                return nothing if told else None
            if source is self._displays:
                packet = self._displays.recv(frames.PACKET_MAX)
                if not packet:
                    return None
                frame = frames.parse(packet)
                if frame is not None and frame.kind == "end":
                    self._said_end = frame
                return frame or nothing
            told = os.read(self._output, _TEXT_BYTES)
            return raw.frame(told) if told else None
        except OSError:
            return None

    def _judge(self) -> End:
        cancelled = self._cancelled.is_set()
        if self._reason:
            return End(False, self._reason, False)
        try:
            verdict = json.loads(self._verdict)
            status, reason = int(verdict["status"]), str(verdict["reason"])
        except (ValueError, KeyError, TypeError):
            return End(False, "the process that forks jobs is gone", cancelled, lost=True)
        if reason:
            return End(False, reason, cancelled)
        if self._said_end is not None and status == 0:
            return End(self._said_end.ok, self._said_end.message, False)
        if self._said_end is not None and status == 71:
            return End(False, self._said_end.message, False)
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return End(False, f"the process ended by itself with {how}", False)


class _RawOutput:
    """What a job writes to descriptors 1 and 2 beside Python's streams: one part, far behind."""

    _INDEX = 99_999

    def __init__(self) -> None:
        self._begun = False

    def frame(self, body: bytes) -> frames.Frame:
        append, self._begun = self._begun, True
        return frames.Frame("part", self._INDEX, "text/plain", "stdout", append=append, body=body)


class Pool:
    def __init__(self, confined: bool = True) -> None:
        self._confined = confined
        self._lock = threading.Lock()
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._requests: Optional[socket.socket] = None

    @property
    def parent_pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Returns once the libraries are imported. Raises RuntimeError if they cannot be."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mode = "confined" if self._confined else "unconfined"
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": here, "HOME": "/tmp"}
        command = [sys.executable, "-m", "render.fork_parent", str(theirs.fileno()), mode]
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
        )
        theirs.close()
        ours.settimeout(_START_S)
        try:
            said = ours.recv(100)
        except OSError as error:
            said = str(error).encode()
        if said != b"ready":
            self._process.kill()
            self._process.wait()
            raise RuntimeError("the process that forks jobs did not start")
        ours.settimeout(None)
        self._requests = ours

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def submit(self, work: Work) -> Job:
        control, control_of_job = socket.socketpair()
        displays, displays_of_job = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, output_of_job = os.pipe()
        descriptors = [control_of_job.fileno(), displays_of_job.fileno(), output_of_job]
        try:
            with self._lock:
                if not self.alive():
                    self.start()
                assert self._requests is not None
                socket.send_fds(self._requests, [b"job"], descriptors)
        finally:
            control_of_job.close()
            displays_of_job.close()
            os.close(output_of_job)
        job = Job(control, displays, output, work)
        with contextlib.suppress(OSError):  # it is over already: `events` will say so
            _send_work(control, displays, work)
        return job


def _send_work(control: socket.socket, displays: socket.socket, work: Work) -> None:
    limits = work.limits._asdict()
    control.sendall(json.dumps(limits).encode())
    body = json.dumps({**work._asdict(), "limits": limits}).encode()
    displays.sendall(len(body).to_bytes(8, "big"))
    for at in range(0, len(body), frames.BYTES_MAX):
        displays.sendall(body[at : at + frames.BYTES_MAX])
