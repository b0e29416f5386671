"""Waiting for a condition rather than for a time, and asking a server over HTTP."""

import time
import urllib.error
import urllib.request
from typing import Callable, Dict, NamedTuple, Optional

PATIENCE_S = 240.0  # a machine that others use too is slow, and not at fault
# The servers are on this machine: a proxy of the environment has no part in it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer(NamedTuple):
    status: int
    headers: Dict[str, str]  # names in lower case
    body: bytes


def ask(url: str, body: Optional[bytes] = None, timeout_s: float = 30) -> Answer:
    """Of any status. Raises OSError where nobody answers."""
    try:
        with _OPENER.open(urllib.request.Request(url, body), timeout=timeout_s) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, headers, answer.read())
    except urllib.error.HTTPError as error:
        headers = {name.lower(): value for name, value in error.headers.items()}
        return Answer(error.code, headers, error.read())


def await_that(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Raises AssertionError with `what` where the condition does not come true."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.05)
