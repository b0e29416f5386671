"""Asks the server each second whether the run is to be cancelled, and tells that the run is alive.

Lives on its own thread; a server that is away is simply asked again.
"""

import http.client
import json
import logging
import threading
from typing import Callable
from urllib.parse import urlsplit

_logger = logging.getLogger("telltale")
PERIOD_S = 1.0
_TIMEOUT_S = 2.0
_ANSWER_BYTES = 1024 * 1024


class ServerWatch:
    def __init__(
        self,
        url: str,
        run_key: str,
        token: str,
        on_second: Callable[[], None],
        on_cancel: Callable[[], None],
    ) -> None:
        parts = urlsplit(url if "://" in url else "http://" + url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port
        self._path = f"{parts.path.rstrip('/')}/api/v1/runs?keys={run_key}"
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = "Bearer " + token
        self._on_second = on_second
        self._on_cancel = on_cancel
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        cancelled = False
        while True:
            self._on_second()
            if not cancelled and self._cancel_requested():
                cancelled = True
                self._on_cancel()
            if self._stop.wait(PERIOD_S):
                return

    def _cancel_requested(self) -> bool:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", self._path, headers=self._headers)
            response = connection.getresponse()
            if response.status != 200:
                return False
            body = json.loads(response.read(_ANSWER_BYTES))
            return any(int(run.get("cancel_requested_at_us") or 0) > 0 for run in body["runs"])
        except (
            OSError,
            http.client.HTTPException,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):
            return False
        finally:
            connection.close()
