"""What many readers cost one serving node, and how long each of them waits for a point."""

import json
import resource
import subprocess
import threading
import time
from typing import Any, Dict, List, NamedTuple

from cluster import ROOT
from load import Sender, run_key
from member import Member
from system import Start, System, cpu_s, distributed, embedded, memory_mb
from waiting import ask, await_that

from telltale import ids

PROGRAM = ROOT / "build" / "bench" / "viewers"
SECONDS = 20.0
PACE_S = 0.05  # between two requests
PATIENCE_S = 120.0
LAST = -1.0  # the value that ends a series
SERIES = ids.series_id("", "loss")


class Crowd(NamedTuple):
    viewers: int
    runs: int
    asleep: int = 0  # viewers that read no more, their connections open


CROWDS = (Crowd(1, 1), Crowd(10_000, 1), Crowd(10_000, 1, 100), Crowd(1_000, 1_000))


def viewers() -> None:
    title()
    ways: Dict[str, Start] = {"embedded": embedded, "distributed": distributed}
    for name, start in ways.items():
        for crowd in CROWDS:
            with start() as system:
                who = f"{name}, {crowd.viewers:,} of {crowd.runs:,} runs"
                if crowd.asleep:
                    who += f", {crowd.asleep} asleep"
                print(f"{who:40}{crowd_line(system, crowd)}", flush=True)


def title() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"\nviewers of one node; {1 / PACE_S:.0f} requests a second, each a point a run, or of a")
    print("twentieth of many runs: ms until a viewer has a point, of all points and viewers")
    print(f"{'':40}      p50      p90      p99     most  messages/s  KB a viewer: open, at the end")


def crowd_line(system: System, crowd: Crowd) -> str:
    runs = [run_key(number) for number in range(crowd.runs)]
    sender, server = Sender(system.collect), system.members["serve"][0]
    for run in runs:
        sender.tell_all([{"run_key": run, "run_state": {"state": "RUNNING"}}, _point(run, 0.0)])
    url = f"{server.url}/api/v1/runs?limit=1"
    await_that(lambda: f'"total":{crowd.runs}'.encode() in ask(url).body, "all runs are listed")
    before_mb = memory_mb(server)
    with _Readers(server, crowd, runs) as readers:
        readers.answer()
        open_mb, before_s, began = memory_mb(server), cpu_s(server), time.monotonic()
        _send(sender, runs)
        result = readers.answer()
        processors = (cpu_s(server) - before_s) / (time.monotonic() - began)
        end_mb = memory_mb(server)
    quantiles = "".join(f"{ms:9.1f}" for ms in result["ms"])
    a_viewer = [(mb - before_mb) * 1024 / crowd.viewers for mb in (open_mb, end_mb)]
    return (
        f"{quantiles}{result['messages_per_s']:12,.0f}{a_viewer[0]:10.1f}{a_viewer[1]:7.1f}"
        f"   {processors:.2f} processors, {result['points']:,} points seen"
    )


def _point(run: str, value: float) -> Dict[str, Any]:
    return {"run_key": run, "metric_points": {"name": "loss", "value": [value]}}


def _send(sender: Sender, runs: List[str]) -> None:
    at_once = max(1, int(len(runs) * PACE_S))
    began = time.monotonic()
    for turn in range(int(SECONDS / PACE_S)):
        time.sleep(max(0.0, began + turn * PACE_S - time.monotonic()))
        first = turn * at_once % len(runs)
        now_us = float(time.monotonic_ns() // 1000)
        sender.tell_all([_point(run, now_us) for run in runs[first : first + at_once]])
    sender.tell_all([_point(run, LAST) for run in runs])


class _Readers:
    """The program `viewers` (bench/viewers.cc)."""

    def __init__(self, server: Member, crowd: Crowd, runs: List[str]) -> None:
        command = [str(PROGRAM), "--port", str(server.port), "--viewers", str(crowd.viewers)]
        command += ["--asleep", str(crowd.asleep)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{run} {SERIES}\n" for run in runs))
        self._process.stdin.close()

    def answer(self) -> Dict[str, Any]:
        """Its next line. Raises RuntimeError where it does not come in time."""
        assert self._process.stdout is not None
        impatient = threading.Timer(PATIENCE_S, self._process.kill)
        impatient.start()
        try:
            line = self._process.stdout.readline()
        finally:
            impatient.cancel()
        if not line:
            raise RuntimeError("not every viewer was shown what it was to be shown")
        return json.loads(line)

    def __enter__(self) -> "_Readers":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
