"""Who follows a view, and when each frame of it had come."""

import http.client
import json
import threading
import time
from typing import Any, Callable, Dict, List

Frame = Dict[str, Any]


class Reader:
    """Server-sent events on a thread of its own; goes on at the next port when a node has gone."""

    def __init__(self, ports: List[int], path: str, take: Callable[[Frame, float], None]) -> None:
        """`take` is called there with each frame and the time it came, time.monotonic()."""
        self._ports = ports
        self._path = path
        self._take = take
        self._over = False
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def await_open(self) -> None:
        """Returns when the first frame has come."""
        if not self._opened.wait(60):
            raise RuntimeError(f"no frame of {self._path}")

    def close(self) -> None:
        self._over = True

    def _run(self) -> None:
        position = ""
        at = 0
        while not self._over:
            connection = http.client.HTTPConnection("127.0.0.1", self._ports[at], timeout=5)
            try:
                headers = {"Accept": "text/event-stream"}
                if position:
                    headers["Last-Event-ID"] = position
                connection.request("GET", self._path, headers=headers)
                answer = connection.getresponse()
                while answer.status == 200 and not self._over:
                    line = answer.readline()
                    if not line.endswith(b"\n"):
                        break
                    if line.startswith(b"id: "):
                        position = line[4:-1].decode()
                    elif line.startswith(b"data: "):
                        now = time.monotonic()
                        frame = json.loads(line[6:])
                        if "problem" in frame:
                            break
                        self._take(frame, now)
                        self._opened.set()
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            at = (at + 1) % len(self._ports)
            time.sleep(0.02)
