"""A small real cluster for tests: etcd, kube-apiserver and an Argo controller, on loopback.

The controller listens on all addresses and nothing can forbid it, so all this belongs into a
network namespace of its own (alone.py). There is no scheduler and no node: kubelet.py plays the
pods. Everything lies in one folder and ends with stop().
"""
import json
import os
import pathlib
import secrets
import signal
import subprocess
import time
import urllib.request
from typing import Dict, List

import programs
import yaml
from api import Api, ApiError, Object
from kafka import free_ports

NAMESPACE = "team-a"
START_SECONDS = 300  # a few, but for a machine that is flooded
TELLTALE_USER = "system:serviceaccount:telltale:telltale"


class Cluster:
    def __init__(self, folder: pathlib.Path, argo: str) -> None:
        self.folder, self.argo = folder, argo
        self.bin = programs.folder()  # built by `programs.py fetch`
        self.ports = free_ports(3)
        self.url = f"https://127.0.0.1:{self.ports[2]}"
        self.tokens = {"admin": secrets.token_hex(16), "telltale": secrets.token_hex(16)}
        self.processes: Dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokens.csv").write_text(
            f"{self.tokens['admin']},admin,1,system:masters\n"
            f"{self.tokens['telltale']},{TELLTALE_USER},2,system:serviceaccounts\n")
        subprocess.run(["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"], check=True,
                       capture_output=True)

    # The programs.

    def start(self) -> None:
        self.start_etcd()
        self.start_server()
        for name in (NAMESPACE, "team-b", "telltale"):
            self.create("/api/v1/namespaces", {"metadata": {"name": name}})
        for file in sorted(programs.resources(self.argo).glob("argoproj.io_*.yaml")):
            self.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                        yaml.safe_load(file.read_text()))
        for kind in ("workflows", "workflowtaskresults"):
            path = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/{kind}"
            self.until(lambda path=path: self.api().get(path))
        self.start_controller()

    def start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in self.ports[:2])
        self.run("etcd", [
            "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
            "--unsafe-no-fsync", "--log-level", "error"])

    def start_server(self) -> None:
        key = str(self.folder / "sa.key")
        self.run("kube-apiserver", [
            "--etcd-servers", f"http://127.0.0.1:{self.ports[0]}",
            "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
            "--secure-port", str(self.ports[2]),
            "--cert-dir", str(self.folder / "certificates"),
            "--token-auth-file", str(self.folder / "tokens.csv"),
            "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.96.0.0/24",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", key, "--service-account-signing-key-file", key,
            "--disable-admission-plugins", "ServiceAccount", "--watch-cache=true",
            "--request-timeout", "60s"])
        self.until(lambda: self.api().open("GET", "/readyz").read())

    def start_controller(self) -> None:
        self.create(f"/api/v1/namespaces/{NAMESPACE}/configmaps", {
            "metadata": {"name": "workflow-controller-configmap"}, "data": {}})
        self.run(self.argo, [
            "--kubeconfig", str(self.kubeconfig("admin")), "--namespaced",
            "--namespace", NAMESPACE, "--executor-image", "argoexec:none"],
            DEFAULT_REQUEUE_TIME="1s", LEADER_ELECTION_DISABLE="true")

    def run(self, name: str, arguments: List[str], **environment: str) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(self.bin / name), *arguments], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={**os.environ, **environment}, cwd=self.folder)

    def end(self, name: str, how: int = signal.SIGKILL) -> None:
        """Argo's controller outlives SIGTERM for minutes, an API server while it is watched."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self) -> None:
        for name in (self.argo, "kube-apiserver", "etcd"):
            self.end(name)

    def compact(self) -> None:
        """Forgets all history, and so does the API server what it keeps of it."""
        url = f"http://127.0.0.1:{self.ports[0]}/v3/kv"  # etcd's own gateway of JSON

        def ask(what: str, body: Object) -> Object:
            with urllib.request.urlopen(f"{url}/{what}", json.dumps(body).encode()) as answer:
                return json.loads(answer.read())
        revision = ask("range", {"key": "AA=="})["header"]["revision"]
        ask("compaction", {"revision": revision, "physical": True})
        self.end("kube-apiserver")
        self.start_server()

    # Speaking to it.

    def api(self, user: str = "admin") -> Api:
        return Api(self.url, str(self.folder / "certificates" / "apiserver.crt"),
                   self.tokens[user])

    def kubeconfig(self, user: str) -> pathlib.Path:
        file = self.folder / f"{user}.kubeconfig"
        file.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test-cluster", "cluster": {
                "server": self.url,
                "certificate-authority": str(self.folder / "certificates" / "apiserver.crt")}}],
            "contexts": [{"name": "test", "context": {"cluster": "test-cluster", "user": user}}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}]}))
        file.chmod(0o600)
        return file

    def create(self, path: str, body: Object) -> None:
        def make() -> bool:
            try:
                self.api().post(path, body)
            except ApiError as error:
                if error.status != 409:
                    raise
            return True
        self.until(make)

    def until(self, ask) -> object:
        """What `ask` answers, once it does without an error and it is no lie."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                answer = ask()
                if answer:
                    return answer
                trouble: object = f"{ask} answers {answer!r}"
            except (ApiError, OSError) as error:
                trouble = error
            for name, process in self.processes.items():
                if process.poll() is not None:
                    tail = (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
                    raise AssertionError(f"{name} ended with {process.returncode}: {tail}")
            if time.monotonic() > deadline:
                raise AssertionError(f"still not after {START_SECONDS} s: {trouble}")
            time.sleep(0.1)
