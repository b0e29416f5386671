"""What is sent: events as a pipeline's SDK words them, in bodies made beforehand."""

import http.client
import itertools
import json
import threading
import time
from typing import Any, Dict, List

from telltale import ids

EVENTS_A_BATCH = 100
POINTS_AN_EVENT = 10
RETRY_S = 0.05
_NUMBER = b"#########"  # what makes a body's event ids its own
_TASK = "train"


def run_key(number: int) -> str:
    return ids.run_key("bench", "", f"run {number}", str(time.time_ns()))


class Sender:
    """One connection, one request at a time. Of one thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._ids = itertools.count()
        self._name = f"{threading.get_ident():x}-{time.time_ns():x}"

    def tell(self, run: str, **kind: Any) -> None:
        """One event; returns when it is acknowledged."""
        self.tell_all([{"run_key": run, **kind}])

    def tell_all(self, events: List[Dict[str, Any]]) -> None:
        lines = [{"id": f"{self._name}-{next(self._ids)}", **event} for event in events]
        self.post("\n".join(json.dumps(line) for line in lines).encode())

    def post(self, body: bytes) -> None:
        """Again and again until it is taken. Raises RuntimeError where an event is refused."""
        while True:
            try:
                self._connection.request(
                    "POST", "/api/v1/events", body, {"Content-Type": "application/x-ndjson"}
                )
                answer = self._connection.getresponse()
                text = answer.read()
            except OSError:
                self._connection.close()
            else:
                if answer.status == 200:
                    if json.loads(text)["rejected"]:
                        raise RuntimeError(text.decode())
                    return
                if answer.status not in (429, 503):
                    raise RuntimeError(f"{answer.status}: {text.decode()}")
            time.sleep(RETRY_S)


class Batches:
    """Bodies of EVENTS_A_BATCH events of one run, each a column of points."""

    def __init__(self, run: str) -> None:
        values = [0.5 + at / 7 for at in range(POINTS_AN_EVENT)]
        lines = []
        for at in range(EVENTS_A_BATCH):
            points = {"path": _TASK, "name": f"loss {at % 4}", "value": values}
            event = {"id": f"{_NUMBER.decode()}-{at}", "run_key": run, "metric_points": points}
            lines.append(json.dumps(event))
        self._pattern = "\n".join(lines).encode()

    def body(self, number: int) -> bytes:
        """Of another number other events."""
        return self._pattern.replace(_NUMBER, b"%09d" % number)


def send_steadily(
    port: int, runs: List[str], a_second: float, seconds: float, first: int = 0
) -> List[float]:
    """Batches of one run after the other, one at a time; numbered from `first`, so that no two are
    the same. How long each waited for its acknowledgement, in ms."""
    sender, batches = Sender(port), [Batches(run) for run in runs]
    waits: List[float] = []
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        sent = time.monotonic()
        number = len(waits)
        sender.post(batches[number % len(batches)].body(first + number))
        waits.append((time.monotonic() - sent) * 1000)
        time.sleep(max(0.0, began + (number + 1) / a_second - time.monotonic()))
    return waits
