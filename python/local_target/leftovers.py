"""What runs leave behind that ended while the server was away, or without a word.

While it lives a run holds a mark, a locked file beside the spools; who starts a run puts it there
before. `settle` is for who answers for a spool root, the server that has just started: it delivers
spools that nobody owns any more, and of a run whose mark nobody holds and which never said that it
ended, it says so.
"""

import contextlib
import logging
import os
import time
from typing import List, NamedTuple, Optional

from local_target.run_tracker import BEFORE_IT_SPOKE
from local_target.server_reader import ServerReader
from telltale import ids
from telltale.encoding import now_us
from telltale.file_lock import lock
from telltale.sender import Sender
from telltale.shower import deliver_left

_logger = logging.getLogger("telltale")
_SUFFIX = ".running"
_PERIOD_S = 1.0
# How long the process of a run that is still pending may take to hold its mark.
START_GRACE_S = 10.0
# How long a server that has just started may take to know all runs.
_KNOWN_S = 60.0
# How long a run waits for its mark: settle() holds it while it speaks of the run.
_HOLD_S = 30.0
# A server that has been away for so long is done for; the next one settles.
PATIENCE_S = 60.0
# What a spool brings is in the server's answers well within this.
_FOLDED_S = 2.0
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_WITHOUT_A_WORD = (
    "The process of this run is gone and never said how the run ended: it was killed, or the "
    "machine was restarted."
)
_NEVER_STARTED = (
    "The process of this run ended before it could start the pipeline: it was killed, or the "
    "machine was restarted."
)


class _Grace(NamedTuple):
    """Until when (monotonic) something may still come by itself."""

    known: float  # the run, to the server that has just started
    start: float  # the process of a run that is pending


class RunningMark:
    """Of one run. Where it can't be held the run goes on, but nobody learns of its sudden end."""

    def __init__(self, root: str, run_key: str) -> None:
        self.run_key = run_key
        self._path = os.path.join(root, run_key + _SUFFIX)
        self._fd: Optional[int] = None

    def hold(self) -> None:
        """For the run itself, from its start on."""
        deadline = time.monotonic() + _HOLD_S
        while self._fd is None:
            try:
                os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
                self._fd = lock(self._path, create=True)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    _logger.warning("telltale: no mark for this run: %s", error)
                    return
                time.sleep(0.05)
            except OSError as error:
                _logger.warning("telltale: no mark for this run: %s", error)
                return

    def take(self) -> bool:
        """For who comes after it. False while the run lives, or when it ended in good order."""
        try:
            self._fd = lock(self._path, create=False)
        except OSError:
            return False
        return True

    def remove(self) -> None:
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        self.let_go()

    def let_go(self) -> None:
        """As the kernel does when the process ends."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def settle(url: str, root: str, grace_s: float = START_GRACE_S) -> bool:
    """Returns once no run lives any more that was there at the start. False: the server went away
    before."""
    server = ServerReader(url)
    earlier = _marked(root)
    answered_at = time.monotonic()
    grace = _Grace(answered_at + _KNOWN_S, answered_at + grace_s)
    while True:
        gone = [mark for mark in (RunningMark(root, key) for key in earlier) if mark.take()]
        try:
            # In this order: a run's last words come first.
            settled = _deliver_spools(url, root) and all(
                [_tell_of(mark, server, url, root, grace) for mark in gone]
            )
        finally:
            for mark in gone:
                mark.let_go()
        earlier = [key for key in _marked(root) if key in earlier]
        if settled and not earlier:
            return True
        if settled:
            answered_at = time.monotonic()
        elif time.monotonic() - answered_at > PATIENCE_S:
            return False
        time.sleep(_PERIOD_S)


def _marked(root: str) -> List[str]:
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    keys = [name[: -len(_SUFFIX)] for name in names if name.endswith(_SUFFIX)]
    return [key for key in keys if ids.is_id(key)]


def _deliver_spools(url: str, root: str) -> bool:
    sender = Sender(url, "", spool_root=root, adopts_all=True)
    sender.adopt_abandoned()
    if not sender.close(PATIENCE_S, patient=True):
        return False
    return deliver_left(url, root, PATIENCE_S, adopts_all=True)


def _tell_of(mark: RunningMark, server: ServerReader, url: str, root: str, grace: _Grace) -> bool:
    """True once the run has an end, or may still get one by itself. False: the server can't be
    asked or told."""
    deadline = time.monotonic() + _FOLDED_S
    while True:
        run = server.run(mark.run_key)
        if run is None:
            return False
        if not run and time.monotonic() < grace.known:
            return True
        if not run or run.get("state") in _ENDED:
            mark.remove()
            return True
        never_started = run.get("state") == "PENDING"
        if never_started and time.monotonic() < grace.start:
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    sender = Sender(url, mark.run_key, spool_root=root)
    # A run's versions are counted from 1: the time is newer than all of them.
    version = BEFORE_IT_SPOKE if never_started else now_us()
    message = _NEVER_STARTED if never_started else _WITHOUT_A_WORD
    end = {"state": "FAILED", "message": message, "version": version, "finished_at_us": now_us()}
    sender.put_fact("run_state", end)
    if not sender.close(PATIENCE_S, patient=True):
        return False
    mark.remove()
    return True
