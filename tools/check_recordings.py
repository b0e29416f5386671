"""check_recordings.py URL TELLTALE FILE...: holds what a server shows of recorded runs against what
the recordings say. Imports each FILE (NAME.jsonl or NAME.jsonl.gz) with the program TELLTALE into
the server at URL, then compares: the nodes of the run are those of Argo's last status.nodes, one by
one; every node of a KFP run has the one role that its template and name give it; every change of a
node's phase stands among the run's events, in its order. Prints each difference, then
`N recordings, N nodes, 0 unmatched`; ends with 1 where there is any.
"""
import base64
import gzip
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Dict, Iterator, List, Optional, Tuple

Object = Dict[str, Any]

SEGMENT = re.compile(r"^([A-Za-z0-9_-]*)(?:\((\d+):([^)]*)\))?(?:\((\d+)\))?$")
PLUMBING = {
    "root-driver": "run_driver",
    "iteration-driver": "loop_driver",
    "iteration-item-driver": "iteration_driver",
}
SHOWN = {"task", "importer", "group", "loop", "iteration"}
EVENTS_A_PAGE = 500  # less than there are, so that pages are read too


def nodes_of(status: Object) -> Dict[str, Object]:
    packed = status.get("compressedNodes")
    if packed:
        unpacked: Dict[str, Object] = json.loads(gzip.decompress(base64.b64decode(packed)))
        return unpacked
    return status.get("nodes") or {}


def text_of(path: pathlib.Path) -> str:
    packed = path.read_bytes()
    return (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()


def watch_events(path: pathlib.Path) -> Iterator[Object]:
    for line in text_of(path).splitlines():
        yield json.loads(line)


# What the name of a template decides; the first that fits.
BY_TEMPLATE = (
    (re.compile(r"system-(container|dag)-driver$"), "driver"),
    (re.compile(r"system-container-executor$"), "task"),
    (re.compile(r"system-container-impl$"), "executor"),
    (re.compile(r"^system-importer"), "importer"),
    (re.compile(r"^root$"), "root"),
    (re.compile(r"^exit-hook-"), "exit_hook"),
    (re.compile(r"^comp-.*-iterator$"), "loop"),
    (re.compile(r"^comp-"), "group"),
)


def driver_role(node: Object, name: str) -> str:
    given = {p["name"]: p.get("value") for p in (node.get("inputs") or {}).get("parameters", [])}
    task, driven = given.get("task-name") or "", name[: -len("-driver")]
    if name in PLUMBING and (name == "root-driver" or task != driven):
        return PLUMBING[name]
    return "driver" if name.endswith("-driver") and task in ("", driven) else "task"


def expected_role(node: Object, workflow: str) -> str:
    """By the name of the template first, by the node's own second."""
    tail = re.sub(r"\(\d+\)$", "", node["name"])
    last = tail.rsplit(".", 1)[-1]
    found = SEGMENT.match(last)
    name = found.group(1) if found else last
    template = node.get("templateName", "")
    role = next((role for fits, role in BY_TEMPLATE if fits.search(template)), "")
    if tail == workflow:
        role = "run"
    elif role == "driver":
        role = driver_role(node, name)
    elif role == "group" and name == "iteration-iterations":
        role = "iteration" if found and found.group(2) else "iterations"
    elif role == "group" and name == "iteration-item":
        role = "iteration_body"
    return role


class Server:
    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, path: str) -> Tuple[bytes, Dict[str, str]]:
        request = urllib.request.Request(self.url + path, headers=self._headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read(), {k.lower(): v for k, v in response.headers.items()}

    def run(self, key: str) -> Object:
        view: Object = json.loads(self.ask(f"/api/v1/runs/{key}?machinery=1")[0])
        return view

    def settled(self, key: str, expected: Dict[str, Object]) -> Object:
        """The view once it has come to these nodes, or does not."""
        deadline = time.monotonic() + 60
        while True:
            try:
                view = self.run(key)
                phases = {n["source_id"]: n.get("source_phase") for n in view.get("nodes", [])}
                wanted = {node_id: node.get("phase") for node_id, node in expected.items()}
                if phases == wanted or time.monotonic() > deadline:
                    return view
            except urllib.error.HTTPError as error:
                if error.code != 404 or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def events(self, key: str) -> List[Object]:
        events: List[Object] = []
        since: Optional[str] = None
        while True:
            query = f"?limit={EVENTS_A_PAGE}" + (f"&since={since}" if since else "")
            body, headers = self.ask(f"/api/v1/runs/{key}/events{query}")
            events += [json.loads(line) for line in body.splitlines()]
            since = headers.get("x-next-since")
            if not since:
                return events


def phase_changes(path: pathlib.Path) -> Dict[str, List[str]]:
    """Of each node: its phases in their order, "" where it was not there."""
    changes: Dict[str, List[str]] = {}
    for event in watch_events(path):
        nodes = nodes_of(event["object"].get("status", {}))
        now = {node_id: node.get("phase", "") for node_id, node in nodes.items()}
        for node, phase in {**{i: "" for i in changes}, **now}.items():
            if not changes.get(node) or changes[node][-1] != phase:
                changes.setdefault(node, []).append(phase)
    return changes


def told_changes(events: List[Object]) -> Dict[str, List[str]]:
    changes: Dict[str, List[str]] = {}
    for event in events:
        node = event.get("source_node")
        if not node:
            continue
        phases = changes.setdefault(node["source_id"], [])
        phase = "" if node.get("removed") else node.get("source_phase", "")
        if not phases or phases[-1] != phase:
            phases.append(phase)
    return changes


def differences(path: pathlib.Path, server: Server, key: str) -> Tuple[int, List[str]]:
    """How many nodes there are, and what is other than it should be."""
    last = list(watch_events(path))[-1]["object"]
    expected = nodes_of(last.get("status", {}))
    view = server.settled(key, expected)
    events = server.events(key)  # after that: a run may be live
    shown = {node["source_id"]: node for node in view.get("nodes", [])}
    tasks = {task["id"]: task for task in view.get("tasks", [])}
    wrong = [f"{node} is not shown" for node in expected if node not in shown]
    wrong += [f"{node} is shown and is not there" for node in shown if node not in expected]
    is_kfp = any(t["name"] == "system-dag-driver" for t in last["spec"].get("templates", []))
    for node_id in expected.keys() & shown.keys():
        node, seen = expected[node_id], shown[node_id]
        for field, ours in (("phase", "source_phase"), ("type", "type"), ("name", "name"),
                            ("message", "message")):
            if (node.get(field) or "") != seen.get(ours, ""):
                wrong.append(f"{node['name']}: {ours} {seen.get(ours)} for {node.get(field)}")
        role = seen.get("role", "")
        if not role:
            wrong.append(f"{node['name']} has no role")
        if is_kfp and role != expected_role(node, last["metadata"]["name"]):
            wrong.append(f"{node['name']}: role {role}")
        task = tasks.get(seen.get("task_id", ""))
        if role in SHOWN and task is None:
            wrong.append(f"{node['name']} is a {role} and no task")
    told = told_changes(events)
    for node_id, phases in phase_changes(path).items():
        if told.get(node_id, []) != phases:
            wrong.append(f"{node_id}: phases {told.get(node_id)} for {phases}")
    return len(expected), wrong


def import_recording(telltale: str, url: str, path: pathlib.Path) -> List[str]:
    """The keys of its runs."""
    done = subprocess.run(
        [telltale, "import", "argo-watch", "--to", url, "--speed", "max", str(path)],
        stdout=subprocess.PIPE, check=True, timeout=300,
    )
    return done.stdout.decode().split()


def check(telltale: str, url: str, paths: List[pathlib.Path]) -> Tuple[int, List[str]]:
    nodes, wrong = 0, []
    for path in paths:
        keys = import_recording(telltale, url, path)
        if len(keys) != 1:
            wrong.append(f"{path.name}: {len(keys)} runs")
            continue
        count, differs = differences(path, Server(url), keys[0])
        nodes += count
        wrong += [f"{path.name}: {text}" for text in differs]
    return nodes, wrong


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    paths = [pathlib.Path(p) for p in sys.argv[3:] if ".pods." not in p and ".jsonl" in p]
    nodes, wrong = check(sys.argv[2], sys.argv[1], paths)
    for text in wrong:
        print(text)
    print(f"{len(paths)} recordings, {nodes} nodes, {len(wrong)} unmatched")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
