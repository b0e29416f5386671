"""Who reports a metric: the SDK or the parser of standard output.

The same value is often printed and logged. The SDK notes the names it logs in a file that whoever
watches the output gives it (TELLTALE_CLAIMS); the parser leaves those names to the SDK. The rules
are in `stdout_source`.
"""

import contextlib
import json
import os
from typing import Set

# The claim on the task's progress; a metric's name is a JSON string, so it can't be taken for one.
_PROGRESS = b"progress\n"
_IN_USE = b"sdk\n"


class ClaimWriter:
    """The SDK's side. Each name is written once, before its first point is queued."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._names: Set[str] = set()
        self._progress = False

    def _append(self, line: bytes) -> None:
        if not self._path:
            return
        with contextlib.suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, line)
            finally:
                os.close(fd)

    def in_use(self) -> None:
        self._append(_IN_USE)

    def name(self, name: str) -> None:
        if name not in self._names:
            self._names.add(name)
            self._append(json.dumps(name).encode("ascii") + b"\n")

    def progress(self) -> None:
        if not self._progress:
            self._progress = True
            self._append(_PROGRESS)


class ClaimReader:
    """The parser's side: cheap enough to ask for every line of output."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read_bytes = 0
        self._names: Set[str] = set()
        self._progress = False
        self._in_use = False

    def refresh(self) -> None:
        try:
            if os.stat(self._path).st_size <= self._read_bytes:
                return
            with open(self._path, "rb") as file:
                file.seek(self._read_bytes)
                data = file.read()
        except OSError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        for line in whole.splitlines(keepends=True):
            self._in_use = True
            if line == _PROGRESS:
                self._progress = True
            elif line != _IN_USE:
                with contextlib.suppress(ValueError):
                    self._names.add(json.loads(line))

    @property
    def sdk_in_use(self) -> bool:
        return self._in_use

    @property
    def progress(self) -> bool:
        return self._progress

    def has_name(self, name: str) -> bool:
        return name in self._names
