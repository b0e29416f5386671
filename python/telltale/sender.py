"""Sender: takes items from any thread at the cost of an append, and delivers them as events.

One daemon thread owns the connection, the numbering (epoch + sequence) and the spool; callers only
append to a queue and wake it. A batch is in flight at a time: what arrives meanwhile is joined into
the next one. Nothing a server does or fails to do raises in a caller's thread.
"""

import contextlib
import json
import logging
import os
import random
import threading
import time
import uuid
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple, Union

from telltale.connection import Connection, Unreachable
from telltale.encoding import EventBuilder, Fact, Item, Losses, encode_line
from telltale.spool import SPOOL_BYTES_LIMIT, Spool, abandoned_spools, default_root

_logger = logging.getLogger("telltale")

# One request: far below the server's 16 MiB, so that a slow link still gets an answer in time.
BATCH_BYTES = 1024 * 1024
# Items joined before events are encoded; bounds the time between two requests.
ITEMS_PER_ROUND = 20_000
# Items a caller may queue while the thread can't keep up; beyond it the oldest go and are counted.
QUEUE_ITEMS_LIMIT = 500_000
RETRY_FIRST_S = 0.05
RETRY_LAST_S = 1.0
# While the server is away, what was queued goes to disk this often rather than at each call.
SPOOL_GAP_S = 0.05
LOSS_REASON = "The spool on disk was full while the server could not be reached; the oldest went."
_REFUSED_STATUS = (400, 413, 415, 422)


class Stats(NamedTuple):
    delivered: int  # events the server has on disk
    rejected: int  # events it refused for good
    lost_points: int
    lost_log_bytes: int
    lost_events: int
    spooled_bytes: int
    connected: bool


class _Mark:
    """A place in the queue somebody waits for."""

    __slots__ = ("delivered", "passed")

    def __init__(self) -> None:
        self.passed = threading.Event()
        self.delivered = False


class _Retry(Exception):
    def __init__(self, after_s: Optional[float]) -> None:
        super().__init__()
        self.after_s = after_s


class Sender:
    def __init__(
        self,
        url: str,
        run_key: str,
        spool_root: Optional[str] = None,
        spool_bytes_limit: int = SPOOL_BYTES_LIMIT,
        token: str = "",
        *,
        adopts_all: bool = False,
    ) -> None:
        """`adopts_all`: takes spools of any server over, where all of the root is for this one."""
        self.url = url
        self.run_key = run_key
        self.epoch = uuid.uuid4().hex
        self.spool_root = spool_root or default_root()
        self._spool_bytes_limit = spool_bytes_limit
        self._adopts_from = None if adopts_all else url
        self._connection = Connection(url, token)
        self._queue: Deque[Union[Item, _Mark]] = deque()
        self._wake = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._start_lock = threading.Lock()
        self._closing = False
        self._patient = False
        self._exit_deadline = 0.0
        # What follows belongs to the thread.
        self._builder = EventBuilder(run_key)
        self._sequence = 0
        self._spool = Spool(os.path.join(self.spool_root, self.epoch), spool_bytes_limit)
        self._spool_state = "unused"  # then "open" or "unusable"
        self._losses = Losses()  # not yet told
        self._told = Losses()
        self._queue_losses = Losses()
        self._delivered = 0
        self._rejected = 0
        self._connected = True
        self._retry_at = 0.0
        self._retry_gap_s = RETRY_FIRST_S
        self._look_for_abandoned = True

    # --- any thread

    def put(self, item: Item) -> None:
        """Queues an item: an append and, when the thread sleeps, a wake-up."""
        queue = self._queue
        if len(queue) >= QUEUE_ITEMS_LIMIT:
            self._make_room()
        queue.append(item)
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def put_fact(self, kind: str, body: Dict[str, Any], time_us: Optional[int] = None) -> None:
        self.put(Fact(kind, body, now_us() if time_us is None else time_us))

    def flush(self, timeout_s: float) -> bool:
        """Waits until what was put before is delivered. False: it is on disk, or time is up."""
        if self._thread is None:
            return not self._queue
        mark = _Mark()
        self._queue.append(mark)
        self._wake.set()
        mark.passed.wait(timeout_s)
        return mark.delivered

    def adopt_abandoned(self) -> None:
        """Looks for spools of processes that have gone, at the next opportunity."""
        self._look_for_abandoned = True
        if self._thread is None:
            self._start()
        self._wake.set()

    def close(self, timeout_s: float, patient: bool = False) -> bool:
        """Delivers what is queued, or leaves it on disk. True when nothing is left undelivered.

        A server that has been away for a while isn't waited for, unless `patient`.
        """
        if self._thread is None:
            return True
        self._exit_deadline = time.monotonic() + timeout_s
        self._patient = patient
        self._closing = True
        self._wake.set()
        # Beyond the deadline the thread only writes files; that is quick unless the disk hangs.
        self._thread.join(timeout_s + 1.0)
        return not self._thread.is_alive() and not self._spool and not self._losses

    def stats(self) -> Stats:
        told = self._told
        return Stats(
            self._delivered,
            self._rejected,
            told.points + self._losses.points + self._queue_losses.points,
            told.log_bytes + self._losses.log_bytes + self._queue_losses.log_bytes,
            told.events + self._losses.events + self._queue_losses.events,
            self._spool.size_bytes,
            self._connected,
        )

    def queued(self) -> int:
        return len(self._queue)

    def forget(self) -> None:
        """In a forked child: lets go of what belongs to the parent, without a word to the
        server."""
        self._connection.close()
        self._spool.release()

    def _make_room(self) -> None:
        with contextlib.suppress(IndexError):
            oldest = self._queue.popleft()
            if isinstance(oldest, _Mark):
                oldest.passed.set()
            else:
                self._queue_losses.add_item(oldest)

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="telltale", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return  # the interpreter is ending; close() has no thread to wait for
            self._thread = thread

    # --- the thread

    def _run(self) -> None:
        while True:
            self._wake.wait(self._sleep_s())
            self._wake.clear()
            try:
                if self._round():
                    return
            except Exception:  # a bug here must never reach the user's program
                _logger.exception("telltale: sending failed")
                time.sleep(RETRY_LAST_S)

    def _sleep_s(self) -> Optional[float]:
        if self._queue or self._closing:
            return 0.0
        if self._spool or self._losses or self._look_for_abandoned:
            return max(0.0, self._retry_at - time.monotonic())
        return None

    def _round(self) -> bool:
        """Moves what is queued one step on. True when the sender has closed."""
        marks = self._take_queue()
        if self._spool and self._due():
            self._deliver_spool()
        self._tell_losses()
        for mark in marks:
            mark.delivered = not self._spool and not self._losses
            mark.passed.set()
        if self._look_for_abandoned and not self._queue and not self._spool and self._due():
            self._look_for_abandoned = False
            self._deliver_abandoned()
        if self._closing and not self._queue:
            self._finish()
            return True
        if not self._connected and not self._closing:
            time.sleep(SPOOL_GAP_S)
        return False

    def _due(self) -> bool:
        return time.monotonic() >= self._retry_at

    def _take_queue(self) -> List[_Mark]:
        """Sends or spools what is queued; returns the marks passed."""
        marks: List[_Mark] = []
        count = 0
        while self._queue and count < ITEMS_PER_ROUND:
            item = self._queue.popleft()
            if isinstance(item, _Mark):
                marks.append(item)
            else:
                self._builder.add(item)
                count += 1
        lines = self._numbered(self._builder.take())
        if not lines:
            return marks
        if self._spool or not self._due():
            self._keep(lines)
            return marks
        for start, end in _batches(lines):
            if self._spool:  # an earlier batch of this round failed
                self._keep(lines[start:end])
                continue
            try:
                self._deliver(lines[start:end])
            except _Retry as retry:
                self._back_off(retry)
                self._keep(lines[start:end])
        return marks

    def _numbered(self, events: List[Dict[str, Any]]) -> List[bytes]:
        lines = []
        for event in events:
            if "heartbeat" in event and not self._connected:
                continue  # says "alive now": of no use later
            self._sequence += 1
            event["id"] = f"{self.epoch}-{self._sequence}"
            event["epoch"] = self.epoch
            event["sequence"] = self._sequence
            lines.append(encode_line(event))
        return lines

    def _keep(self, lines: List[bytes]) -> None:
        """Puts lines on disk, or counts them as lost when that fails."""
        if not self._spooled(lines):
            for line in lines:
                self._losses.add_line(line)

    def _spooled(self, lines: List[bytes]) -> bool:
        try:
            if self._spool_state == "unused":
                usable = self._spool.create(self.url)
                self._spool_state = "open" if usable else "unusable"
            if self._spool_state == "open":
                self._spool.append(lines, self._losses)
                return True
        except OSError as error:
            if self._spool_state == "unused":
                self._spool_state = "unusable"
            _logger.warning("telltale: cannot keep events on disk: %s", error)
        return False

    def _deliver(self, lines: List[bytes]) -> None:
        """Sends one batch until the server took or refused it. Raises _Retry."""
        timeout_s = 10.0
        if self._closing:
            timeout_s = min(timeout_s, max(0.1, self._exit_deadline - time.monotonic()))
        try:
            answer = self._connection.post(b"".join(lines), timeout_s)
        except Unreachable as error:
            raise _Retry(None) from error
        if answer.status == 200:
            refused = _refused(answer.body)
            self._rejected += refused
            self._delivered += len(lines) - refused
            self._connected = True
            self._retry_gap_s = RETRY_FIRST_S
        elif answer.status == 413 and len(lines) > 1:
            middle = len(lines) // 2
            self._deliver(lines[:middle])
            self._deliver(lines[middle:])
        elif answer.status in _REFUSED_STATUS:
            self._rejected += len(lines)
            self._connected = True
            _logger.warning(
                "telltale: the server refused %d events: %s", len(lines), answer.body[:300]
            )
        else:
            raise _Retry(answer.retry_after_s)

    def _back_off(self, retry: _Retry) -> None:
        self._connected = False
        gap_s = self._retry_gap_s * random.uniform(0.8, 1.2)
        self._retry_gap_s = min(self._retry_gap_s * 2, RETRY_LAST_S)
        if retry.after_s is not None:
            gap_s = max(retry.after_s, gap_s)
        self._retry_at = time.monotonic() + gap_s

    def _deliver_spool(self) -> None:
        while self._deliver_first(self._spool):
            if self._closing and time.monotonic() > self._exit_deadline:
                return
            if self._queue:  # keeps the queue short; order holds, it goes to the spool's end
                return

    def _deliver_first(self, spool: Spool) -> bool:
        """Sends a spool's oldest segment. False when there is none or it failed."""
        number = spool.first()
        if number is None:
            return False
        try:
            lines = spool.read(number)
            if lines:
                self._deliver(lines)
        except _Retry as retry:
            self._back_off(retry)
            return False
        except OSError as error:
            _logger.warning("telltale: cannot read kept events: %s", error)
            self._losses.events += 1
        spool.remove(number)
        return True

    def _deliver_abandoned(self) -> None:
        own = self._spool.directory
        limit = self._spool_bytes_limit
        for spool in abandoned_spools(self.spool_root, self._adopts_from, limit, own):
            try:
                while not self._queue and self._deliver_first(spool):
                    pass
                if spool:
                    self._look_for_abandoned = True
            finally:
                spool.close()
            if self._look_for_abandoned:
                return

    def _tell_losses(self) -> None:
        self._losses.merge(self._queue_losses)
        self._queue_losses = Losses()
        if not self._losses or self._spool or not self._due():
            return
        lost, self._losses = self._losses, Losses()
        lines = self._numbered([self._loss_event(lost)])
        try:
            self._deliver(lines)
        except _Retry as retry:
            self._back_off(retry)
            if not self._spooled(lines):
                self._losses.merge(lost)
                return
        self._told.merge(lost)

    def _loss_event(self, lost: Losses) -> Dict[str, Any]:
        body = lost.body(LOSS_REASON)
        return {"run_key": self.run_key, "happened_at_us": now_us(), "loss": body}

    def _finish(self) -> None:
        """Last attempts within the deadline, then everything is on disk or delivered.

        Who is `patient` also delivers what processes that ended before it left behind.
        """
        self._look_for_abandoned = self._patient
        while self._undelivered() and time.monotonic() < self._exit_deadline:
            if not self._patient and not self._connected and self._retry_gap_s > 4 * RETRY_FIRST_S:
                break  # it has been away for a while: don't hold the program's exit up
            time.sleep(max(0.0, min(self._retry_at, self._exit_deadline) - time.monotonic()))
            self._deliver_spool()
            self._tell_losses()
            if self._look_for_abandoned and not self._spool and self._due():
                self._look_for_abandoned = False
                self._deliver_abandoned()
        if self._losses:
            self._spooled(self._numbered([self._loss_event(self._losses)]))
        self._spool.close()
        self._connection.close()

    def _undelivered(self) -> bool:
        return bool(self._spool or self._losses or self._look_for_abandoned)


def _refused(body: bytes) -> int:
    try:
        return len(json.loads(body).get("rejected", ()))
    except (ValueError, AttributeError):
        return 0


def _batches(lines: List[bytes]) -> List[Tuple[int, int]]:
    batches = []
    start = size = 0
    for index, line in enumerate(lines):
        if size and size + len(line) > BATCH_BYTES:
            batches.append((start, index))
            start, size = index, 0
        size += len(line)
    batches.append((start, len(lines)))
    return batches


def now_us() -> int:
    return time.time_ns() // 1000
