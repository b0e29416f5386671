"""A Telltale that watches the test cluster, and what it says of a workflow."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any, Callable, Dict, List, Optional

from api import PODS, WORKFLOWS
from cluster import NAMESPACE, START_SECONDS, Cluster
from kubelet import LABEL, RESULTS

ENDED = ("Succeeded", "Failed", "Error")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Watcher:
    def __init__(self, folder: pathlib.Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        self.process: Optional[subprocess.Popen[str]] = None
        self.url = ""

    def start(self, source: str = "kubernetes:") -> None:
        program = os.environ.get("TELLTALE_BINARY", str(ROOT / "build" / "telltale"))
        with open(self.folder / "telltale.log", "ab") as log:
            self.process = subprocess.Popen(
                [program, "serve", "--listen", "127.0.0.1:0", "--data", str(self.folder / "data"),
                 "--source", source],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True,
                env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig("telltale"))})
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://\S+:\d+", line)
            if found:
                self.url = found.group(0)
                return
        raise AssertionError((self.folder / "telltale.log").read_text()[-3000:])

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=60) as response:
            return json.loads(response.read())

    def text(self, path: str) -> str:
        try:
            with urllib.request.urlopen(self.url + path, timeout=60) as response:
                return response.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def until(self, ask: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = ask()
                if answer:
                    return answer
            except (urllib.error.URLError, OSError, KeyError, StopIteration):
                pass
            assert self.process is None or self.process.poll() is None, "telltale ended"
            time.sleep(0.05)
        raise AssertionError(f"{what}: not after {START_SECONDS} s\n" +
                             (self.folder / "telltale.log").read_text()[-3000:])

    def runs(self) -> Dict[str, Any]:
        """Summaries by the name of the workflow."""
        return {run["name"]: run for run in self.get("/api/v1/runs?limit=200")["runs"]}

    def run(self, name: str) -> Any:
        key = self.until(lambda: self.runs().get(name), f"a run named {name}")["run_key"]
        view = self.get(f"/api/v1/runs/{key}")
        return {**view["run"], "tasks": view.get("tasks", [])}

    def task(self, name: str, path: str) -> Any:
        return next(task for task in self.run(name)["tasks"] if task["path"] == path)

    def nodes(self, name: str) -> List[Any]:
        key = self.runs()[name]["run_key"]
        return self.get(f"/api/v1/runs/{key}?machinery=1")["nodes"]

    # The cluster's own workflows.

    def submit(self, body: Any) -> None:
        self.cluster.api().post(WORKFLOWS.format(NAMESPACE), body)

    def workflow(self, name: str) -> Any:
        return self.cluster.api().get(f"{WORKFLOWS.format(NAMESPACE)}/{name}")

    def change(self, name: str, patch: Any) -> None:
        self.cluster.api().patch(f"{WORKFLOWS.format(NAMESPACE)}/{name}", patch)

    def delete(self, name: str) -> None:
        """With what belongs to it, as a garbage collector would."""
        api = self.cluster.api()
        api.delete(f"{WORKFLOWS.format(NAMESPACE)}/{name}")
        for kind in (PODS, RESULTS):
            path = kind.format(NAMESPACE)
            for item in api.get(f"{path}?labelSelector={LABEL}={name}")["items"]:
                api.patch(f"{path}/{item['metadata']['name']}", {"metadata": {"finalizers": None}})
                api.delete(f"{path}/{item['metadata']['name']}")

    def ended(self, name: str) -> Any:
        """The workflow once Argo is done with it."""
        def is_done() -> Any:
            found = self.workflow(name)
            labels = found["metadata"].get("labels", {})
            return (found.get("status", {}).get("phase") in ENDED and
                    labels.get("workflows.argoproj.io/completed") == "true" and found)
        return self.cluster.until(is_done)

    def settled(self, name: str, nodes: Dict[str, Any]) -> None:
        """Every node of the workflow is here as Argo told it."""
        def same() -> bool:
            ours = {node["source_id"]: node["source_phase"] for node in self.nodes(name)}
            return ours == {key: node.get("phase", "") for key, node in nodes.items()}
        self.until(same, f"the nodes of {name}")
