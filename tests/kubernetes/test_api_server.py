"""What deploy/kubernetes gives Telltale, on a real kube-apiserver."""
import pathlib
import subprocess

import pytest
from api import ApiError
from cluster import NAMESPACE, Cluster

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"


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
