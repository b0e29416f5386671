"""The token that this process shows to a server: found anew when its file changes, never told.

TELLTALE_TOKEN       the token itself
TELLTALE_TOKEN_FILE  a file that has it on its first line
otherwise, for a server on this machine: what the server of the same user left in
$XDG_STATE_HOME/telltale/servers/HOST_PORT (~/.local/state/...), which nobody else may read
"""

import os
import stat
from typing import List, NamedTuple, Optional, Tuple

_FILE_BYTES = 16 * 1024
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class _File(NamedTuple):
    path: str
    private: bool  # only taken when it is the user's own and nobody else may read it


class Token:
    """Of one server. Lives on one thread."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._value = ""
        self._seen: Optional[Tuple[object, ...]] = None  # files as they were when they were read

    def value(self) -> str:
        """The token as it is now; empty: there is none."""
        given = _clean(os.environ.get("TELLTALE_TOKEN", ""))
        if given:
            self._value = given
            self._seen = None
            return given
        files = self._files()
        seen = tuple((file.path, _state(file.path)) for file in files)
        if seen != self._seen:
            self._seen = seen
            self._value = next(filter(None, map(_read, files)), "")
        return self._value

    def read_again(self) -> bool:
        """After a refusal. True when there is another token now."""
        before = self._value
        self._seen = None
        return self.value() != before

    def _files(self) -> List[_File]:
        told = os.environ.get("TELLTALE_TOKEN_FILE", "")
        if told:
            return [_File(told, False)]
        if not is_this_machine(self._host):
            return []
        names = [self._host, *_THIS_MACHINE] if self._host == "localhost" else [self._host]
        folder = os.path.join(_state_home(), "telltale", "servers")
        paths = dict.fromkeys(os.path.join(folder, f"{name}_{self._port}") for name in names)
        return [_File(path, True) for path in paths]


def is_this_machine(host: str) -> bool:
    return host in _THIS_MACHINE or (host.startswith("127.") and host.replace(".", "").isdigit())


def _state_home() -> str:
    told = os.environ.get("XDG_STATE_HOME", "")
    return told if os.path.isabs(told) else os.path.expanduser("~/.local/state")


def _state(path: str) -> Optional[Tuple[int, int, int]]:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(file: _File) -> str:
    """The file's token; empty when it has none, or must not be believed."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        fd = os.open(file.path, flags | (os.O_NOFOLLOW if file.private else 0))
    except (OSError, ValueError):
        return ""
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return ""
        if file.private and (found.st_uid != os.getuid() or found.st_mode & 0o077):
            return ""
        text = os.read(fd, _FILE_BYTES).decode("ascii", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
    return next(filter(None, map(_clean, text.split("\n"))), "")


def _clean(text: str) -> str:
    """The text without what is around it; empty when a header could not hold it."""
    text = text.strip()
    return text if all("!" <= character <= "~" for character in text) else ""
