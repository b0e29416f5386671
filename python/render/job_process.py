"""What a forked job does: reads what it is to draw from its display socket, enters the sandbox,
runs the code in IPython's shell, and ends. One JSON object says it all: code, names, paths, limits.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from typing import Any, Dict, List

from render import frames, prewarmed, sandbox, shell

_JOB_BYTES_MAX = 64 << 20


def _read_job(source: socket.socket) -> Dict[str, Any]:
    """A packet with the length of the JSON, then packets of it."""
    length = int.from_bytes(source.recv(8), "big")
    if not 0 < length <= _JOB_BYTES_MAX:
        raise ValueError("this is no job")
    pieces = bytearray()
    while len(pieces) < length:
        piece = source.recv(frames.PACKET_MAX)
        if not piece:
            raise ValueError("this is no whole job")
        pieces += piece
    job: Dict[str, Any] = json.loads(pieces)
    return job


def _standard_descriptors(output: int) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in (nothing, output):
        if descriptor > 2:
            os.close(descriptor)


def run(
    control: socket.socket, displays: int, output: int, confined: bool, paths: List[str]
) -> int:
    """The exit status of this process."""
    to = socket.socket(fileno=displays)
    try:
        control.close()  # it is the parent's
        job = _read_job(to)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        if confined:
            sandbox.enter([*paths, *job["paths"]])
        else:
            sandbox.die_with_parent()
        _standard_descriptors(output)
        _environment(confined)
        sandbox.limit(sandbox.Limits(**job["limits"]))
    except Exception as error:
        frames.send_end(to, False, f"the job could not start: {error}")
        return 71
    with contextlib.suppress(OSError):  # the pool is gone, or has had enough
        _draw(job, to)
    return 0


def _environment(confined: bool) -> None:
    path = f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    os.environ.clear()
    os.environ.update(prewarmed.ENVIRONMENT, HOME="/tmp", USER="job", LANG="C.UTF-8", PATH=path)
    if confined:
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")


def _draw(job: Dict[str, Any], to: socket.socket) -> None:
    displays = shell.Displays(to)
    shell.bind(displays, job["code"])
    here = shell.Shell.instance()
    here.user_ns.update(job["names"])
    sys.path[:0] = job["import_paths"]
    result = here.run_cell(job["code"], store_history=False, silent=False)
    with contextlib.suppress(ImportError):
        from render import figures

        figures.flush()
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        frames.send_end(to, True, "")
    else:
        frames.send_end(to, False, f"{type(error).__name__}: {error}")
