"""Telltale's SDK: metrics and progress of a pipeline's task, shown while it runs.

    import telltale

    telltale.log_metric("loss", 0.31, step=7)
    telltale.progress(7, 12, unit="epoch")

Calls return at once: a background thread delivers them. Where no run is named by the environment
(a laptop without Telltale, a unit test) they do nothing. They never raise and never block.
"""

import logging
import threading
from typing import Any, Mapping, Optional, SupportsFloat

from telltale import client as _client
from telltale.client import now_us as _now_us
from telltale.sender import Stats

__version__ = "0.1.0"
__all__ = ["Stats", "flush", "log_metric", "log_metrics", "progress", "stats"]

_logger = logging.getLogger("telltale")
_complained = threading.Event()


def _complain(what: str, error: BaseException) -> None:
    """A call that can't be understood is told once and changes nothing."""
    if not _complained.is_set():
        _complained.set()
        _logger.warning("telltale: %s was left out: %s (told once)", what, error)


def log_metric(name: str, value: SupportsFloat, step: Optional[int] = None) -> None:
    """One point of a metric. NaN and infinities are data. Without steps, points count on by one."""
    try:
        client = _client.current()
        if client is not None:
            client.log_metric(name, value, step, _now_us())
    except Exception as error:
        _complain(f"metric {name!r}", error)


def log_metrics(metrics: Mapping[str, SupportsFloat], step: Optional[int] = None) -> None:
    """Several metrics of one step; a value that is no number doesn't keep the others back."""
    try:
        client = _client.current()
        if client is None:
            return
        time_us = _now_us()
        for name, value in metrics.items():
            try:
                client.log_metric(name, value, step, time_us)
            except Exception as error:
                _complain(f"metric {name!r}", error)
    except Exception as error:
        _complain("a call of log_metrics", error)


def progress(
    done: SupportsFloat, total: Optional[SupportsFloat] = None, unit: str = "", note: str = ""
) -> None:
    """How far the task is: `done` of `total` (None when that isn't known)."""
    try:
        client = _client.current()
        if client is not None:
            client.progress(done, total, unit, note)
    except Exception as error:
        _complain("progress", error)


def flush(timeout_s: float = 3.0) -> bool:
    """Waits until everything so far is on the server's disk. False: not yet (it is kept)."""
    client: Any = _client.current()
    return True if client is None else client.sender.flush(timeout_s)


def stats() -> Optional[Stats]:
    """Counts of this process: delivered, refused, lost. None when nothing is reported."""
    client = _client.current()
    return None if client is None else client.sender.stats()


_client.announce()
