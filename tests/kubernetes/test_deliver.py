"""A push becomes a Workflow of a real Argo controller, once, with the values of the push."""
import json
import os
import pathlib
import subprocess
from typing import Any, Dict, List

import pytest
from api import WORKFLOWS
from cluster import NAMESPACE, Cluster
from watcher import Watcher

TRAINING: Dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"generateName": "training-", "labels": {"team": "a"}},
    "spec": {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "epochs", "value": "1"}, {"name": "rate"}]},
        "templates": [{
            "name": "main",
            "container": {"image": "debian", "command": ["sh", "-c", "true"]},
        }],
    },
}
SETTINGS = "workflow: training.yaml\ntarget: cluster\nparameters: {epochs: 2}\n"


class Pushing:
    """A developer's repository, and the server it is pushed to."""

    def __init__(self, watcher: Watcher, folder: pathlib.Path) -> None:
        self.watcher, self.folder = watcher, folder
        folder.mkdir()
        self.data = watcher.folder / "data"
        cluster = watcher.cluster
        (folder.parent / "token").write_text(cluster.tokens["admin"])
        target = {"kind": "argo", "url": cluster.url, "namespace": NAMESPACE,
                  "token_file": str(folder.parent / "token"),
                  "ca_file": str(cluster.folder / "certificates" / "apiserver.crt")}
        (self.data / "targets.yaml").write_text(json.dumps({"cluster": target}))
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = {f"GIT_{role}_{what}": "dev@example.org"
               for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env={**os.environ, **who},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                              check=False)
        said = done.stdout.decode()
        assert done.returncode == 0, said
        return said

    def push(self, body: Any, *options: str, settings: str = SETTINGS) -> str:
        (self.folder / "training.yaml").write_text(json.dumps(body))
        (self.folder / "telltale.yaml").write_text(settings)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        token = (self.data / "token").read_text().strip()
        host = self.watcher.url.partition("://")[2]
        named = [part for option in options for part in ("-o", option)]
        return self.git("push", *named, f"http://me:{token}@{host}/git/demo.git", "main")

    def record(self) -> pathlib.Path:
        found = self.data.glob("deliveries/*/record.json")
        return max(found, key=lambda file: int(json.loads(file.read_text())["pushed_at_us"]))


@pytest.fixture
def pushing(watcher: Watcher, tmp_path: pathlib.Path) -> Pushing:
    return Pushing(watcher, tmp_path / "project")


def made(cluster: Cluster) -> List[Dict[str, Any]]:
    """What deliveries have made."""
    path = WORKFLOWS.format(NAMESPACE)
    return cluster.api().get(f"{path}?labelSelector=telltale.delivery")["items"]


def test_a_push_is_a_workflow_that_a_real_controller_runs(pushing: Pushing) -> None:
    watcher, cluster = pushing.watcher, pushing.watcher.cluster
    said = pushing.push(TRAINING, "wait", "run.rate=0.1")
    assert "training.yaml → training" in said
    assert "The run has succeeded." in said
    revision = pushing.git("rev-parse", "HEAD").strip()
    record = json.loads(pushing.record().read_text())
    workflow, = made(cluster)
    name, labels = workflow["metadata"]["name"], workflow["metadata"]["labels"]
    assert name.startswith(f"training-{revision[:7]}-")
    assert (labels["telltale.delivery"], labels["team"]) == (record["key"], "a")
    assert workflow["metadata"]["annotations"]["telltale.revision"] == revision
    assert workflow["spec"]["arguments"]["parameters"] == [
        {"name": "epochs", "value": "2"}, {"name": "rate", "value": "0.1"}]
    # The same Telltale watches the cluster: there the run is seen.
    assert watcher.until(lambda: watcher.run(name)["state"] == "SUCCEEDED", "the run's end")
    # As if it had been killed right after the Workflow was made.
    watcher.stop()
    record["finished"].pop("run")
    pushing.record().write_text(json.dumps({**record, "state": ""}))
    watcher.start()
    watcher.until(lambda: json.loads(pushing.record().read_text())["state"] == "SUCCEEDED",
                  "the delivery's end")
    assert len(made(cluster)) == 1
    watcher.delete(name)


def test_what_the_cluster_refuses_is_told_and_nothing_is_made(pushing: Pushing) -> None:
    bad = {**TRAINING, "metadata": {"generateName": "x-", "labels": {"team": "no label!"}}}
    said = pushing.push(bad)
    assert "▶ deploy … ✗" in said
    assert "refuses it: 4" in said
    elsewhere = {**TRAINING, "metadata": {"name": "x", "namespace": "team-b"}}
    assert "names the namespace team-b" in pushing.push(elsewhere)
    assert not made(pushing.watcher.cluster)


def test_what_is_no_workflow_is_told(pushing: Pushing) -> None:
    for settings, told in (
            ("target: cluster\n", "takes a Workflow of Argo"),
            ("workflow: training.yaml\n", "a workflow is for a target argo"),
            ("target: cluster\nworkflow: nothing.yaml\n", "there is no file nothing.yaml"),
            ("target: cluster\nworkflow: telltale.yaml\n", "is no Workflow of argoproj.io"),
            (SETTINGS.replace("epochs", "a"), "no parameter a")):
        said = pushing.push(TRAINING, settings=settings)
        assert told in said
        assert "▶ package … ✗" in said
    assert not made(pushing.watcher.cluster)
