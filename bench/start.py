#!/usr/bin/env python3
"""start.py [PROGRAM]: how soon after its start a server answers, and what memory it has.

Time from the start of the process until GET /readyz says 200, of a new folder and of one with RUNS
runs in it; resident memory (VmRSS) IDLE_S seconds after that, with nobody watching. Needs nothing
but Python; PROGRAM is build/telltale unless told otherwise.
"""

import json
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
STARTS = 20
RUNS = 200
TASKS = 20
POINTS = 500
IDLE_S = 10


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Server:
    def __init__(self, program: str, data: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        listen = self.url[len("http://") :]
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [program, "serve", "--listen", listen, "--data", data],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not self._ready():
            time.sleep(0.0005)
        self.start_ms = (time.perf_counter() - began) * 1000

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=1):
                return True
        except OSError:
            if self.process.poll() is not None:
                raise SystemExit("the server ended") from None
            return False

    def memory_mb(self) -> float:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise SystemExit("no VmRSS")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def fill(self) -> None:
        """RUNS runs that have ended, of TASKS tasks and POINTS points each."""
        for number in range(RUNS):
            key = f"{number:026d}".translate(str.maketrans("0189", "abcd"))
            events = [{"run_state": {"state": "SUCCEEDED", "name": f"run {number}", "version": 1}}]
            for task in range(TASKS):
                events.append({"task_state": {"path": f"t{task}", "state": "SUCCEEDED"}})
                points = {"step": list(range(POINTS // TASKS)), "value": [0.5] * (POINTS // TASKS)}
                events.append({"metric_points": {"path": f"t{task}", "name": "loss", **points}})
            lines = [
                json.dumps({"id": f"{key}-{at}", "run_key": key, **event})
                for at, event in enumerate(events)
            ]
            headers = {"Content-Type": "application/x-ndjson"}
            body = "\n".join(lines).encode()
            request = urllib.request.Request(self.url + "/api/v1/events", body, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                rejected = json.load(answer)["rejected"]
                if rejected:
                    raise SystemExit(f"refused: {rejected[0]}")


def measure(program: str, data: pathlib.Path, starts: int) -> str:
    times = []
    for _ in range(starts):
        server = Server(program, str(data))
        times.append(server.start_ms)
        server.stop()
    server = Server(program, str(data))
    time.sleep(IDLE_S)
    memory = server.memory_mb()
    server.stop()
    return f"{statistics.median(times):6.0f} ms (most {max(times):.0f}){memory:8.1f} MB"


def main() -> None:
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/telltale")
    data = pathlib.Path(tempfile.mkdtemp(dir=ROOT / "build", prefix="start-"))
    try:
        print(f"until ready, median of {STARTS}; memory {IDLE_S} s later")
        print("a new folder  ", measure(program, data / "new", STARTS))
        server = Server(program, str(data / "full"))
        server.fill()
        time.sleep(6)  # longer than two checkpoints are apart
        server.stop()
        print(f"{RUNS} runs      ", measure(program, data / "full", STARTS))
    finally:
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
