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
from typing import Dict, Iterator, List, Optional, Set, Tuple

from telltale.encoding import Losses, runs_below
from telltale.file_lock import lock

SPOOL_BYTES_LIMIT = 64 * 1024 * 1024
SEGMENT_BYTES = 1024 * 1024
_SUFFIX = ".ndjson"
_SERVER_FILE = "server"
_LOCK_FILE = "lock"
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_DATA_MARKS = (b'"metric_points":{', b'"log_bytes":{', b'"progress":{')


def default_root() -> str:
    """TELLTALE_SPOOL_DIR, else a directory of this user in the temporary directory."""
    told = os.environ.get("TELLTALE_SPOOL_DIR")
    return told or os.path.join(tempfile.gettempdir(), f"telltale-spool-{os.getuid()}")


def is_data(line: bytes) -> bool:
    """True for points, log bytes and progress: what may be dropped before states are."""
    # The kind follows within the first fields; a name that looks like a mark comes after it.
    return any(mark in line[:300] for mark in _DATA_MARKS)


class Unkept(OSError):
    """Only the first `kept` of the lines are on disk, and nothing of the others."""

    def __init__(self, kept: int, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.kept = kept


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
        self.under_way: Set[int] = set()  # segments being sent, which must not be dropped

    def create(self, server: str) -> bool:
        """Makes and locks the directory. False when it isn't ours to use."""
        root = os.path.dirname(self.directory)
        os.makedirs(root, mode=0o700, exist_ok=True)
        if os.stat(root).st_uid != os.getuid():
            return False
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        if self._lock_fd is None and not self._lock():
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
        return sum(list(self._sizes.values()))  # any thread may ask

    def append(self, lines: List[bytes], losses: Losses) -> None:
        """Keeps the lines; what has to go for them is counted in `losses`. Raises Unkept."""
        kept = 0
        for start, end in runs_below(lines, SEGMENT_BYTES):
            try:
                self._write(self._segment_for(lines[start:end]), lines[start:end])
            except Unkept as error:
                raise Unkept(kept + error.kept, error) from error
            kept = end
        while self.size_bytes > self._bytes_limit and self._drop_oldest(losses):
            pass

    def add_segment(self, lines: List[bytes]) -> int:
        """Keeps the lines in a segment of their own, all of them or none. Raises OSError."""
        number = self._new_segment()
        self._open_segment = None
        try:
            self._write(number, lines)
        except OSError:
            self.remove(number)
            raise
        return number

    def _segment_for(self, lines: List[bytes]) -> int:
        number = self._open_segment
        size = sum(map(len, lines))
        if number is None or self._sizes.get(number, SEGMENT_BYTES) + size > SEGMENT_BYTES:
            return self._new_segment()
        return number

    def _new_segment(self) -> int:
        number = self._open_segment = self._next
        self._next += 1
        return number

    def _write(self, number: int, lines: List[bytes]) -> None:
        """Appends whole lines. Raises Unkept; then nothing more is appended to the segment."""
        before = self._sizes.get(number, 0)
        written = 0
        try:
            fd = os.open(self._path(number), _APPEND, 0o600)
            try:
                rest = memoryview(b"".join(lines))
                while rest:
                    count = os.write(fd, rest)
                    written += count
                    rest = rest[count:]
            finally:
                os.close(fd)
            self._sizes[number] = before + written
        except OSError as error:
            kept, kept_bytes = _whole(lines, written)
            self._open_segment = None
            if before + kept_bytes == 0:
                self.remove(number)
            else:
                self._sizes[number] = before + kept_bytes
                with contextlib.suppress(OSError):  # else read() leaves the torn line out
                    os.truncate(self._path(number), before + kept_bytes)
            raise Unkept(kept, error) from error

    def _drop_oldest(self, losses: Losses) -> bool:
        for number in self._sizes:
            if number == self._open_segment:
                break
            if number > self._thinned_until and number not in self.under_way:
                self._thin(number, losses)
                return True
        # Only states are left, and they alone pass the bound: the oldest of them go.
        for number in list(self._sizes):
            if number != self._open_segment and number not in self.under_way:
                try:
                    for line in self.read(number):
                        losses.add_line(line)
                except OSError:
                    losses.events += 1
                self.remove(number)
                return True
        return False

    def _thin(self, number: int, losses: Losses) -> None:
        """Drops what is data in a segment, keeps the rest. Where that fails all of it stays."""
        self._thinned_until = number
        temporary = self._path(number) + ".tmp"
        dropped = Losses()
        kept = []
        try:
            for line in self.read(number):
                if is_data(line):
                    dropped.add_line(line)
                else:
                    kept.append(line)
            if kept:
                with open(temporary, "wb") as file:
                    file.write(b"".join(kept))
                os.replace(temporary, self._path(number))
                self._sizes[number] = sum(map(len, kept))
            else:
                self.remove(number)
            losses.merge(dropped)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

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
        self.under_way.discard(number)
        if number == self._open_segment:
            self._open_segment = None
        with contextlib.suppress(OSError):  # what stays is only sent once more
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


def _whole(lines: List[bytes], written: int) -> Tuple[int, int]:
    """How many of the lines, and of their bytes, are whole in so many bytes."""
    kept = kept_bytes = 0
    for line in lines:
        if kept_bytes + len(line) > written:
            break
        kept_bytes += len(line)
        kept += 1
    return kept, kept_bytes


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
