"""run_client.py: what tools/run.sh asks of the server, with Python's standard library only.

  port-free PORT            ends with 1 and a sentence if something listens there
  free-port                 prints a port that was free a moment ago
  ready URL PID             waits until the server answers /readyz; ends with 1 if process PID ends
  start URL PIPELINE TOKEN  starts a run of that file and prints its key; TOKEN: a file
  summary URL KEY           waits until the run is over, prints a summary; 0 only if it succeeded
"""
import json
import os
import pathlib
import socket
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Dict, List, Optional

# The server is on this machine: a proxy of the environment has no part in it.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
POLL_S = 0.3
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"}
METRICS = 6  # of the newest, in the summary


def ask(url: str, body: Optional[Dict[str, Any]] = None, timeout: float = 10,
        token: str = "") -> Dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with OPENER.open(request, timeout=timeout) as answer:
        return json.loads(answer.read() or b"{}")


def port_free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return 0
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
    print(f"Port {port} of 127.0.0.1 is not to be had ({reason}). Another one: "
          f"make run PORT={port + 1}")
    return 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        print(probe.getsockname()[1])
    return 0


def ready(url: str, pid: int) -> int:
    while True:
        try:
            with OPENER.open(f"{url}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return 0
        except OSError:
            pass
        try:
            os.kill(pid, 0)
        except OSError:
            return 1
        time.sleep(0.05)


def start(url: str, pipeline: str, token_file: str) -> int:
    token = pathlib.Path(token_file).read_text(encoding="utf-8").strip()
    body = {"pipeline_file": str(pathlib.Path(pipeline).resolve()), "parameters": {}}
    try:
        print(ask(f"{url}/api/v1/runs", body, timeout=60, token=token)["run_key"])
        return 0
    except urllib.error.HTTPError as error:
        print(f"The run did not start: {error.code} {error.read().decode()}", file=sys.stderr)
        return 1


def duration(run: Dict[str, Any]) -> str:
    begin = int(run.get("started_at_us") or run.get("created_at_us", 0))
    end = int(run.get("finished_at_us", 0))
    return f"{max(0, end - begin) / 1e6:.1f} s" if begin and end else "a time it did not tell"


def print_summary(view: Dict[str, Any]) -> None:
    run = view["run"]
    counts = ", ".join(f"{count['count']} {count['state'].lower()}"
                       for count in run.get("counts", []) if count.get("count"))
    print(f"\nrun       {run.get('name') or run['run_key']}")
    message = f": {run['message']}" if run.get("message") else ""
    print(f"state     {run['state'].lower()}{message}")
    print(f"tasks     {counts or 'none'}")
    print(f"duration  {duration(run)}")
    if run.get("failure"):
        print(f"failure   {run.get('first_failed_task_name', '')}: {run['failure']}")
    names = {task["id"]: task.get("path", "") for task in view.get("tasks", [])}
    newest = sorted(view.get("series", []), key=lambda s: -int(s.get("position", 0)))
    for series in newest[:METRICS]:
        print(f"metric    {series['name']} = {series.get('last_value', 0.0)} "
              f"({names.get(series.get('task_id', ''), 'the run')}, "
              f"points: {series.get('points', 0)})")


def summary(url: str, key: str) -> int:
    while True:
        try:
            view = ask(f"{url}/api/v1/runs/{key}")
            if view["run"].get("state") in FINAL:
                break
        except (OSError, KeyError):
            pass  # not told yet, or the server starts again: the run goes on without it
        time.sleep(POLL_S)
    print_summary(view)
    return 0 if view["run"]["state"] == "SUCCEEDED" else 1


def main(arguments: List[str]) -> int:
    verb, rest = arguments[0], arguments[1:]
    if verb == "port-free":
        return port_free(int(rest[0]))
    if verb == "free-port":
        return free_port()
    if verb == "ready":
        return ready(rest[0], int(rest[1]))
    if verb == "start":
        return start(*rest)
    if verb == "summary":
        return summary(rest[0], rest[1])
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
