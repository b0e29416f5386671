#!/usr/bin/env python3
"""deliveries.py [COUNT] [PROGRAM]: how soon a push is seen, and how soon it runs.

SINGLE pushes of a one-line change, one after another: from when the push was accepted (its hook
made the delivery) until GET of its run shows the first stage; from the start of `git push` until
the first task of its run runs. Then COUNT projects are pushed at once (50), while a reader asks for
the list of runs and for one run: how long the answers take, and how long until all have ended.
Needs git, and what `make setup` installs; PROGRAM is build/telltale unless told otherwise.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from typing import Any, Dict, List

from start import ROOT, Server

SINGLE = 10
LIMIT_S = 1800
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
PIPELINE = """
from kfp import dsl

@dsl.component
def train(epochs: int):
    for epoch in range(epochs):
        print(f"loss={1 / (epoch + 1)}")

@dsl.pipeline
def demo(epochs: int = %d):
    train(epochs=epochs)
"""


class Project:
    def __init__(self, server: Server, data: pathlib.Path, folder: pathlib.Path) -> None:
        token = (data / "token").read_text().strip()
        host = server.url.partition("://")[2]
        self.address = f"http://me:{token}@{host}/git/{folder.name}.git"
        self.folder, self.changes = folder, 0
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main").wait()

    def git(self, *arguments: str) -> "subprocess.Popen[bytes]":
        who = {
            f"GIT_{role}_{what}": "bench@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        return subprocess.Popen(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def change(self) -> None:
        self.changes += 1
        (self.folder / "pipeline.py").write_text(PIPELINE % self.changes)
        self.git("add", "--all").wait()
        self.git("commit", "--quiet", "--message", f"change {self.changes}").wait()

    def push(self) -> "subprocess.Popen[bytes]":
        return self.git("push", self.address, "main")


def get(server: Server, path: str) -> Any:
    with urllib.request.urlopen(server.url + path, timeout=60) as response:
        return json.loads(response.read())


def records(data: pathlib.Path) -> List[Dict[str, Any]]:
    return [json.loads(file.read_text()) for file in data.glob("deliveries/*/record.json")]


def first_stage_ms(server: Server, data: pathlib.Path, known: "set[str]") -> "tuple[str, float]":
    while True:
        for record in records(data):
            if record["key"] in known:
                continue
            run = f"/api/v1/runs?keys={record['key']}"
            while not get(server, run).get("runs"):
                time.sleep(0.002)
            view = f"/api/v1/runs/{record['key']}"
            while not any(t.get("state") != "PENDING" for t in get(server, view).get("tasks", [])):
                time.sleep(0.002)
            return record["key"], time.time() * 1000 - int(record["pushed_at_us"]) / 1000
        time.sleep(0.001)


def first_task_s(server: Server, data: pathlib.Path, key: str, began: float) -> float:
    while True:
        record = next(r for r in records(data) if r["key"] == key)
        run = record["finished"].get("run", {}).get("run_key", "")
        known = run and get(server, f"/api/v1/runs?keys={run}").get("runs")
        tasks = get(server, f"/api/v1/runs/{run}").get("tasks", []) if known else []
        if any(task.get("state") in ("RUNNING", "SUCCEEDED") for task in tasks):
            return time.perf_counter() - began
        if record["state"] == "FAILED":
            raise SystemExit(record["message"])
        time.sleep(0.005)


def single(server: Server, data: pathlib.Path, folder: pathlib.Path) -> None:
    project = Project(server, data, folder / "single")
    seen, ran = [], []
    for number in range(SINGLE + 1):
        project.change()
        known = {record["key"] for record in records(data)}
        began = time.perf_counter()
        pushing = project.push()
        key, ms = first_stage_ms(server, data, known)
        seconds = first_task_s(server, data, key, began)
        pushing.wait()
        if number > 0:  # the first fills caches
            seen.append(ms)
            ran.append(seconds)
    told("accepted until its first stage is shown, ms", seen)
    told("git push until the first task runs, s", ran)


def many(server: Server, data: pathlib.Path, folder: pathlib.Path, count: int) -> None:
    projects = [Project(server, data, folder / f"project-{n}") for n in range(count)]
    for project in projects:
        project.change()
    before = len(records(data))
    one = records(data)[0]["key"]
    answers: List[float] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.02):
            for path in ("/api/v1/runs", f"/api/v1/runs/{one}"):
                began = time.perf_counter()
                get(server, path)
                answers.append((time.perf_counter() - began) * 1000)

    reader = threading.Thread(target=read)
    reader.start()
    began = time.perf_counter()
    pushing = [project.push() for project in projects]
    codes = [process.wait(LIMIT_S) for process in pushing]
    while any(not record["state"] for record in records(data)):
        time.sleep(0.1)
    took = time.perf_counter() - began
    over.set()
    reader.join()
    done = [r["state"] for r in records(data)].count("SUCCEEDED") - before
    print(f"{count} at once: {codes.count(0)} pushed, {done} succeeded, in {took:.1f} s")
    told("an answer to the page meanwhile, ms", answers)


def settle(server: Server) -> None:
    """What the deliveries started is no more when this ends."""
    deadline = time.monotonic() + LIMIT_S
    while any(r.get("state") not in ENDED for r in get(server, "/api/v1/runs?limit=200")["runs"]):
        if time.monotonic() > deadline:
            raise SystemExit("runs go on")
        time.sleep(0.5)


def told(what: str, values: List[float]) -> None:
    values = sorted(values)
    p99 = values[min(len(values) - 1, round(len(values) * 0.99))]
    print(f"{what}: {statistics.median(values):.1f} median, {p99:.1f} p99, of {len(values)}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    program = sys.argv[2] if len(sys.argv) > 2 else str(ROOT / "build" / "telltale")
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as name:
        folder = pathlib.Path(name)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        server = Server(program, str(folder / "data"))
        try:
            single(server, folder / "data", folder / "projects")
            many(server, folder / "data", folder / "projects", count)
            settle(server)
        finally:
            server.process.terminate()
            server.process.wait()


if __name__ == "__main__":
    main()
