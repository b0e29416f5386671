"""What a sender keeps on disk while its server can't take it, and what it had to drop.

Nothing is dropped uncounted: each loss has a reason, and the sender tells the server once that is
possible. Lives on the sender's thread.
"""

import errno
import logging
import os
import time
from typing import Dict, List, Optional

from telltale.encoding import Losses
from telltale.spool import Spool, Unkept

_logger = logging.getLogger("telltale")

# The same warning comes at most this often.
WARNING_GAP_S = 600.0
# After the spool's directory could not be made.
_CREATE_GAP_S = 1.0

SPOOL_FULL = "The spool on disk was full while the server could not be reached; the oldest went."
NOT_WRITTEN = "The server could not be reached, and the spool could not be written to disk."
NOT_READ = "What had been kept on disk could not be read any more."
QUEUE_FULL = "More was logged than could be taken on to the server or to disk; the oldest went."

# The file is there, only this process can't have it now.
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN)


class LossBook:
    """Losses that aren't told yet, by reason."""

    def __init__(self) -> None:
        self._by_reason: Dict[str, Losses] = {}

    def of(self, reason: str) -> Losses:
        return self._by_reason.setdefault(reason, Losses())

    def __bool__(self) -> bool:
        return any(self._by_reason.values())

    def total(self) -> Losses:
        total = Losses()
        for losses in list(self._by_reason.values()):
            total.merge(losses)
        return total

    def take(self) -> Dict[str, Losses]:
        taken, self._by_reason = self._by_reason, {}
        return {reason: losses for reason, losses in taken.items() if losses}


class Keeper:
    def __init__(self, root: str, epoch: str, server: str, bytes_limit: int) -> None:
        self.spool = Spool(os.path.join(root, epoch), bytes_limit)
        self.losses = LossBook()
        self.told = Losses()
        self._server = server
        self._is_usable: Optional[bool] = None  # not known before it was needed
        self._create_at = 0.0
        self._warned: Dict[str, float] = {}

    def keep(self, lines: List[bytes]) -> int:
        """Puts lines on disk; the rest is counted as lost. Answers how many are kept."""
        kept = 0
        if self._is_open():
            try:
                self.spool.append(lines, self.losses.of(SPOOL_FULL))
                return len(lines)
            except Unkept as error:
                kept = error.kept
                self.warn("the events can't be kept on disk and are lost", error)
        losses = self.losses.of(NOT_WRITTEN)
        for line in lines[kept:]:
            losses.add_line(line)
        return kept

    def keep_under_way(self, lines: List[bytes]) -> Optional[int]:
        """Puts lines that are just being sent into a segment of their own; None: that failed, and
        nothing is lost yet."""
        if not self._is_open():
            return None
        try:
            number = self.spool.add_segment(lines)
        except OSError:
            return None
        self.spool.under_way.add(number)
        return number

    def _is_open(self) -> bool:
        if self._is_usable is not None:
            return self._is_usable
        if time.monotonic() < self._create_at:
            return False
        try:
            self._is_usable = self.spool.create(self._server)
        except OSError as error:
            self._create_at = time.monotonic() + _CREATE_GAP_S
            self.warn("there is no place on disk where events could wait", error)
            return False
        if not self._is_usable:
            self.warn("the directory where events could wait is not ours", self.spool.directory)
        return self._is_usable

    def read(self, spool: Spool, number: int) -> Optional[List[bytes]]:
        """A segment's lines. None: not now."""
        try:
            return spool.read(number)
        except OSError as error:
            if error.errno in _PASSING:
                return None
            self.warn("events that were kept on disk can't be read", error)
            self.losses.of(NOT_READ).events += 1
            return []

    def warn(self, what: str, why: object) -> None:
        """One sentence for who runs the program, not again and again."""
        now = time.monotonic()
        if now >= self._warned.get(what, 0.0):
            self._warned[what] = now + WARNING_GAP_S
            _logger.warning("telltale: %s: %s", what, why)

    def leave(self) -> None:
        """Leaves the disk as it was, where nothing waits there; the next event may come back."""
        self.spool.close()
        self._is_usable = None

    def close(self) -> None:
        self.spool.close()
        lost = self.losses.total()
        if lost:
            self.warn(
                "lost, and the server could not be told",
                f"{lost.points} points, {lost.log_bytes} bytes of logs, {lost.events} other events",
            )
