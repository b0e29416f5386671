"""A kubelet for tests: plays the pods of Argo workflows on a real API server.

It runs the main container's command as a process of this machine, tells the pod's status as a
kubelet would, and reports outputs as Argo's executor would. A test steers it by annotations of a
template's metadata:

    telltale.test/waits: REASON[: MESSAGE]   the pod stays Pending, main waiting with that reason;
                                             "Unschedulable: ..." is told as a condition
    telltale.test/ends: REASON               main ends with that reason and exit code 137

A pod that waits goes on once the test sets the annotation telltale.test/go on it.
"""
import contextlib
import datetime
import http.client
import json
import os
import subprocess
import tempfile
import threading
from typing import Any, Dict, List, Optional, Tuple

from api import PODS, Api, ApiError, Object

WAITS, ENDS, GO = "telltale.test/waits", "telltale.test/ends", "telltale.test/go"
LABEL = "workflows.argoproj.io/workflow"
RESULTS = "/apis/argoproj.io/v1alpha1/namespaces/{}/workflowtaskresults"
NODE = "node-1"


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def user_command(container: Object, template: Object) -> List[str]:
    """What Argo's emissary would start: all behind its own `--`."""
    command = [*container.get("command", []), *container.get("args", [])]
    if "--" in command and "emissary" in command:
        command = command[command.index("--") + 1:]
    script = template.get("script")
    if script is not None:
        with tempfile.NamedTemporaryFile("w", delete=False, suffix=".script") as file:
            file.write(script["source"])
        command = [*script["command"], file.name]
    return command


class Kubelet:
    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.namespace = api, namespace
        self.go: Dict[str, threading.Event] = {}  # by uid, for pods that wait
        self.processes: Dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False
        self.lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        self.stopping = True
        with self.lock:
            for process in self.processes.values():
                process.kill()

    def _watch(self) -> None:
        path = PODS.format(self.namespace)
        while not self.stopping:
            try:
                pods = self.api.get(f"{path}?labelSelector={LABEL}")
                for pod in pods["items"]:
                    self._see("ADDED", pod)
                version = pods["metadata"]["resourceVersion"]
                for event in self.api.watch(f"{path}?labelSelector={LABEL}", version):
                    self._see(event["type"], event["object"])
            except (OSError, http.client.HTTPException, ApiError, ValueError):
                if not self.stopping:
                    threading.Event().wait(0.2)  # the API server is away

    def _see(self, kind: str, pod: Object) -> None:
        if "metadata" not in pod or "uid" not in pod["metadata"]:
            return
        uid = pod["metadata"]["uid"]
        with self.lock:
            known = uid in self.go
            released = self.go.setdefault(uid, threading.Event())
            process = self.processes.get(uid)
        if kind == "DELETED" or pod["metadata"].get("deletionTimestamp"):
            released.set()
            if process is not None:
                process.kill()
            if kind != "DELETED":
                self._forget(pod)
            return
        if GO in pod["metadata"].get("annotations", {}):
            released.set()
        if pod.get("spec", {}).get("activeDeadlineSeconds") == 0 and process is not None:
            process.kill()
        if not known and pod.get("status", {}).get("phase") in (None, "Pending"):
            threading.Thread(target=self._play, args=(pod,), daemon=True).start()

    def _forget(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        with contextlib.suppress(ApiError):
            self.api.call("DELETE", f"{PODS.format(self.namespace)}/{name}",
                          {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})

    def _tell(self, pod: Object, status: Object) -> bool:
        path = f"{PODS.format(self.namespace)}/{pod['metadata']['name']}/status"
        try:
            self.api.patch(path, {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status})
            return True
        except (ApiError, OSError):
            return False  # it is gone

    def _containers(self, pod: Object, state: Object) -> List[Object]:
        return [{"name": container["name"], "image": container["image"], "imageID": "",
                 "ready": "running" in state, "restartCount": 0, "state": state}
                for container in pod["spec"]["containers"]]

    def _play(self, pod: Object) -> None:
        annotations = pod["metadata"].get("annotations", {})
        waits = annotations.get(WAITS, "")
        reason, _, message = waits.partition(": ")
        if reason == "Unschedulable":
            self._tell(pod, {"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": reason, "message": message,
                 "lastTransitionTime": now()}]})
        else:
            self._tell(pod, {"phase": "Pending", "containerStatuses": self._containers(
                pod, {"waiting": {"reason": reason or "PodInitializing", "message": message}})})
        if waits:
            self.go[pod["metadata"]["uid"]].wait()
        began = now()
        if not self._tell(pod, {
                "phase": "Running", "startTime": began, "conditions": None,
                "containerStatuses": self._containers(pod, {"running": {"startedAt": began}})}):
            return
        code, outputs = self._run(pod)
        reason = annotations.get(ENDS, "")
        code = 137 if reason else code
        self._report(pod, outputs)
        end = {"exitCode": code, "startedAt": began, "finishedAt": now(),
               "reason": reason or ("Completed" if code == 0 else "Error")}
        self._tell(pod, {"phase": "Succeeded" if code == 0 else "Failed",
                         "containerStatuses": self._containers(pod, {"terminated": end})})

    def _run(self, pod: Object) -> Tuple[int, Optional[Object]]:
        container = next(c for c in pod["spec"]["containers"] if c["name"] == "main")
        environment = {e["name"]: e.get("value", "") for e in container.get("env", [])}
        template = json.loads(environment.get("ARGO_TEMPLATE") or self._template(pod))
        with tempfile.TemporaryFile() as printed:
            try:
                process = subprocess.Popen(user_command(container, template), stdout=printed,
                                           stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                           env={**os.environ, **environment})
            except OSError:
                return 127, None
            with self.lock:
                self.processes[pod["metadata"]["uid"]] = process
            code = process.wait()
            printed.seek(0)
            result = printed.read(64 << 10).decode(errors="replace").rstrip("\n")
        outputs: Dict[str, Any] = {"result": result, "exitCode": str(code)}
        parameters = []
        for parameter in template.get("outputs", {}).get("parameters", []):
            path = parameter.get("valueFrom", {}).get("path")
            if path and os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    parameters.append({**parameter, "value": file.read().rstrip("\n")})
        if parameters:
            outputs["parameters"] = parameters
        return code if code >= 0 else 128 - code, outputs

    def _template(self, pod: Object) -> str:
        for container in pod["spec"].get("initContainers", []):
            for variable in container.get("env", []):
                if variable["name"] == "ARGO_TEMPLATE":
                    return variable.get("value", "{}")
        return "{}"

    def _report(self, pod: Object, outputs: Optional[Object]) -> None:
        node = pod["metadata"]["annotations"]["workflows.argoproj.io/node-id"]
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskResult",
                "metadata": {"name": node, "labels": {
                    LABEL: pod["metadata"]["labels"][LABEL],
                    "workflows.argoproj.io/report-outputs-completed": "true"}},
                "outputs": outputs}
        # It may be there, from an earlier pod of this node, or the API server be away.
        with contextlib.suppress(ApiError, OSError):
            self.api.post(RESULTS.format(self.namespace), body)
