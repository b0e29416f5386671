"""How the SDK waits, so that neither a signal handler nor a fork ever finds a lock that stays held.

A `Signal` is one lock of the interpreter, taken and let go by single calls in C. A signal handler
may set it at any moment, in the middle of another set too; threading.Event can't do that.

A fork copies every lock as it is at that moment (of imports, of logging, of a stream), and in the
child the thread is missing that would let go of it. So the sender's thread holds `_work` except
while it waits, and a fork happens only while it waits: a child finds none of its locks held.
"""

import contextlib
import os
import sys
import threading
import time
from typing import Iterator, Optional

# How long a fork waits for the sender's thread. It waits for a disk that hangs no longer.
_FORK_WAIT_S = 2.0

_work = threading.Lock()
_forking = 0  # the thread that holds `_work` for a fork


class Signal:
    """Stays set until somebody has waited for it."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:  # another thread, or a signal handler, came first
                return

    @property
    def is_set(self) -> bool:
        return not self._lock.locked()

    def wait(self, timeout_s: Optional[float]) -> bool:
        """True: it was set, and is no longer. None waits for ever."""
        if timeout_s is None:
            return self._lock.acquire()
        return self._lock.acquire(True, min(max(timeout_s, 0.0), threading.TIMEOUT_MAX))


@contextlib.contextmanager
def at_work() -> Iterator[None]:
    """Round everything that the sender's thread does."""
    with _work:
        yield


@contextlib.contextmanager
def at_rest() -> Iterator[None]:
    """Round each wait within at_work(): here the process may be forked."""
    _work.release()
    try:
        yield
    finally:
        _work.acquire()


def pause(seconds: float) -> None:
    with at_rest():
        time.sleep(max(0.0, seconds))


def _before_fork() -> None:
    global _forking
    if _work.acquire(True, _FORK_WAIT_S):
        _forking = threading.get_ident()


def _after_fork_in_parent() -> None:
    global _forking
    if _forking == threading.get_ident():
        _forking = 0
        _work.release()


def _after_fork_in_child() -> None:
    global _forking, _work
    _forking = 0
    _work = threading.Lock()


if sys.platform != "win32":
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
