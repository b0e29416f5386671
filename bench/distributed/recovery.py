"""How long after kill -9 every run shows a change that was made since."""

import threading
import time
from typing import Dict, List, Tuple

from load import Sender, run_key
from reader import Frame, Reader
from system import System, distributed
from waiting import await_that

RUNS = 16
PACE_S = 0.05  # between two changes of all runs
AWAY_S = 60.0


class Changes:
    """Every run changes its name again and again; for each, when which change was seen."""

    def __init__(self, system: System) -> None:
        self.runs = [run_key(number) for number in range(RUNS)]
        self.sent: List[float] = []
        self.seen: Dict[str, List[Tuple[float, int]]] = {run: [] for run in self.runs}
        self._over = False
        self._sender = Sender(system.collect)
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()
        await_that(lambda: len(self.sent) > 2, "changes are sent")

    def close(self) -> None:
        self._over = True
        self._thread.join()

    def take_list(self, frame: Frame, now: float) -> None:
        for run in frame["run_list"].get("runs", []):
            self._note(run, now)

    def take_run(self, frame: Frame, now: float) -> None:
        if "run" in frame.get("run", {}):
            self._note(frame["run"]["run"], now)

    def _note(self, run: Frame, now: float) -> None:
        if run["run_key"] in self.seen and run.get("name"):
            self.seen[run["run_key"]].append((now, int(run["name"])))

    def _send(self) -> None:
        while not self._over:
            number = len(self.sent) + 1
            self.sent.append(time.monotonic())
            state = {"state": "RUNNING", "version": number, "name": str(number)}
            self._sender.tell_all([{"run_key": run, "run_state": state} for run in self.runs])
            time.sleep(PACE_S)

    def lag_s(self, after: float) -> float:
        """From `after` on, how long it took until every run showed a change that was sent then."""
        await_that(lambda: self.sent[-1] > after, "a change is sent afterwards")
        number = next(at for at, sent in enumerate(self.sent, 1) if sent > after)

        def shown(run: str) -> float:
            return next((now for now, change in list(self.seen[run]) if change >= number), 0.0)

        await_that(lambda: all(shown(run) for run in self.runs), "all runs go on")
        return max(shown(run) for run in self.runs) - after


def recovery() -> None:
    print("\nrecovery: seconds after kill -9 until every run shows a change made since")
    for name, named, away in (("in place", True, 0.0), ("a stranger", False, AWAY_S)):
        with distributed(fold=2, named=named) as system:
            listed, watched = _recovery(system, "fold", away)
        print(f"a fold worker, {name:12} in the list {listed:6.2f}   to who watches {watched:6.2f}")
    with distributed(serve=2) as system:
        listed, watched = _recovery(system, "serve", AWAY_S)
    print(f"a serving node             in the list {listed:6.2f}   to who watches {watched:6.2f}")


def _recovery(system: System, role: str, away_s: float) -> Tuple[float, float]:
    in_list, at_run = Changes(system), Changes(system)
    readers = [Reader(system.serve, "/api/v1/runs?limit=200", in_list.take_list)]
    readers += [Reader(system.serve, f"/api/v1/runs/{run}", at_run.take_run) for run in at_run.runs]
    try:
        for reader in readers:
            reader.await_open()
        time.sleep(5)  # a checkpoint or two
        killed = time.monotonic()
        system.members[role][0].kill(away_s)
        return in_list.lag_s(killed), at_run.lag_s(killed)
    finally:
        for reader in readers:
            reader.close()
        in_list.close()
        at_run.close()
