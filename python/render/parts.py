"""What a job has shown so far: the last state of each display, in memory or, once it is large, in a
file. Belongs to whoever reads the job; not safe from several threads by itself.
"""

import tempfile
from typing import Any, Dict, List

from render.frames import Frame

_IN_MEMORY = 256 << 10


class Part:
    def __init__(self, frame: Frame, index: int) -> None:
        self.index = index
        self.head = frame._replace(body=b"")
        self.size = 0
        self.whole = False  # the display's own end has come
        # Closed by `close`: it lives as long as its part.
        self._file: Any = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def add(self, frame: Frame) -> None:
        self._file.seek(self.size)
        self._file.write(frame.body)
        self.size += len(frame.body)
        self.whole = frame.last

    def read(self, at: int, most: int) -> bytes:
        self._file.seek(at)
        piece: bytes = self._file.read(most)
        return piece

    def close(self) -> None:
        self._file.close()


class Parts:
    def __init__(self) -> None:
        self._by_told: Dict[int, Part] = {}
        self.told_error = False

    def take(self, frame: Frame) -> None:
        """Parts are numbered here in the order in which they were first seen."""
        self.told_error = self.told_error or frame.name == "error"
        part = self._by_told.get(frame.index)
        if part is None or not frame.append:
            index = len(self._by_told) if part is None else part.index
            if part is not None:
                part.close()
            part = self._by_told[frame.index] = Part(frame, index)
        part.add(frame)

    def ordered(self) -> List[Part]:
        return list(self._by_told.values())

    def close(self) -> None:
        for part in self._by_told.values():
            part.close()
