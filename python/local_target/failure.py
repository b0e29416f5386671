"""Why a task failed, in a sentence made from the end of its output and its exit status. Pure."""

import re
from typing import List

from local_target.task_process import find_signal

# Enough for the last traceback, chained ones included.
TAIL_BYTES = 64 * 1024
_MESSAGE_LENGTH = 500
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r"\s|\+|\|")  # frames, carets and notes are indented; groups have a margin


def sentence(code: int, tail: bytes) -> str:
    text = _ANSI.sub("", tail.decode("utf-8", "replace"))
    lines = [line.split("\r")[-1].rstrip() for line in text.rstrip("\r\n \t").split("\n")]
    cause = _exception_line(lines) or ""
    number = find_signal(code)
    if number == "SIGKILL":
        ending = "ended by SIGKILL; the machine may have run out of memory"
    elif number is not None:
        ending = f"ended by {number}"
    else:
        ending = f"exit code {code}"
    if not cause:
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        cause = last if number is None else ""
    if len(cause) > _MESSAGE_LENGTH:
        cause = cause[:_MESSAGE_LENGTH] + "…"
    return f"{cause} ({ending})" if cause else ending[0].upper() + ending[1:]


def _exception_line(lines: List[str]) -> str:
    """The line after the last traceback's frames: "ValueError: lr must be positive"."""
    starts = [index for index, line in enumerate(lines) if line.strip() == _TRACEBACK]
    if not starts:
        return ""
    for line in lines[starts[-1] + 1 :]:
        if line and not _FRAME.match(line):
            return line
    return ""
