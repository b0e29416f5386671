"""What the tests of this folder share: a cluster with each of two Argo controllers in turn, its
pods played, its workflows recorded, and a Telltale that watches it with the rights that
deploy/kubernetes gives it. Run by `tools/test.sh --only kubernetes`, alone on a network."""
import pathlib
import sys
from typing import Iterator

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
for folder in (HERE, HERE.parent / "component", ROOT / "tools"):
    sys.path.insert(0, str(folder))

from cluster import NAMESPACE, Cluster  # noqa: E402
from kubelet import Kubelet  # noqa: E402
from recorder import Recorder  # noqa: E402
from watcher import Watcher  # noqa: E402


@pytest.fixture(scope="session", params=["argo3", "argo4"])
def cluster(request: pytest.FixtureRequest,
            tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp(request.param), request.param)
    try:
        made.start()
        for body in yaml.safe_load_all((ROOT / "deploy/kubernetes/telltale.yaml").read_text()):
            if body["kind"] in ("ClusterRole", "ClusterRoleBinding"):
                path = f"/apis/rbac.authorization.k8s.io/v1/{body['kind'].lower()}s"
                made.create(path, body)
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def kubelet(cluster: Cluster) -> Iterator[Kubelet]:
    made = Kubelet(cluster.api(), NAMESPACE)
    yield made
    made.stop()


@pytest.fixture
def recorder(cluster: Cluster, tmp_path: pathlib.Path) -> Iterator[Recorder]:
    made = Recorder(cluster.api(), NAMESPACE, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def watcher(cluster: Cluster, kubelet: Kubelet, tmp_path: pathlib.Path) -> Iterator[Watcher]:
    made = Watcher(tmp_path, cluster)
    made.start()
    try:
        yield made
    finally:
        made.stop()
