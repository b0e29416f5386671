"""What stands in the pushing terminal: the delivery writes it to a file, and the hook shows that
file while it grows. So nothing that happens to the terminal reaches the delivery.
"""

import os
import time
from typing import BinaryIO

from delivery.records import Record

_FILE = "terminal"
_END = b"\0"
_PERIOD_S = 0.03
_START_S = 30.0


class Terminal:
    """The delivery's side."""

    def __init__(self, record: Record) -> None:
        self._path = record.path(_FILE)

    def line(self, text: str) -> None:
        self._write(text.replace("\0", "").encode("utf-8", "replace") + b"\n")

    def over_written(self, text: str) -> None:
        """A line that the next one takes the place of, where the terminal can do that."""
        self._write(text.encode("utf-8", "replace") + b"\r")

    def end(self) -> None:
        self._write(_END)

    def _write(self, data: bytes) -> None:
        with open(self._path, "ab") as file:
            file.write(data)


def follow(record: Record, out: BinaryIO) -> None:
    """Until the delivery says that there is nothing more to see."""
    started_at = time.monotonic()
    seen = 0
    while True:
        # In this order: a process that is gone has said all it had to.
        gone = time.monotonic() - started_at > _START_S and not record.is_alive()
        data = _read_from(record.path(_FILE), seen)
        text, end, _ = data.partition(_END)
        seen += len(text)
        if text:
            out.write(text)
            out.flush()
        if end:
            return
        if gone and not data:
            out.write(b"The delivery's process is gone. It goes on with the server's next start.\n")
            out.flush()
            return
        if not data:
            time.sleep(_PERIOD_S)


def _read_from(path: str, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(offset, os.SEEK_SET)
            return file.read(64 * 1024)
    except FileNotFoundError:
        return b""
