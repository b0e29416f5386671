"""Telltale beside a real kube-apiserver, with the rights that deploy/kubernetes gives it. A
recorded workflow is played: each of its states is put as Argo's controller put it."""
import gzip
import json
import pathlib
import signal
import subprocess
from typing import Any, Dict, Iterator, List

import pytest
import yaml
from api import ApiError
from cluster import NAMESPACE, Cluster
from watcher import Watcher

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.start()
        for body in yaml.safe_load_all((ROOT / "deploy/kubernetes/telltale.yaml").read_text()):
            if body["kind"] in ("ClusterRole", "ClusterRoleBinding"):
                path = f"/apis/rbac.authorization.k8s.io/v1/{body['kind'].lower()}s"
                made.create(path, body)
        yield made
    finally:
        made.stop()


def states() -> List[Dict[str, Any]]:
    file = ROOT / "tests" / "fixtures" / "argo" / "real-dag-diamond.jsonl.gz"
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    return [line["object"] for line in lines if line["type"] != "DELETED"]


def put(cluster: Cluster, state: Dict[str, Any]) -> None:
    """As it was, but for what the API server itself says of an object."""
    body = json.loads(json.dumps(state))
    body.update(apiVersion="argoproj.io/v1alpha1", kind="Workflow")
    name = body["metadata"]["name"]
    body["metadata"] = {"name": name, "labels": body["metadata"].get("labels", {})}
    try:
        there = cluster.api().get(f"{WORKFLOWS}/{name}")
    except ApiError:
        cluster.api().post(WORKFLOWS, body)
        return
    body["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
    cluster.api().call("PUT", f"{WORKFLOWS}/{name}", body)


def test_a_workflow_from_its_beginning_to_its_deletion(cluster: Cluster,
                                                       tmp_path: pathlib.Path) -> None:
    played = states()
    name = played[0]["metadata"]["name"]
    put(cluster, played[0])
    watcher = Watcher(tmp_path, cluster)
    watcher.start()
    try:
        watcher.run(name)
        for state in played[1:]:
            put(cluster, state)
        watcher.settled(name, played[-1]["status"]["nodes"])
        run = watcher.until(lambda: (found := watcher.run(name))["state"] == "SUCCEEDED" and found,
                            "its end")
        assert {task["path"]: task["state"] for task in run["tasks"]} == {
            path: "SUCCEEDED" for path in "ABCD"}
        # It is deleted while nobody looks, and the watch goes on where it was.
        watcher.stop()
        cluster.api().delete(f"{WORKFLOWS}/{name}")
        watcher.start()
        watcher.until(lambda: watcher.run(name)["cluster_object"].get("deleted"), "its deletion")
        # An API server that is away is told, and back again it is watched on.
        cluster.end("kube-apiserver", signal.SIGKILL)
        watcher.until(lambda: "kubernetes" in watcher.text("/readyz"), "that the cluster is away")
        cluster.start_server()
        watcher.until(lambda: "kubernetes" not in watcher.text("/readyz"), "that it is back")
    finally:
        watcher.stop()


def test_its_rights_are_what_is_read_and_nothing_else(cluster: Cluster) -> None:
    telltale = cluster.api("telltale")
    telltale.get("/api/v1/pods")
    telltale.get("/apis/argoproj.io/v1alpha1/workflows")
    for method, path in [("GET", "/api/v1/secrets"), ("GET", "/api/v1/configmaps"),
                         ("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/x"),
                         ("POST", WORKFLOWS)]:
        with pytest.raises(ApiError) as refused:
            telltale.call(method, path, {} if method == "POST" else None)
        assert refused.value.status == 403, path


def test_manifests_pass_a_server_side_dry_run(cluster: Cluster) -> None:
    for file in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml")):
        done = subprocess.run(
            [str(cluster.bin / "kubectl"), "--kubeconfig", str(cluster.kubeconfig("admin")),
             "apply", "--server-side", "--dry-run=server", "--field-manager=test", "-f",
             str(file)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
