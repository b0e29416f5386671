"""The SDK's own state in this process: where it reports to, found from the environment.

    TELLTALE_URL         the server, e.g. http://127.0.0.1:8080
    TELLTALE_RUN_KEY     the run
    TELLTALE_TASK_PATH   the task; empty or absent: the run itself
    TELLTALE_SPOOL_DIR   where events wait while the server is away
    TELLTALE_SPOOL_BYTES bound of that, for each process (64 MB)
    TELLTALE_EXIT_WAIT_S how long the program's end may wait for the last points (3 s)
    TELLTALE_TOKEN       bearer token, when the server asks for one: see `credentials`
    TELLTALE_CLAIMS      set by a target that reads standard output: see `claims`

Without the first two every call does nothing.
"""

import atexit
import logging
import math
import os
import sys
import time
from typing import Any, Dict, Optional

from telltale.claims import ClaimWriter
from telltale.encoding import Point, clean_text, int64_or_none
from telltale.ids import is_id
from telltale.sender import Sender
from telltale.shower import Shower
from telltale.shown import Shown
from telltale.spool import SPOOL_BYTES_LIMIT

_logger = logging.getLogger("telltale")
_EXIT_WAIT_S = 3.0
_NAME_LENGTH = 200


def _number(name: str, default: float) -> float:
    try:
        number = float(os.environ.get(name, "") or default)
    except ValueError:
        return default
    return number if math.isfinite(number) else default


class Client:
    """One process's connection to one task of a run."""

    def __init__(
        self, url: str, run_key: str, task_path: str, claims_path: str, until: Optional[float]
    ) -> None:
        self.task_path = task_path
        self.sender = Sender(
            url,
            run_key,
            spool_bytes_limit=int(_number("TELLTALE_SPOOL_BYTES", SPOOL_BYTES_LIMIT)),
            last_words_until=until,
        )
        self._shower: Optional[Shower] = None
        self._until = until
        self.claims = ClaimWriter(claims_path)
        self._names: Dict[Any, str] = {}  # as the caller wrote it -> cleaned

    def log_metric(self, name: Any, value: Any, step: Any, time_us: int) -> None:
        clean = self._names.get(name)
        if clean is None:
            clean = clean_text(name)
            self.claims.name(clean)
            if len(self._names) < 10_000:
                self._names[name] = clean
        self.sender.put(Point(self.task_path, clean, int64_or_none(step), time_us, float(value)))

    def show(self, shown: Shown, name: Any) -> None:
        if self._shower is None:
            self._shower = Shower(
                self.sender.url,
                self.sender.spool_root,
                run_key=self.sender.run_key,
                task_path=self.task_path,
                bytes_limit=int(_number("TELLTALE_SPOOL_BYTES", SPOOL_BYTES_LIMIT)),
                last_words_until=self._until,
            )
        self._shower.put(shown, clean_text(name)[:_NAME_LENGTH])

    def flush(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        sent = self.sender.flush(timeout_s)
        rest_s = max(0.0, deadline - time.monotonic())
        return (self._shower is None or self._shower.flush(rest_s)) and sent

    def close(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        sent = self.sender.close(timeout_s)
        rest_s = max(0.0, deadline - time.monotonic())
        return (self._shower is None or self._shower.close(rest_s)) and sent

    def forget(self) -> None:
        self.sender.forget()
        if self._shower is not None:
            self._shower.forget()

    def progress(self, done: Any, total: Any, unit: Any, note: Any) -> None:
        self.claims.progress()
        body = {
            "path": self.task_path,
            "done": _finite(done),
            "total": 0.0 if total is None else _finite(total),
            "unit": clean_text(unit),
            "note": clean_text(note),
        }
        self.sender.put_fact("progress", body)


def _finite(value: Any) -> float:
    number = float(value)
    if number - number != 0.0:
        raise ValueError("progress is a finite number")
    return number


# At "client" the one of this process, once it was looked for. A dict, because the first call may be
# interrupted by a signal handler whose call is then the first: setdefault is one step for both.
_found: Dict[str, Optional[Client]] = {}
# Set while the program ends: until when callers may still wait for the server (monotonic).
_leaving_until: Optional[float] = None


def current() -> Optional[Client]:
    """The client of this process; None when the environment names no run."""
    try:
        return _found["client"]
    except KeyError:
        client = _look()
        found = _found.setdefault("client", client)
        if client is not None and found is client:
            _close_at_end_of_child()
        return found


def _look() -> Optional[Client]:
    url = os.environ.get("TELLTALE_URL", "")
    run_key = os.environ.get("TELLTALE_RUN_KEY", "")
    if url and is_id(run_key):
        task_path = os.environ.get("TELLTALE_TASK_PATH", "")
        claims_path = os.environ.get("TELLTALE_CLAIMS", "")
        try:
            return Client(url, run_key, task_path, claims_path, _leaving_until)
        except Exception as error:  # a wrong setting must not end the user's program
            _logger.warning("telltale: not reporting: %s", error)
    elif url or run_key:
        _logger.warning("telltale: not reporting: TELLTALE_URL and TELLTALE_RUN_KEY go together")
    return None


def _close_at_end_of_child() -> None:
    """A child of multiprocessing ends without atexit."""
    process = sys.modules.get("multiprocessing.process")
    parent = getattr(process, "parent_process", None)
    if parent is not None and parent() is not None:
        from multiprocessing import util  # is there already, in such a child

        util.Finalize(None, _leave, exitpriority=100)


def shut_down() -> None:
    """Delivers or spools what is queued. Later calls start anew."""
    _close(_found.pop("client", None))


def _leave() -> None:
    """At the program's end. What is called later still, by others at its end, goes its own way."""
    global _leaving_until
    if _leaving_until is None:
        _leaving_until = time.monotonic() + max(0.0, _number("TELLTALE_EXIT_WAIT_S", _EXIT_WAIT_S))
        shut_down()


def _close(client: Optional[Client]) -> None:
    if client is not None:
        wait_s = _number("TELLTALE_EXIT_WAIT_S", _EXIT_WAIT_S)
        if not client.close(max(0.0, wait_s)):
            _logger.info("telltale: the last events wait in the spool")


def _after_fork_in_child() -> None:
    global _leaving_until
    _leaving_until = None
    client = _found.pop("client", None)
    if client is not None:
        client.forget()


def announce() -> None:
    """Tells a reader of standard output that this process uses the SDK."""
    path = os.environ.get("TELLTALE_CLAIMS", "")
    if path:
        ClaimWriter(path).in_use()


atexit.register(_leave)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork_in_child)

__all__ = ["Client", "announce", "current", "shut_down"]
