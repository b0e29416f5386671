"""One lease: runs its job, sends each part as it is shown, beats, and says how it ended.

Three threads: one reads the job, one sends what is new of its parts, one beats. What the sender is
behind with is joined or replaced, never queued, so a slow server holds up no job and costs no
memory: text goes on where it was sent to, of a redrawn display only the newest state travels.
"""

import logging
import threading
import time
from typing import Any, Dict, Iterator, Optional
from urllib.parse import quote

from render.connection import Connection
from render.frames import Frame
from render.parts import Part, Parts
from render.pool import End, Job, Pool, Work
from render.registry import BadArguments, Registry, work_code
from render.sandbox import Limits

_PIECE = 1 << 18
_BEATS_A_LEASE = 15
_TRIES = 3
_AT_ONCE, _REST_S, _REST_MOST_S = 200, 0.001, 1.0
_GONE = (404, 410)


class _Lost(Exception):
    """The lease is another's, or nobody's."""


class LeasedJob:
    def __init__(
        self, lease: Dict[str, Any], connection: Connection, pool: Pool, registry: Registry
    ) -> None:
        self._lease = lease
        self._path = f"/leases/{quote(str(lease['lease']), safe='')}"
        self._connection = connection
        self._pool = pool
        self._registry = registry
        self._expires_s = float(lease.get("expires_in_s") or 15)
        self._parts = Parts()
        self._sent: Dict[int, tuple] = {}  # index -> the part that was sent, and how far
        self._news = threading.Condition()
        self._over = False
        self._refused = ""
        self._told = 0
        self._lost = threading.Event()
        self._job: Optional[Job] = None

    def run(self, most: Limits) -> None:
        """Returns when the job is over and told."""
        try:
            work = self._work(most)
        except (BadArguments, ValueError, TypeError) as error:
            self._done(End(False, str(error), False))
            return
        threads = [threading.Thread(target=t) for t in (self._send_all, self._beat_all)]
        for thread in threads:
            thread.start()
        try:
            self._job = self._read(work)
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()
            for thread in threads:
                thread.join()
            self._parts.close()
        end = self._job.end
        if not self._lost.is_set() and not end.cancelled and not end.lost:
            refused = End(False, self._refused, False)
            self._done(refused if end.ok and self._refused else end)
        self._connection.close()

    def cancel(self) -> None:
        """The worker ends: so does the job, and another worker gets it."""
        self._lost.set()
        if self._job is not None:
            self._job.cancel()

    def _work(self, most: Limits) -> Work:
        name = str(self._lease.get("type"))
        kind = self._registry.get(name)
        if kind is None:
            raise ValueError(f"this worker has no type {name}")
        told = self._lease.get("source") or {}
        path = str(told.get("path") or "")
        source = path or str(told.get("uri") or "")
        variables = self._lease.get("arguments") or {}
        if not isinstance(variables, dict):
            raise BadArguments("arguments are an object")
        if kind.source == "required" and not source:
            raise BadArguments("a source is required")
        names = kind.names(source, variables)
        limits = Limits.of(self._lease.get("limits") or {}, most)
        paths = [kind.folder, *([path] if path else [])]
        return Work(work_code(kind, variables), names, paths, [kind.folder], limits)

    def _read(self, work: Work) -> Job:
        """The job, at its end. One that found the forking parent dying has shown nothing yet, and
        is begun again, by the next parent."""
        for _ in range(_TRIES):
            job = self._job = self._pool.submit(work)
            if self._lost.is_set():
                job.cancel()
            for frame in job.events():
                if frame.kind == "part":
                    self._take(frame)
            if self._parts.ordered() or not job.end.lost or self._lost.is_set():
                break
        told = job.end.cancelled or job.end.lost
        if not job.end.ok and not told and not self._parts.told_error:
            said = Frame("part", -1, "text/plain", "error", body=job.end.message.encode())
            self._take(said)
        return job

    def _take(self, frame: Frame) -> None:
        with self._news:
            self._parts.take(frame)
            self._news.notify_all()

    def _send_all(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._over or self._next() is not None)
                part = self._next()
                if part is None or self._lost.is_set():
                    break
            try:
                self._send(part)
            except _Lost:
                self.cancel()
                break
            self._rest()
        self._connection.close()

    def _rest(self) -> None:
        """A job that goes on telling is sent in fewer, larger pieces: a server keeps each of them,
        and takes some thousands of a job."""
        self._told += 1
        pause = min(_REST_MOST_S, max(0, self._told - _AT_ONCE) * _REST_S)
        with self._news:
            self._news.wait_for(lambda: self._over or self._lost.is_set(), pause)

    def _next(self) -> Optional[Part]:
        """The first part of which the server has not all."""
        for part in self._parts.ordered():
            sent, size = self._sent.get(part.index, (None, -1))
            if (sent is not part or size < part.size) and (part.whole or self._over):
                return part
        return None

    def _send(self, part: Part) -> None:
        """Tries until the lease would be another's. What may be half there is sent whole."""
        until = time.monotonic() + self._expires_s
        sent, size = self._sent.get(part.index, (None, 0))
        start = size if sent is part and part.head.mime == "text/plain" else 0
        with self._news:
            end = part.size
        while True:
            try:
                status = self._put(part, start, end)
            except OSError as error:
                logging.info("part %d is sent again: %s", part.index, error)
                status, start = 0, 0
            with self._news:
                if part not in self._parts.ordered():
                    return  # it was shown anew, and that is what is sent next
            if 200 <= status < 300:
                self._sent[part.index] = (part, end)
                return
            if status in _GONE or time.monotonic() > until:
                raise _Lost
            if 400 <= status < 500 and status != 429:
                self._refused = f"the server refused part {part.index} with {status}"
                self._sent[part.index] = (part, end)
                return
            self._lost.wait(0.5)
            if self._lost.is_set():
                raise _Lost

    def _put(self, part: Part, start: int, end: int) -> int:
        query = f"?name={quote(part.head.name)}" + ("&append=1" if start else "")
        path = f"{self._path}/parts/{part.index}{query}"
        pieces = self._pieces(part, start, end)
        return self._connection.send(path, part.head.mime, pieces, end - start).status

    def _pieces(self, part: Part, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, _PIECE):
            with self._news:  # the reader writes to the same file
                try:
                    piece = part.read(at, min(_PIECE, end - at))
                except ValueError:  # it was shown anew meanwhile
                    piece = b""
            if not piece:
                raise OSError("this display was replaced while it was sent")
            yield piece

    def _beat_all(self) -> None:
        """As long as the job runs, and until its last part is there."""
        pause = self._expires_s / _BEATS_A_LEASE
        last = time.monotonic()
        while not self._lost.is_set():
            with self._news:
                if self._news.wait_for(self._finished, pause):
                    break
            try:
                answer = self._connection.ask("POST", f"{self._path}/beat", {})
                if answer.status == 200:
                    last = time.monotonic()
                if answer.status in _GONE or (
                    answer.status == 200 and answer.json().get("cancelled")
                ):
                    self.cancel()
            except (OSError, ValueError) as error:
                logging.info("a beat was lost: %s", error)
            if time.monotonic() - last > 2 * self._expires_s:
                self.cancel()
        self._connection.close()

    def _finished(self) -> bool:
        return self._over and (self._lost.is_set() or self._next() is None)

    def _done(self, end: End) -> None:
        told = {"state": "SUCCEEDED" if end.ok else "FAILED", "message": end.message}
        until = time.monotonic() + self._expires_s
        while time.monotonic() < until:
            try:
                status = self._connection.ask("POST", f"{self._path}/done", told).status
                if status < 500 and status != 429:
                    return
            except OSError as error:
                logging.info("the end is told again: %s", error)
            self._lost.wait(0.5)
