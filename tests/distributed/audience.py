"""Readers of every run, from its first fact on: of its view, a series, a log, and of all runs."""

from typing import Dict, List

from checker import check_viewer
from facts import SERIES, TASKS, Facts
from pictures import ListPicture, LogPicture, PointsPicture, RunPicture
from viewer import Viewer

from telltale import ids


class Audience:
    """`ports` of the nodes that serve; a viewer goes from one to the other when its own dies."""

    def __init__(self, ports: List[int]) -> None:
        self._ports = ports
        self._of_all = Viewer(ports, "/api/v1/runs?limit=200", ListPicture())
        self._viewers: Dict[str, List[Viewer]] = {}

    def follow(self, run: Facts) -> None:
        base = f"/api/v1/runs/{run.key}"
        task = TASKS[run.ticks % len(TASKS)]
        log = f"{base}/tasks/{ids.task_id(task)}/log?attempt=1&tail=4294967295"
        series = f"{base}/metrics/{ids.series_id(TASKS[-1], SERIES[0])}?points=4096"
        self._viewers[run.key] = [
            Viewer(self._ports, base, RunPicture()),
            Viewer(self._ports, log, LogPicture()),
            Viewer(self._ports, series, PointsPicture()),
        ]

    def check(self, runs: List[Facts], url: str) -> None:
        """All that still watch, while nothing is told. Those of runs that ended leave then."""
        check_viewer(self._of_all, url)
        for run in runs:
            for viewer in self._viewers.get(run.key, []):
                check_viewer(viewer, url)
                if run.ended:
                    viewer.close()
            if run.ended:
                self._viewers.pop(run.key, None)

    def close(self) -> None:
        viewers = [viewer for each in self._viewers.values() for viewer in each]
        for viewer in [self._of_all, *viewers]:
            viewer.close()
