"""Workflows of a real Argo controller on a real API server, as Telltale shows them."""
import signal
from typing import Any, List

import check_recordings
from cluster import NAMESPACE, START_SECONDS
from kubelet import GO
from recorder import Recorder
from watcher import Watcher
from workflows import ENDING, ENDS, QUICK, WAITS, dag, pod, task, workflow


def matched(watcher: Watcher, recorder: Recorder, names: List[str]) -> None:
    """Node by node as Argo has it, and every change of a phase in its order."""
    count, wrong = 0, []
    for name in names:
        file = recorder.file(watcher.ended(name), START_SECONDS)
        key = watcher.runs()[name]["run_key"]
        nodes, differs = check_recordings.differences(
            file, check_recordings.Server(watcher.url), key)
        count += nodes
        wrong += [f"{name}: {text}" for text in differs]
    print(f"{watcher.cluster.argo}: {len(names)} recordings, {count} nodes, {len(wrong)} unmatched")
    assert not wrong, wrong


def release(watcher: Watcher, name: str, node: str) -> None:
    """Lets the pod of a node go on."""
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    node_name = "workflows.argoproj.io/node-name"

    def found() -> Any:
        pods = watcher.cluster.api().get(
            f"{path}?labelSelector=workflows.argoproj.io/workflow={name}")["items"]
        return next(p for p in pods if p["metadata"]["annotations"][node_name] == node)
    there = watcher.until(found, f"a pod of {node}")
    watcher.cluster.api().patch(f"{path}/{there['metadata']['name']}",
                                {"metadata": {"annotations": {GO: "1"}}})


def waits(watcher: Watcher, name: str, path: str, words: str) -> Any:
    """The task once it says why it waits."""
    return watcher.until(
        lambda: words in (found := watcher.task(name, path)).get("message", "") and found,
        f"{path} waits for {words}")


def states(watcher: Watcher, name: str) -> Any:
    return {task["path"]: task["state"] for task in watcher.run(name)["tasks"]}


def test_every_node_and_phase_is_as_argo_has_it(watcher: Watcher, recorder: Recorder) -> None:
    for body in ENDING:
        watcher.submit(body)
    matched(watcher, recorder, [body["metadata"]["name"] for body in ENDING])
    flaky = watcher.task("again", "flaky")
    assert (flaky["state"], flaky["attempt"]) == ("SUCCEEDED", 2)
    assert not [c for c in watcher.run("again")["counts"] if c["state"] == "FAILED"]
    assert watcher.run("given-up")["state"] == "FAILED"
    assert states(watcher, "failing") == {"bad": "FAILED", "after": "SKIPPED",
                                          "beside": "SUCCEEDED"}
    assert "OOMKilled" in watcher.task("hungry", "train")["message"]
    assert watcher.run("tolerant")["state"] == "SUCCEEDED"


def test_what_is_to_come_and_why_the_first_one_waits(watcher: Watcher, recorder: Recorder) -> None:
    watcher.submit(workflow("waiting", [
        dag(task("a", "held"), task("b", "unpulled"), task("c", "quick", "a", "b")), QUICK,
        pod("held", "true", {WAITS: "Unschedulable: 0/3 nodes are available"}),
        pod("unpulled", "true", {WAITS: "ImagePullBackOff: Back-off pulling image nowhere"})]))
    waits(watcher, "waiting", "a", "0/3 nodes")
    waits(watcher, "waiting", "b", "nowhere")
    assert states(watcher, "waiting")["c"] == "PENDING"
    release(watcher, "waiting", "waiting.a")
    watcher.until(lambda: states(watcher, "waiting")["a"] == "SUCCEEDED", "the end of a")
    release(watcher, "waiting", "waiting.b")
    matched(watcher, recorder, ["waiting"])
    assert set(states(watcher, "waiting").values()) == {"SUCCEEDED"}


def test_a_run_that_is_stopped_leaves_by_its_exit_handler(watcher: Watcher,
                                                          recorder: Recorder) -> None:
    watcher.submit(workflow("stopped", [
        dag(task("long", "long"), task("after", "quick", "long")), QUICK,
        pod("long", "exec sleep 3600")], onExit="quick"))
    watcher.until(lambda: watcher.task("stopped", "long")["state"] == "RUNNING", "its task")
    watcher.change("stopped", {"spec": {"shutdown": "Stop"}})
    matched(watcher, recorder, ["stopped"])
    assert watcher.task("stopped", "after")["state"] in ("SKIPPED", "CANCELED")


def test_a_collector_that_is_killed_goes_on_where_it_was(watcher: Watcher,
                                                         recorder: Recorder) -> None:
    watcher.submit(workflow("killed", [
        dag(task("a", "held"), task("b", "quick", "a")), QUICK,
        pod("held", "true", {WAITS: "ImagePullBackOff: no such image"})]))
    waits(watcher, "killed", "a", "no such image")
    watcher.stop(signal.SIGKILL)
    release(watcher, "killed", "killed.a")
    watcher.ended("killed")  # while nobody watches
    watcher.start()
    watcher.until(lambda: watcher.run("killed")["state"] == "SUCCEEDED", "its end")
    matched(watcher, recorder, ["killed"])


def test_a_run_that_is_deleted_stays_and_its_name_again_is_another(watcher: Watcher,
                                                                   recorder: Recorder) -> None:
    body = workflow("twice", [dag(task("a", "quick")), QUICK])
    watcher.submit(body)
    matched(watcher, recorder, ["twice"])
    first = watcher.runs()["twice"]["run_key"]
    watcher.delete("twice")
    watcher.until(lambda: watcher.run("twice")["cluster_object"].get("deleted"), "its deletion")
    watcher.submit(body)
    watcher.until(lambda: [run["name"] for run in watcher.get("/api/v1/runs?limit=200")["runs"]
                           ].count("twice") == 2, "two runs of one name")
    view = watcher.get(f"/api/v1/runs/{first}")
    assert view["run"]["cluster_object"]["deleted"] is True
    assert [task["state"] for task in view["tasks"]] == ["SUCCEEDED"]
    watcher.ended("twice")
    watcher.delete("twice")


def test_an_api_server_that_is_killed_and_comes_back(watcher: Watcher) -> None:
    watcher.submit(workflow("across", [
        dag(task("a", "held")), pod("held", "true", {WAITS: "Unschedulable: later"})]))
    waits(watcher, "across", "a", "later")
    watcher.cluster.end("kube-apiserver", signal.SIGKILL)
    watcher.until(lambda: "kubernetes" in watcher.text("/readyz"), "that the cluster is away")
    watcher.cluster.start_server()
    release(watcher, "across", "across.a")
    watcher.settled("across", watcher.ended("across")["status"]["nodes"])
    watcher.until(lambda: "kubernetes" not in watcher.text("/readyz"), "that it is back")


def test_a_history_that_is_compacted_meanwhile(watcher: Watcher) -> None:
    """What is there is listed again; what is told twice changes nothing."""
    watcher.submit(workflow("stays", [dag(task("a", "quick")), QUICK]))
    watcher.settled("stays", watcher.ended("stays")["status"]["nodes"])
    watcher.until(lambda: watcher.run("stays")["state"] == "SUCCEEDED", "its end")
    before = watcher.run("stays")
    watcher.stop()
    watcher.submit(workflow("comes", [dag(task("a", "quick"), task("b", "oom", "a")), QUICK,
                                      pod("oom", "true", {ENDS: "OOMKilled"})]))
    watcher.ended("comes")
    watcher.cluster.compact()
    watcher.start()
    watcher.settled("comes", watcher.workflow("comes")["status"]["nodes"])
    after = watcher.run("stays")
    assert (after["state"], after["tasks"]) == (before["state"], [
        {**task, "position": now["position"]}
        for task, now in zip(before["tasks"], after["tasks"])])
    assert not after["cluster_object"].get("deleted")
