"""Events on disk while the server can't be reached.

A spool is a directory of one sender below the spool root: numbered segments of NDJSON, each sent as
one batch, the oldest first, and a lock that its owner holds while it lives. When the owner has
gone, another sender with the same root and server takes the segments over (`abandoned_spools`).

The bound is on the directory's segments (64 MB unless told otherwise). Beyond it the oldest points,
log bytes and progress are dropped and counted; states, graphs and artifacts stay as long as
they fit by themselves. Lives on the sender's thread.
"""

import contextlib
import os
import tempfile
from typing import Dict, Iterator, List, Optional, Tuple

from telltale.encoding import Losses
from telltale.file_lock import lock

SPOOL_BYTES_LIMIT = 64 * 1024 * 1024
SEGMENT_BYTES = 1024 * 1024
_SUFFIX = ".ndjson"
_SERVER_FILE = "server"
_LOCK_FILE = "lock"
_DATA_MARKS = (b'"metric_points":{', b'"log_bytes":{', b'"progress":{')


def default_root() -> str:
    """TELLTALE_SPOOL_DIR, else a directory of this user in the temporary directory."""
    told = os.environ.get("TELLTALE_SPOOL_DIR")
    return told or os.path.join(tempfile.gettempdir(), f"telltale-spool-{os.getuid()}")


def is_data(line: bytes) -> bool:
    """True for points, log bytes and progress: what may be dropped before states are."""
    # The kind follows within the first fields; a name that looks like a mark comes after it.
    return any(mark in line[:300] for mark in _DATA_MARKS)


class Spool:
    """Segments of one directory. All methods may raise OSError; the sender counts the loss."""

    def __init__(self, directory: str, bytes_limit: int = SPOOL_BYTES_LIMIT) -> None:
        self.directory = directory
        self._bytes_limit = max(bytes_limit, 2 * SEGMENT_BYTES)
        self._lock_fd: Optional[int] = None
        self._sizes: Dict[int, int] = {}  # segment number -> bytes, in order
        self._thinned_until = -1  # segments up to here hold no data any more
        self._open_segment: Optional[int] = None
        self._next = 0

    def create(self, server: str) -> bool:
        """Makes and locks the directory. False when it isn't ours to use."""
        root = os.path.dirname(self.directory)
        os.makedirs(root, mode=0o700, exist_ok=True)
        if os.stat(root).st_uid != os.getuid():
            return False
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        if not self._lock():
            return False
        with open(os.path.join(self.directory, _SERVER_FILE), "w", encoding="utf-8") as file:
            file.write(server)
        return True

    def adopt(self, server: Optional[str]) -> bool:
        """Takes over a directory whose owner has gone; None: whichever server it is for."""
        try:
            with open(os.path.join(self.directory, _SERVER_FILE), encoding="utf-8") as file:
                if file.read() != server and server is not None:
                    return False
        except OSError:
            return False
        if not self._lock():
            return False
        for name in sorted(os.listdir(self.directory)):
            stem, suffix = os.path.splitext(name)
            if suffix == _SUFFIX and stem.isdigit():
                number = int(stem)
                self._sizes[number] = os.path.getsize(self._path(number))
                self._next = number + 1
        return True

    def _lock(self) -> bool:
        try:
            self._lock_fd = lock(os.path.join(self.directory, _LOCK_FILE), create=True)
        except BlockingIOError:
            return False
        return True

    def _path(self, number: int) -> str:
        return os.path.join(self.directory, f"{number:08d}{_SUFFIX}")

    def __bool__(self) -> bool:
        return bool(self._sizes)

    @property
    def size_bytes(self) -> int:
        return sum(self._sizes.values())

    def append(self, lines: List[bytes], losses: Losses) -> None:
        """Keeps the lines; what has to go for them is counted in `losses`."""
        for start, end in _runs_below(lines, SEGMENT_BYTES):
            self._append(b"".join(lines[start:end]))
        while self.size_bytes > self._bytes_limit and self._drop_oldest(losses):
            pass

    def _append(self, data: bytes) -> None:
        number = self._open_segment
        if number is None or self._sizes.get(number, SEGMENT_BYTES) + len(data) > SEGMENT_BYTES:
            number = self._open_segment = self._next
            self._next += 1
        with open(self._path(number), "ab", buffering=0) as file:
            file.write(data)
        self._sizes[number] = self._sizes.get(number, 0) + len(data)

    def _drop_oldest(self, losses: Losses) -> bool:
        for number in self._sizes:
            if number == self._open_segment:
                break
            if number > self._thinned_until:
                self._thin(number, losses)
                return True
        # Only states are left, and they alone pass the bound: the oldest of them go.
        for number in list(self._sizes):
            if number != self._open_segment:
                for line in self.read(number):
                    losses.add_line(line)
                self.remove(number)
                return True
        return False

    def _thin(self, number: int, losses: Losses) -> None:
        """Drops what is data in a segment, keeps the rest."""
        kept = []
        for line in self.read(number):
            if is_data(line):
                losses.add_line(line)
            else:
                kept.append(line)
        self._thinned_until = number
        if not kept:
            self.remove(number)
            return
        data = b"".join(kept)
        temporary = self._path(number) + ".tmp"
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, self._path(number))
        self._sizes[number] = len(data)

    def first(self) -> Optional[int]:
        """The oldest segment; nothing is appended to it from now on."""
        number = next(iter(self._sizes), None)
        if number is not None and number == self._open_segment:
            self._open_segment = None
        return number

    def read(self, number: int) -> List[bytes]:
        """The segment's whole lines; a torn last line (its writer was killed) is left out."""
        with open(self._path(number), "rb") as file:
            lines = file.read().split(b"\n")
        return [line + b"\n" for line in lines[:-1] if line]

    def remove(self, number: int) -> None:
        self._sizes.pop(number, None)
        if number == self._open_segment:
            self._open_segment = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(number))

    def close(self) -> None:
        """Lets go of the directory, and removes it when everything was delivered."""
        if self._lock_fd is None:
            return
        if not self._sizes:
            with contextlib.suppress(OSError):
                for name in os.listdir(self.directory):
                    os.unlink(os.path.join(self.directory, name))
                os.rmdir(self.directory)
        self.release()

    def release(self) -> None:
        """Closes the lock without touching the files (also what a forked child does)."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None


def _runs_below(lines: List[bytes], limit: int) -> Iterator[Tuple[int, int]]:
    start = size = 0
    for index, line in enumerate(lines):
        if size and size + len(line) > limit:
            yield start, index
            start, size = index, 0
        size += len(line)
    if start < len(lines):
        yield start, len(lines)


def abandoned_spools(
    root: str, server: Optional[str], bytes_limit: int, own: str
) -> Iterator[Spool]:
    """Spools of senders of this server (None: of any) that have gone, locked for the caller, who
    closes each."""
    try:
        names = sorted(os.listdir(root))
        if os.stat(root).st_uid != os.getuid():
            return
    except OSError:
        return
    for name in names:
        directory = os.path.join(root, name)
        if directory == own or not os.path.isdir(directory):
            continue
        spool = Spool(directory, bytes_limit)
        try:
            if spool.adopt(server):
                yield spool
        except OSError:
            spool.release()
