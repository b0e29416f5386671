"""The SDK's own state in this process: where it reports to, found from the environment.

    TELLTALE_URL         the server, e.g. http://127.0.0.1:8080
    TELLTALE_RUN_KEY     the run
    TELLTALE_TASK_PATH   the task; empty or absent: the run itself
    TELLTALE_SPOOL_DIR   where events wait while the server is away
    TELLTALE_SPOOL_BYTES bound of that, for each process (64 MB)
    TELLTALE_EXIT_WAIT_S how long the program's end may wait for the last points (3 s)
    TELLTALE_TOKEN       bearer token, when the server asks for one
    TELLTALE_CLAIMS      set by a target that reads standard output: see `claims`

Without the first two every call does nothing.
"""

import atexit
import logging
import multiprocessing
import os
import sys
import threading
from typing import Any, Dict, Optional

from telltale.claims import ClaimWriter
from telltale.encoding import Point, clean_text, int64_or_none
from telltale.ids import is_id
from telltale.sender import Sender, now_us
from telltale.spool import SPOOL_BYTES_LIMIT

_logger = logging.getLogger("telltale")


def _number(name: str, default: float) -> float:
    try:
        return float(os.environ.get(name, "") or default)
    except ValueError:
        return default


class Client:
    """One process's connection to one task of a run."""

    def __init__(self, url: str, run_key: str, task_path: str, claims_path: str) -> None:
        self.task_path = task_path
        self.sender = Sender(
            url,
            run_key,
            spool_bytes_limit=int(_number("TELLTALE_SPOOL_BYTES", SPOOL_BYTES_LIMIT)),
            token=os.environ.get("TELLTALE_TOKEN", ""),
        )
        self.claims = ClaimWriter(claims_path)
        self._exit_wait_s = _number("TELLTALE_EXIT_WAIT_S", 3.0)
        self._names: Dict[Any, str] = {}  # as the caller wrote it -> cleaned

    def log_metric(self, name: Any, value: Any, step: Any, time_us: int) -> None:
        clean = self._names.get(name)
        if clean is None:
            clean = clean_text(name)
            self.claims.name(clean)
            if len(self._names) < 10_000:
                self._names[name] = clean
        self.sender.put(Point(self.task_path, clean, int64_or_none(step), time_us, float(value)))

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

    def close(self) -> None:
        if not self.sender.close(self._exit_wait_s):
            _logger.info("telltale: the last events wait in the spool")


def _finite(value: Any) -> float:
    number = float(value)
    if number - number != 0.0:
        raise ValueError("progress is a finite number")
    return number


_client: Optional[Client] = None
_looked = False
_lock = threading.Lock()


def current() -> Optional[Client]:
    """The client of this process; None when the environment names no run."""
    if _looked:
        return _client
    return _look()


def _look() -> Optional[Client]:
    global _client, _looked
    with _lock:
        if _looked:
            return _client
        url = os.environ.get("TELLTALE_URL", "")
        run_key = os.environ.get("TELLTALE_RUN_KEY", "")
        if url and is_id(run_key):
            task_path = os.environ.get("TELLTALE_TASK_PATH", "")
            claims_path = os.environ.get("TELLTALE_CLAIMS", "")
            try:
                _client = Client(url, run_key, task_path, claims_path)
                _at_exit()
            except Exception as error:  # a wrong setting must not end the user's program
                _logger.warning("telltale: not reporting: %s", error)
        elif url or run_key:
            _logger.warning(
                "telltale: not reporting: TELLTALE_URL and TELLTALE_RUN_KEY go together"
            )
        _looked = True
        return _client


def _at_exit() -> None:
    parent = getattr(multiprocessing, "parent_process", lambda: None)()
    if parent is not None:
        # A child of multiprocessing ends without atexit.
        from multiprocessing import util

        util.Finalize(None, shut_down, exitpriority=100)
    atexit.register(shut_down)


def shut_down() -> None:
    """Delivers or spools what is queued. Later calls start anew."""
    global _client, _looked
    with _lock:
        client, _client, _looked = _client, None, False
    if client is not None:
        client.close()


def _after_fork_in_child() -> None:
    global _client, _looked, _lock
    _lock = threading.Lock()
    if _client is not None:
        _client.sender.forget()
    _client, _looked = None, False


def announce() -> None:
    """Tells a reader of standard output that this process uses the SDK."""
    path = os.environ.get("TELLTALE_CLAIMS", "")
    if path:
        ClaimWriter(path).in_use()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork_in_child)

__all__ = ["Client", "announce", "current", "now_us", "shut_down"]
