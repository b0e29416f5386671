"""Who follows a view, and when each frame of it had come."""

import threading
import time
from typing import Callable, List

from pictures import Frame
from viewer import Viewer

PAUSE_S = 0.02  # what is measured is the system, not how long a reader waits


class Reader:
    """A viewer that says when."""

    def __init__(self, ports: List[int], path: str, take: Callable[[Frame, float], None]) -> None:
        """`take` is called on a thread with each frame and the time it came, time.monotonic()."""
        self._take = take
        self._opened = threading.Event()
        self._viewer = Viewer(ports, path, self, PAUSE_S)

    def take(self, frame: Frame) -> str:
        self._take(frame, time.monotonic())
        self._opened.set()
        return ""

    def await_open(self) -> None:
        """Returns when the first frame has come."""
        if not self._opened.wait(60):
            raise RuntimeError(f"no frame of {self._viewer.path}")

    def close(self) -> None:
        self._viewer.close()
