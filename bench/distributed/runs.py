"""Runs that are open while something is sent, and a reader of the list who waits for their ends."""

import json
from typing import Set

from load import Sender, run_key
from reader import Frame, Reader
from system import System
from waiting import ask, await_that


class OpenRuns:
    def __init__(self, system: System, count: int) -> None:
        self._system = system
        self.keys = [run_key(number) for number in range(count)]
        self._ended: Set[str] = set()
        self._sender = Sender(system.collect)
        for key in self.keys:
            self._sender.tell(key, run_state={"state": "RUNNING", "version": 1})
        self._reader = Reader(system.serve, "/api/v1/runs?limit=200", self._take)
        self._reader.await_open()

    def _take(self, frame: Frame, _: float) -> None:
        for run in frame["run_list"].get("runs", []):
            if run["state"] == "SUCCEEDED" and run["run_key"] in self.keys:
                self._ended.add(run["run_key"])

    def end(self) -> None:
        """Returns when the ends are acknowledged."""
        for key in self.keys:
            self._sender.tell(key, run_state={"state": "SUCCEEDED", "version": 2})

    def await_shown(self) -> None:
        """Returns when the list showed every run's end, and so what was sent before it."""
        await_that(lambda: len(self._ended) == len(self.keys), "every run is shown to its end")
        self._reader.close()

    def points(self) -> int:
        """How many are shown, of all runs."""
        url = f"http://127.0.0.1:{self._system.serve[0]}/api/v1/runs/"
        views = [json.loads(ask(url + run).body) for run in self.keys]
        return sum(int(series["points"]) for view in views for series in view.get("series", []))
