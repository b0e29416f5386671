"""Runs that live side by side: each tells its facts, ends, and another one begins in its place."""

import random
import threading
import time
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List

from facts import Facts
from waiting import PATIENCE_S, await_that

RUNS = 5
TICK_S = 0.1
LIFE_TICKS = (100, 500)  # of a run


class Producer:
    """`url`: where events are sent to. Produces on a thread of its own, between resume and pause;
    each new run is told to `on_run` there."""

    def __init__(self, url: str, spool: Path, seed: int, on_run: Callable[[Facts], None]) -> None:
        self.runs: List[Facts] = []  # all that ever were; complete while paused
        self._url = url
        self._spool = spool
        self._chance = random.Random(seed)
        self._lock = threading.Lock()  # held while runs tell something
        self._paused = True
        self._over = False
        self._on_run = on_run
        self._lives: Dict[str, int] = {}  # ticks, by run
        self._thread = threading.Thread(target=self._produce)
        self._thread.start()

    def resume(self) -> None:
        self._paused = False

    def pause(self) -> None:
        """Returns when everything told so far is acknowledged."""
        with self._lock:
            self._paused = True
        assert self._thread.is_alive(), "nothing is told any more: the producer's thread has ended"
        for run in self.runs:
            await_that(partial(run.sender.flush, PATIENCE_S), f"run {run.key} is delivered")
            stats = run.sender.stats()
            lost = stats.lost_points or stats.lost_log_bytes or stats.lost_events
            assert not stats.rejected and not lost, f"run {run.key}: {stats}"

    def end(self) -> None:
        """All runs end; what they told is acknowledged afterwards."""
        self.pause()
        for run in self.runs:
            if not run.ended:
                run.end()
        self.pause()

    def close(self) -> None:
        self._over = True
        self._thread.join()
        for run in self.runs:
            run.sender.close(1)

    def alive(self) -> List[Facts]:
        return [run for run in self.runs if not run.ended]

    def _produce(self) -> None:
        while not self._over:
            with self._lock:
                if not self._paused:
                    self._tick()
            time.sleep(TICK_S)

    def _tick(self) -> None:
        while len(self.alive()) < RUNS:
            run = Facts(len(self.runs), self._url, self._spool, self._chance)
            run.begin()
            self._lives[run.key] = self._chance.randint(*LIFE_TICKS)
            self.runs.append(run)
            self._on_run(run)
        for run in self.alive():
            run.tick()
            if run.ticks >= self._lives[run.key] or run.is_full:
                run.end()
