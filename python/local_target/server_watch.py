"""Asks the server each second whether the run is to be cancelled, and tells that the run is alive.

Lives on its own thread; a server that is away is simply asked again.
"""

import threading
from typing import Callable

from local_target.server_reader import ServerReader

PERIOD_S = 1.0


class ServerWatch:
    def __init__(
        self,
        url: str,
        run_key: str,
        on_second: Callable[[], None],
        on_cancel: Callable[[], None],
    ) -> None:
        self._server = ServerReader(url)
        self._run_key = run_key
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
        run = self._server.run(self._run_key) or {}
        try:
            return int(run.get("cancel_requested_at_us") or 0) > 0
        except (TypeError, ValueError):
            return False
