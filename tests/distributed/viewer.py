"""A reader that stays subscribed over everything: server-sent events, from whichever node answers.

When its connection ends, or nothing comes (a living node sends a pulse a second), it goes to a node
chosen anew and resumes from the last position it has applied.
"""

import contextlib
import http.client
import json
import random
import threading
import time
from typing import Protocol, Sequence

from pictures import Frame

SILENCE_S = 5.0
PAUSE_S = 0.1


class Picture(Protocol):
    def take(self, frame: Frame) -> str: ...


class Viewer:
    """Watches on a thread of its own. `picture` may be read while the system is at rest."""

    def __init__(
        self, ports: Sequence[int], path: str, picture: Picture, pause_s: float = PAUSE_S
    ) -> None:
        """`pause_s`: after a connection has ended, before the next one."""
        self.path = path
        self.picture = picture
        self.trouble = ""  # the first frame that did not continue what was held
        self._ports = ports
        self._pause_s = pause_s
        self._position = ""
        self._over = False
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True

    def join(self) -> None:
        self._thread.join(2 * SILENCE_S)

    def _watch(self) -> None:
        while not self._over:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._follow(random.choice(self._ports))
            time.sleep(self._pause_s)

    def _follow(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SILENCE_S)
        try:
            headers = {"Accept": "text/event-stream"}
            if self._position:
                headers["Last-Event-ID"] = self._position
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            if answer.status == 200:
                self._read(answer)
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        position = ""
        while not self._over:
            line = answer.readline()
            if not line.endswith(b"\n"):
                return  # the node has gone, perhaps in the middle of a line
            if line.startswith(b"id: "):
                position = line[4:-1].decode()
            elif line.startswith(b"data: "):
                frame = json.loads(line[6:])
                if "problem" in frame:
                    return  # not known yet, or the store is away
                trouble = self.picture.take(frame)
                self.trouble = self.trouble or trouble
                self._position = position
