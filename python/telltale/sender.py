"""Sender: takes items from any thread at the cost of an append, and delivers them as events.

One thread owns the connection, the numbering (epoch + sequence) and the spool; callers only append
to a queue and wake it. A batch is in flight at a time: what arrives meanwhile is joined into the
next one. Nothing a server does or fails to do raises in a caller's thread.

Callers take no lock that a signal handler could find held: put, flush and stats may be called from
one at any moment (docs/adr/0015). What is in flight is on disk as soon as an answer takes longer
than KEEP_AFTER_S, and so is what comes meanwhile: a server that never answers costs nothing at the
program's end.
"""

import _thread
import json
import logging
import random
import threading
import time
import uuid
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Union

from telltale import waiting
from telltale.connection import REQUEST_TIMEOUT_S, Connection, Unreachable
from telltale.encoding import EventBuilder, Fact, Item, Losses, encode_line, now_us, runs_below
from telltale.keeper import QUEUE_FULL, Keeper
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
# A server that answers later than this may never answer.
KEEP_AFTER_S = 0.25
# While the server is away, what was queued goes to disk this often rather than at each call.
SPOOL_GAP_S = 0.05
# Beyond the deadline of close() only files are written; that is quick unless the disk hangs.
_DISK_S = 1.0
_REFUSED_STATUS = (400, 413, 415, 422)
_NO_RIGHT_STATUS = (401, 403)


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
        self.passed = waiting.Signal()
        self.delivered = False


class _Batch:
    """Numbered lines of one request. `segment`: where they are on disk too. `losses`: what they
    tell of."""

    __slots__ = ("lines", "losses", "segment")

    def __init__(self, lines: List[bytes], losses: Optional[Dict[str, Losses]] = None) -> None:
        self.lines = lines
        self.losses = losses or {}
        self.segment: Optional[int] = None


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
        *,
        adopts_all: bool = False,
        last_words_until: Optional[float] = None,
    ) -> None:
        """`adopts_all`: takes spools of any server over, where all of the root is for this one.
        `last_words_until`: of a program that is ending. Callers deliver themselves, since nothing
        comes after them; from that time on (monotonic) only to the disk."""
        self.url = url
        self.run_key = run_key
        self.epoch = uuid.uuid4().hex
        self.spool_root = spool_root or default_root()
        self._spool_bytes_limit = spool_bytes_limit
        self._adopts_from = None if adopts_all else url
        self._connection = Connection(url)
        self._queue: Deque[Union[Item, _Mark]] = deque()
        self._wake = waiting.Signal()
        self._ended = waiting.Signal()
        self._has_thread = False
        self._in_callers_thread = last_words_until is not None
        self._is_copy = False  # in a forked child, of the parent's
        # Only ever tried, never waited for: who comes second leaves it to who came first.
        self._starting = threading.Lock()
        self._evicting = threading.Lock()
        self._evicted = Losses()
        self._closing = False
        self._patient = False
        self._deadline = last_words_until  # from then on nothing is waited for
        # What follows belongs to the thread.
        self._builder = EventBuilder(run_key)
        self._sequence = 0
        self._outbox: Deque[_Batch] = deque()  # older than all that is in the spool
        self._keeper = Keeper(self.spool_root, self.epoch, url, spool_bytes_limit)
        self._spool = self._keeper.spool
        self._marks: List[_Mark] = []
        self._delivered = 0
        self._rejected = 0
        self._connected = True
        self._retry_at = 0.0
        self._retry_gap_s = RETRY_FIRST_S
        self._keep_at = 0.0
        self._look_for_abandoned = last_words_until is None

    # --- any thread, and signal handlers

    def put(self, item: Item) -> None:
        """Queues an item: an append and, when the thread sleeps, a wake-up."""
        queue = self._queue
        queue.append(item)
        if len(queue) > QUEUE_ITEMS_LIMIT:
            self._make_room()
        if self._has_thread:
            self._wake.set()
        else:
            self._start()

    def put_fact(self, kind: str, body: Dict[str, Any], time_us: Optional[int] = None) -> None:
        self.put(Fact(kind, body, now_us() if time_us is None else time_us))

    def flush(self, timeout_s: float) -> bool:
        """Waits until what was put before is delivered. False: it is on disk, or time is up."""
        if self._ended.is_set or (not self._has_thread and not self._queue):
            return not self._undelivered()
        mark = _Mark()
        self._queue.append(mark)
        if self._has_thread:
            self._wake.set()
        else:
            self._start()
        if self._has_thread or self._in_callers_thread:
            mark.passed.wait(timeout_s)
        return mark.delivered

    def adopt_abandoned(self) -> None:
        """Looks for spools of processes that have gone, at the next opportunity."""
        self._look_for_abandoned = True
        if not self._has_thread:
            self._start()
        self._wake.set()

    def close(self, timeout_s: float, patient: bool = False) -> bool:
        """Delivers what is queued, or leaves it on disk. True when nothing is left undelivered.

        A server that has been away for a while isn't waited for, unless `patient`.
        """
        if self._is_copy or (not self._has_thread and not self._queue):
            return True
        self._deadline = time.monotonic() + timeout_s
        self._patient = patient
        self._closing = True
        if self._has_thread:
            self._wake.set()
        else:  # there was no room for a thread
            self._work_here()
        if not self._ended.wait(timeout_s + _DISK_S):
            _logger.warning("telltale: the last events may be lost: the disk does not answer")
            return False
        self._ended.set()
        return not self._undelivered()

    def stats(self) -> Stats:
        lost = self._keeper.losses.total()
        lost.merge(self._keeper.told)
        lost.merge(self._evicted)
        return Stats(
            self._delivered,
            self._rejected,
            lost.points,
            lost.log_bytes,
            lost.events,
            self._spool.size_bytes,
            self._connected,
        )

    def queued(self) -> int:
        return len(self._queue)

    def forget(self) -> None:
        """In a forked child: lets go of what belongs to the parent, without a word to the
        server."""
        self._is_copy = True
        self._queue.clear()
        self._connection.close()
        self._spool.release()

    def _make_room(self) -> None:
        if not self._evicting.acquire(False):
            return
        try:
            while len(self._queue) > QUEUE_ITEMS_LIMIT:
                oldest = self._queue.popleft()
                if isinstance(oldest, _Mark):
                    oldest.passed.set()
                else:
                    self._evicted.add_item(oldest)
        except IndexError:
            pass  # the thread was quicker
        finally:
            self._evicting.release()

    def _start(self) -> None:
        """Starts the thread. Nothing else than a call in C may stand between a caller and it: the
        locks of threading.Thread may be held where a signal handler came in."""
        if self._in_callers_thread:
            self._work_here()
            return
        if self._is_copy or not self._starting.acquire(False):
            return
        try:
            if not self._has_thread:
                _thread.start_new_thread(self._run, ())
                self._has_thread = True
        except RuntimeError:
            pass  # no room for a thread, or the program is ending: close() does its work
        finally:
            self._starting.release()
            self._wake.set()

    def _work_here(self) -> None:
        """The thread's work by a caller, or by another one who is at it."""
        while (self._queue or self._closing) and self._starting.acquire(False):
            try:
                with waiting.at_work():
                    if self._round():
                        self._ended.set()
                        return
                    if not self._spool:
                        self._keeper.leave()  # nobody comes who would do it later
            finally:
                self._starting.release()

    # --- the thread

    def _run(self) -> None:
        with waiting.at_work():
            while True:
                try:
                    with waiting.at_rest():
                        self._wake.wait(self._sleep_s())
                    if self._round():
                        break
                except Exception:  # a bug here must never reach the user's program
                    _logger.exception("telltale: sending failed")
                    waiting.pause(RETRY_LAST_S)
        self._ended.set()

    def _sleep_s(self) -> Optional[float]:
        if self._queue or self._closing:
            return 0.0
        if self._undelivered() or self._look_for_abandoned:
            return max(0.0, self._retry_at - time.monotonic())
        return None

    def _undelivered(self) -> bool:
        return bool(self._spool or self._outbox or self._keeper.losses)

    def _round(self) -> bool:
        """Moves what is queued one step on. True when the sender has closed."""
        self._take_queue()
        self._deliver_outbox()
        if self._spool and self._may_send():
            self._deliver_spool()
        self._tell_losses()
        self._pass_marks()
        if self._look_for_abandoned and not self._queue and not self._spool and self._may_send():
            self._look_for_abandoned = False
            self._deliver_abandoned()
        if self._closing and not self._queue:
            self._finish()
            return True
        if not self._connected and not self._closing and not self._in_callers_thread:
            waiting.pause(SPOOL_GAP_S)
        return False

    def _may_send(self) -> bool:
        now = time.monotonic()
        return now >= self._retry_at and (self._deadline is None or now < self._deadline)

    def _take_queue(self, to_disk: bool = False) -> None:
        """Numbers what is queued, and puts it in the outbox or behind what is in the spool."""
        count = 0
        try:
            while count < ITEMS_PER_ROUND:
                item = self._queue.popleft()
                if isinstance(item, _Mark):
                    self._marks.append(item)
                else:
                    self._builder.add(item)
                    count += 1
        except IndexError:
            pass  # that was all
        lines = self._numbered(self._builder.take())
        if not lines:
            return
        if to_disk or self._spool or not self._may_send():
            self._keeper.keep(lines)
        else:
            self._outbox.extend(_Batch(lines[a:b]) for a, b in runs_below(lines, BATCH_BYTES))

    def _numbered(self, events: List[Dict[str, Any]]) -> List[bytes]:
        lines = []
        for event in events:
            if "heartbeat" in event and not self._connected:
                continue  # says "alive now": of no use later
            self._sequence += 1
            event["id"] = f"{self.epoch}-{self._sequence}"
            event["epoch"] = self.epoch
            event["sequence"] = self._sequence
            try:
                lines.append(encode_line(event))
            except (TypeError, ValueError, RecursionError) as error:
                self._sequence -= 1
                self._rejected += 1
                self._keeper.warn("an event that JSON can't hold was left out", error)
        return lines

    def _deliver_outbox(self) -> None:
        """Delivers it in order; from the first batch that can't be, all of it is kept on disk."""
        while self._outbox:
            batch = self._outbox[0]
            try:
                if not self._may_send():
                    break
                self._deliver(batch.lines)
            except _Retry as retry:
                self._back_off(retry)
                break
            self._outbox.popleft()
            if batch.segment is not None:
                self._spool.remove(batch.segment)
        while self._outbox:
            batch = self._outbox.popleft()
            if batch.segment is not None:
                self._spool.under_way.discard(batch.segment)
                continue
            if batch.losses:
                self._keep_losses(batch)
            else:
                self._keeper.keep(batch.lines)

    def _deliver(self, lines: List[bytes]) -> None:
        """Sends one batch until the server took or refused it. Raises _Retry."""
        timeout_s = REQUEST_TIMEOUT_S
        if self._deadline is not None:
            timeout_s = min(timeout_s, max(0.1, self._deadline - time.monotonic()))
        self._keep_at = time.monotonic() + KEEP_AFTER_S
        try:
            answer = self._connection.post(b"".join(lines), self._while_waiting, timeout_s)
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
        elif answer.status in _NO_RIGHT_STATUS and self._connection.token_changed():
            raise _Retry(0.0)
        else:
            self._tell_status(answer.status)
            raise _Retry(answer.retry_after_s)

    def _while_waiting(self, at_once: bool) -> None:
        """Between two slices of a wait for the server: what it doesn't take goes to disk."""
        now = time.monotonic()
        if self._deadline is not None and (now >= self._deadline or self._away_for_long()):
            raise Unreachable("the program is ending")
        if now < self._keep_at and not at_once:
            return
        self._keep_at = now + SPOOL_GAP_S
        for batch in self._outbox:
            if batch.segment is None:
                batch.segment = self._keeper.keep_under_way(batch.lines)
                if batch.segment is None:
                    return  # the order must hold: nothing behind it may go to disk
        self._take_queue(to_disk=True)

    def _tell_status(self, status: int) -> None:
        """Says what nothing but a change of settings can mend, once."""
        if status in _NO_RIGHT_STATUS:
            self._retry_gap_s = RETRY_LAST_S  # nor is it waited for at the end
            self._keeper.warn(
                f"the server at {self._connection.address} takes no events from this process "
                f"({status}); they wait on disk in {self._spool.directory}",
                "TELLTALE_TOKEN, or a file that TELLTALE_TOKEN_FILE names, must hold a token that "
                "the server knows",
            )
        elif status < 500 and status != 429:
            self._keeper.warn(
                f"the server at {self._connection.address} takes no events; they wait on disk in "
                f"{self._spool.directory}",
                f"it answers with status {status}: is TELLTALE_URL the address of a Telltale "
                "server?",
            )

    def _away_for_long(self) -> bool:
        """The server has been away for a while: it must not hold the program's exit up."""
        is_late = not self._connected and self._retry_gap_s > 4 * RETRY_FIRST_S
        return is_late and not self._patient

    def _back_off(self, retry: _Retry) -> None:
        self._connected = False
        gap_s = self._retry_gap_s * random.uniform(0.8, 1.2)
        self._retry_gap_s = min(self._retry_gap_s * 2, RETRY_LAST_S)
        if retry.after_s is not None:
            gap_s = max(retry.after_s, gap_s)
        self._retry_at = time.monotonic() + gap_s

    def _deliver_spool(self) -> None:
        while self._deliver_first(self._spool):
            if not self._may_send():
                return
            if self._queue:  # keeps the queue short; order holds, it goes to the spool's end
                return

    def _deliver_first(self, spool: Spool) -> bool:
        """Sends a spool's oldest segment. False when there is none or it failed."""
        number = spool.first()
        if number is None:
            return False
        spool.under_way.add(number)
        try:
            lines = self._keeper.read(spool, number)
            if lines is None:
                raise _Retry(None)
            if lines:
                self._deliver(lines)
        except _Retry as retry:
            self._back_off(retry)
            return False
        finally:
            spool.under_way.discard(number)
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

    def _pass_marks(self) -> None:
        marks, self._marks = self._marks, []
        for mark in marks:
            mark.delivered = not self._undelivered()
            mark.passed.set()

    def _tell_losses(self) -> None:
        self._count_evicted()
        if self._keeper.losses and not self._spool and self._may_send():
            self._outbox.append(self._loss_batch())
            self._deliver_outbox()

    def _count_evicted(self) -> None:
        if self._evicted and self._evicting.acquire(False):
            evicted, self._evicted = self._evicted, Losses()
            self._evicting.release()
            self._keeper.losses.of(QUEUE_FULL).merge(evicted)

    def _loss_batch(self) -> _Batch:
        """Takes what was lost for told; who can neither deliver nor keep it takes that back."""
        losses = self._keeper.losses.take()
        events = []
        for reason, lost in losses.items():
            self._keeper.told.merge(lost)
            body = lost.body(reason)
            events.append({"run_key": self.run_key, "happened_at_us": now_us(), "loss": body})
        return _Batch(self._numbered(events), losses)

    def _keep_losses(self, batch: _Batch) -> None:
        number = self._keeper.keep_under_way(batch.lines)
        if number is not None:
            self._spool.under_way.discard(number)
            return
        for reason, lost in batch.losses.items():
            self._keeper.told.merge(lost, -1)
            self._keeper.losses.of(reason).merge(lost)

    def _finish(self) -> None:
        """Last attempts within the deadline, then everything is on disk or delivered.

        Who is `patient` also delivers what processes that ended before it left behind.
        """
        deadline = self._deadline or 0.0
        self._look_for_abandoned = self._patient
        while (self._undelivered() or self._look_for_abandoned) and time.monotonic() < deadline:
            if self._away_for_long():
                break
            waiting.pause(min(self._retry_at, deadline) - time.monotonic())
            self._deliver_spool()
            self._tell_losses()
            if self._look_for_abandoned and not self._spool and self._may_send():
                self._look_for_abandoned = False
                self._deliver_abandoned()
        while self._queue:
            self._take_queue(to_disk=True)
        self._count_evicted()
        if self._keeper.losses:
            self._keep_losses(self._loss_batch())
        self._pass_marks()
        self._keeper.close()
        self._connection.close()


def _refused(body: bytes) -> int:
    try:
        return len(json.loads(body).get("rejected", ()))
    except (ValueError, AttributeError, TypeError):
        return 0
