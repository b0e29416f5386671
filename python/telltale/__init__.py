"""Telltale's SDK: metrics and progress of a pipeline's task, shown while it runs.

    import telltale

    telltale.log_metric("loss", 0.31, step=7)
    telltale.progress(7, 12, unit="epoch")
    telltale.show(figure, name="learning curve")

Calls return at once: a background thread delivers them. Where no run is named by the environment
(a laptop without Telltale, a unit test) they do nothing. They never raise and never block.
"""

import functools
import logging
import math
from typing import Any, Callable, Mapping, Optional, SupportsFloat, TypeVar, cast

from telltale import client as _client
from telltale.encoding import now_us as _now_us
from telltale.sender import Stats
from telltale.shown import as_shown

__version__ = "0.1.0"
__all__ = ["Stats", "flush", "log_metric", "log_metrics", "progress", "show", "stats"]

_logger = logging.getLogger("telltale")
_complained = False
_FLUSH_S = 3.0
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _complain(what: str, error: BaseException) -> None:
    """A call that can't be understood is told once and changes nothing. Never raises."""
    global _complained
    try:
        if not _complained:
            _complained = True
            _logger.warning("telltale: %s was left out: %s (told once)", what, _text(str, error))
    except Exception:  # of a handler of logging
        return


def _text(how: Callable[[Any], str], of: object) -> str:
    try:
        return how(of)[:200]
    except Exception:
        return f"a {type(of).__name__}"


def _is_of_a_value(error: BaseException) -> bool:
    """Whether a value raised it when it was asked for its number or its text. What a signal handler
    raises, to end the program, must go on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_code.co_name if trace is not None else ""
    return name.startswith("__") and name.endswith("__") and name != "__call__"


def _never_raises(otherwise: Any) -> Callable[[_Function], _Function]:
    """Keeps every error out of the caller's program, a wrong call's too."""

    def wrap(function: _Function) -> _Function:
        @functools.wraps(function)
        def call(*args: Any, **named: Any) -> Any:
            try:
                return function(*args, **named)
            except Exception as error:
                try:
                    _complain(function.__name__, error)
                except Exception:  # the stack is full
                    return otherwise
                return otherwise
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) or not _is_of_a_value(error):
                    raise
                return otherwise

        return cast(_Function, call)

    return wrap


@_never_raises(None)
def log_metric(name: str, value: SupportsFloat, step: Optional[int] = None) -> None:
    """One point of a metric. NaN and infinities are data. Without steps, points count on by one."""
    client = _client.current()
    if client is None:
        return
    try:
        client.log_metric(name, value, step, _now_us())
    except Exception as error:
        _complain(f"metric {_text(repr, name)}", error)


@_never_raises(None)
def log_metrics(metrics: Mapping[str, SupportsFloat], step: Optional[int] = None) -> None:
    """Several metrics of one step; a value that is no number doesn't keep the others back."""
    client = _client.current()
    if client is None:
        return
    time_us = _now_us()
    for name, value in metrics.items():
        try:
            client.log_metric(name, value, step, time_us)
        except Exception as error:
            _complain(f"metric {_text(repr, name)}", error)


@_never_raises(None)
def progress(
    done: SupportsFloat, total: Optional[SupportsFloat] = None, unit: str = "", note: str = ""
) -> None:
    """How far the task is: `done` of `total` (None when that isn't known)."""
    client = _client.current()
    if client is not None:
        client.progress(done, total, unit, note)


@_never_raises(None)
def show(thing: object, name: str = "", *, content_type: str = "") -> None:
    """Shows any object on the run's page, now: a figure, a table, a page, text, a file by its Path.

    As a notebook would; of a name the newest one is shown, so a figure redrawn in a loop moves.
    """
    client = _client.current()
    if client is None:
        return
    try:
        client.show(as_shown(thing, content_type), name)
    except Exception as error:
        _complain(_text(repr, name) if name else f"a {type(thing).__name__} to show", error)


@_never_raises(False)
def flush(timeout_s: float = _FLUSH_S) -> bool:
    """Waits until everything so far is on the server's disk. False: not yet (it is kept)."""
    client = _client.current()
    if client is None:
        return True
    try:
        wait_s = float(timeout_s)
    except Exception as error:
        _complain("the time of a flush", error)
        wait_s = _FLUSH_S
    return client.flush(_FLUSH_S if math.isnan(wait_s) else wait_s)


@_never_raises(None)
def stats() -> Optional[Stats]:
    """Counts of this process: delivered, refused, lost. None when nothing is reported."""
    client = _client.current()
    return None if client is None else client.sender.stats()


_client.announce()
