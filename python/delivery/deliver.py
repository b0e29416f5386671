"""One delivery, from the record to its end: `python -m delivery deliver FOLDER`.

Tells its stages as tasks of a run, as any source of events does, and the pushing terminal in lines.
What the record has as finished is not done again.
"""

import os
import resource
import time
import traceback
from typing import List, Optional

from delivery import records, stages
from delivery.errors import Cancelled, DeliveryError
from delivery.records import Record
from delivery.stage import Stage, Stop
from delivery.terminal import Terminal
from local_target.run_tracker import RunTracker
from local_target.server_watch import ServerWatch
from telltale.encoding import now_us
from telltale.sender import Sender

_PERIOD_S = 0.2
_NICE = 5
_LOCK_S = 3.0
# At its end: how long a server that is away is waited for. Then it waits in the spool.
_DELIVER_WITHIN_S = 3600.0
_LAST_LINES = 12


def first_line(text: str) -> str:
    return text.split("\n", maxsplit=1)[0]


def main(folder: str) -> int:
    # git's own memory is bounded (server/deliver/git_http); what is delivered is the user's.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    # However many there are, whoever watches them comes first.
    os.nice(_NICE)
    record = records.read(folder)
    if record is None:
        return 1
    if not _locked(record) or record.state:
        return 0
    return Delivery(record).run()


def _locked(record: Record) -> bool:
    """False where another process does it. Who looks whether one does holds it for a moment."""
    deadline = time.monotonic() + _LOCK_S
    while record.lock() is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PERIOD_S)
    return True


class Delivery:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._sender = Sender(record.url, record.key)
        # Later than all that an earlier process of this delivery has told.
        self._tracker = RunTracker(self._sender, now_us() if record.attempts else None)
        self._terminal = Terminal(record)
        self._stop = Stop()
        self._watch = ServerWatch(
            record.url, record.key, self._each_second, lambda: self._stop.ask("It was cancelled.")
        )

    def run(self) -> int:
        self._begin()
        state, why = "SUCCEEDED", ""
        branch: Optional[int] = None
        try:
            self._watch.start()
            branch = self._await_branch()
            for stage in stages.ALL:
                self._do(stage)
        except Cancelled as error:
            state, why = "CANCELLED", str(error)
        except DeliveryError as error:
            state, why = "FAILED", str(error)
        except BaseException as error:
            traceback.print_exc()
            state, why = "FAILED", f"The delivery failed: {type(error).__name__}: {error}"
        self._end(state, why)
        if branch is not None:
            os.close(branch)
        if state == "SUCCEEDED" and "wait" in self._record.wishes:
            self._await_run()
        self._terminal.end()
        self._watch.stop()
        self._sender.close(_DELIVER_WITHIN_S, patient=True)
        return 0 if state == "SUCCEEDED" else 1

    # --- the whole

    def _begin(self) -> None:
        record = self._record
        self._tracker.run_state(
            state="RUNNING",
            name=record.title,
            pipeline=record.project,
            source=records.SOURCE,
            started_at_us=record.pushed_at_us,
            message="",
        )
        before: List[str] = []
        for stage in stages.ALL:
            task = {"path": stage.name, "name": stage.name, "parent": "", "kind": "TASK"}
            self._tracker.add_tasks([{**task, "depends_on": before}])
            before = [stage.name]
        if not record.attempts:
            self._terminal.line(f"Delivering {record.short} of {record.branch}:")
            self._terminal.line(f"  {record.url}/runs/{record.key}")

    def _each_second(self) -> None:
        self._tracker.heartbeat()
        if "deploy" not in self._record.finished and (newer := self._newer()):
            self._stop.ask(f"A newer push, {newer.short}, has taken its place.")

    def _newer(self) -> Optional[Record]:
        mine = self._record
        for other in records.all_of(mine.data):
            same = (other.project, other.ref) == (mine.project, mine.ref)
            if same and (other.pushed_at_us, other.key) > (mine.pushed_at_us, mine.key):
                return other
        return None

    def _await_branch(self) -> int:
        """One delivery of a branch at a time."""
        told = False
        while True:
            held = records.lock_branch(self._record)
            if held is not None:
                return held
            if not told:
                self._terminal.line(f"Waiting for the delivery of {self._record.branch} before.")
                told = True
            self._stop.check()
            time.sleep(_PERIOD_S)

    def _end(self, state: str, why: str) -> None:
        rest = "SKIPPED" if state == "FAILED" else state
        self._tracker.end_all(rest, "")
        self._tracker.run_state(state=state, message=first_line(why), finished_at_us=now_us())
        self._record.set(state=state, message=why)
        if state != "SUCCEEDED":
            self._terminal.line(why if state == "FAILED" else f"Stopped. {why}")

    # --- one stage

    def _do(self, what: "stages.StageSpec") -> None:
        record = self._record
        if what.name in record.finished:
            self._tracker.set_state(what.name, "SUCCEEDED", record.finished[what.name]["told"])
            return
        attempt = record.next_attempt(what.name)
        stage = self._stage(what.name, attempt)
        self._stop.check()
        self._tracker.set_state(what.name, "RUNNING", attempt=attempt)
        self._terminal.over_written(f"▶ {what.name} …")
        began_at = time.monotonic()
        try:
            result = what.do(record, stage)
        except (Cancelled, DeliveryError) as error:
            stage.flush()
            cancelled = isinstance(error, Cancelled)
            state = "CANCELLED" if cancelled else "FAILED"
            self._tracker.set_state(what.name, state, first_line(str(error)), attempt=attempt)
            self._terminal.line(f"▶ {what.name} … {'stopped' if cancelled else '✗'}")
            if not cancelled:
                self._show_tail(stage)
            raise
        stage.flush()
        record.finish_stage(what.name, result)
        if record.fetch and what.name == "receive":
            self._tracker.run_state(name=record.title)
        state = "SKIPPED" if result.get("skipped") else "SUCCEEDED"
        self._tracker.set_state(
            what.name,
            state,
            result["told"],
            outputs=result.get("outputs"),
            attempt=attempt,
        )
        mark = "–" if result.get("skipped") else "✓"
        seconds = time.monotonic() - began_at
        self._terminal.line(f"▶ {what.name} … {mark} {seconds:.1f} s  {result['told']}")
        for line in result.get("lines", []):
            self._terminal.line(f"  {line}")

    def _stage(self, name: str, attempt: int) -> Stage:
        def on_wait(why: str) -> None:
            self._tracker.set_state(name, "RUNNING", why, attempt=attempt)
            self._terminal.over_written(f"▶ {name} … {why}")

        source = stages.source_of(self._record)
        return Stage(name, attempt, self._sender, self._stop, source, on_wait=on_wait)

    def _show_tail(self, stage: Stage) -> None:
        lines = stage.tail.decode("utf-8", "replace").splitlines()
        for line in lines[-_LAST_LINES:]:
            self._terminal.line(f"    {line}")

    # --- the run it started

    def _await_run(self) -> None:
        """What becomes of the run, for who pushed with -o wait."""
        stage = self._stage("run", self._record.attempts["run"])
        try:
            said = stages.outcome(self._record, stage)
        except (Cancelled, DeliveryError) as error:
            said = str(error)
        if said:
            self._terminal.line(said)
