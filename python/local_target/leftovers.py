"""What runs leave behind that ended while the server was away, or without a word.

While it lives a run holds a mark, a locked file beside the spools. `settle` is for who answers for
a spool root, the server that has just started: it delivers spools that nobody owns any more, and of
a run whose mark nobody holds and which never said that it ended, it says so.
"""

import contextlib
import logging
import os
import time
from typing import List, Optional

from local_target.server_reader import ServerReader
from telltale import ids
from telltale.encoding import now_us
from telltale.file_lock import lock
from telltale.sender import Sender

_logger = logging.getLogger("telltale")
_SUFFIX = ".running"
_PERIOD_S = 1.0
# A server that has been away for so long is done for; the next one settles.
PATIENCE_S = 60.0
# What a spool brings is in the server's answers well within this.
_FOLDED_S = 2.0
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_WITHOUT_A_WORD = (
    "The process of this run is gone and never said how the run ended: it was killed, or the "
    "machine was restarted."
)


class RunningMark:
    """Of one run. Where it can't be held the run goes on, but nobody learns of its sudden end."""

    def __init__(self, root: str, run_key: str) -> None:
        self.run_key = run_key
        self._path = os.path.join(root, run_key + _SUFFIX)
        self._fd: Optional[int] = None

    def hold(self) -> None:
        """For the run itself, from its start on."""
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            self._fd = lock(self._path, create=True)
        except OSError as error:
            _logger.warning("telltale: no mark for this run: %s", error)

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


def settle(url: str, root: str) -> bool:
    """Returns once no run lives any more that was there at the start. False: the server went away
    before."""
    server = ServerReader(url)
    earlier = _marked(root)
    answered_at = time.monotonic()
    while True:
        gone = [mark for mark in (RunningMark(root, key) for key in earlier) if mark.take()]
        try:
            # In this order: a run's last words come first.
            settled = _deliver_spools(url, root) and all(
                [_tell_of(mark, server, url, root) for mark in gone]
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
    return sender.close(PATIENCE_S, patient=True)


def _tell_of(mark: RunningMark, server: ServerReader, url: str, root: str) -> bool:
    """True once the run has an end, or is not known at all."""
    deadline = time.monotonic() + _FOLDED_S
    while True:
        run = server.run(mark.run_key)
        if run is None:
            return False
        if not run or run.get("state") in _ENDED:
            mark.remove()
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    sender = Sender(url, mark.run_key, spool_root=root)
    end = {"state": "FAILED", "message": _WITHOUT_A_WORD}
    # Its versions were counted from 1: this one is newer than all of them.
    sender.put_fact("run_state", {**end, "version": now_us(), "finished_at_us": now_us()})
    if not sender.close(PATIENCE_S, patient=True):
        return False
    mark.remove()
    return True
