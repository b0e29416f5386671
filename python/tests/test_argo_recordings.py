"""Recorded runs of Argo Workflows and Kubeflow Pipelines, imported into the real server: what it
shows is what the cluster said, node by node and change by change."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from real_server import BINARY, Server, needs_server

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "tests" / "fixtures" / "argo"
sys.path.insert(0, str(ROOT / "tools"))

import check_recordings  # noqa: E402

pytestmark = needs_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("data"))
    yield server
    server.kill()


def recording(name: str) -> Path:
    return RECORDINGS / f"{name}.jsonl.gz"


def view_of(server: Server, path: Path, *arguments: str) -> Dict[str, Any]:
    """The view of the run in a recording, once it has all of it; with its tasks by path."""
    done = subprocess.run(
        [BINARY, "import", "argo-watch", "--to", server.url, *arguments, str(path)],
        stdout=subprocess.PIPE,
        check=True,
    )
    (key,) = done.stdout.decode().split()
    last = [json.loads(line) for line in check_recordings.text_of(path).splitlines()][-1]
    nodes = check_recordings.nodes_of(last["object"].get("status", {}))
    view = check_recordings.Server(server.url).settled(key, nodes)
    view["by_path"] = {task["path"]: task for task in view.get("tasks", [])}
    view["key"] = key
    return view


def imported(server: Server, name: str) -> Dict[str, Any]:
    return view_of(server, recording(name))


def test_every_recording_is_shown_as_the_cluster_told_it(server: Server) -> None:
    paths = sorted(p for p in RECORDINGS.glob("*.jsonl.gz") if ".pods." not in p.name)
    nodes, wrong = check_recordings.check(BINARY, server.url, paths)
    print(f"{len(paths)} recordings, {nodes} nodes, {len(wrong)} unmatched")
    assert wrong == []
    assert len(paths) >= 20


def states(view: Dict[str, Any]) -> Dict[str, str]:
    return {path: task["state"] for path, task in view["by_path"].items()}


def test_a_plain_dag_is_its_tasks(server: Server) -> None:
    view = imported(server, "real-dag-diamond")
    assert states(view) == dict.fromkeys("ABCD", "SUCCEEDED")
    ids = {task["id"]: path for path, task in view["by_path"].items()}
    depends = {p: {ids[i] for i in t.get("depends_on", [])} for p, t in view["by_path"].items()}
    assert depends == {"A": set(), "B": {"A"}, "C": {"A"}, "D": {"B", "C"}}
    assert view["run"]["source"] == "argo"
    assert view["run"]["cluster_object"]["namespace"] == "argo"


def test_kfp_machinery_is_folded_away(server: Server) -> None:
    view = imported(server, "hello_world")
    assert states(view) == {"echo": "SUCCEEDED"}
    assert view["run"]["name"] == "hello_world run 2026-11-24"
    assert view["run"]["source"] == "kfp"
    assert sorted(node["role"] for node in view["nodes"]) == [
        "driver", "executor", "root", "run", "run_driver", "task",
    ]


def test_a_drivers_failure_is_the_reason_of_its_task(server: Server) -> None:
    view = imported(server, "d_x_driver_fail")
    task = view["by_path"]["read-from-gcs"]
    assert task["state"] == "FAILED"
    assert task["message"] == "Its driver failed: Error (exit code 1)"
    assert view["run"]["failure"] == task["message"]


def test_conditions_loops_and_iterations(server: Server) -> None:
    view = imported(server, "d_if_elif_else_complex")
    skipped = [t for t in view["by_path"].values() if t["state"] == "SKIPPED"]
    assert any(t.get("message", "").startswith("Its condition is not met") for t in skipped)
    loops = [p for p, t in view["by_path"].items() if t.get("kind") == "LOOP"]
    assert "for-loop-1" in loops
    iteration = view["by_path"]["for-loop-1/1"]
    assert iteration["kind"] == "ITERATION" and iteration["index"] == 1
    assert "for-loop-1/1/condition-branches-4/condition-9/is-even-or-odd-2" in view["by_path"]


def test_cached_stopped_deleted_and_retried(server: Server) -> None:
    assert states(imported(server, "d_pipeline_with_caching"))["add-one"] == "CACHED"
    stopped = imported(server, "x_terminated")
    assert stopped["run"]["state"] == "CANCELLED"
    assert states(stopped)["wait-op"] == "CANCELLED"
    deleted = imported(server, "x_deleted")
    assert deleted["run"]["cluster_object"]["deleted"] is True
    assert not {"RUNNING", "PENDING", "QUEUED"} & set(states(deleted).values())
    retried = imported(server, "kfp-x_retry_run")
    assert retried["run"]["state"] == "SUCCEEDED"
    assert set(states(retried).values()) == {"SUCCEEDED"}
    exhausted = imported(server, "retry-backoff")
    (task,) = exhausted["by_path"].values()
    assert (task["state"], task["attempt"]) == ("FAILED", 3)


def test_an_exit_task_stands_beside_what_it_follows(server: Server) -> None:
    view = imported(server, "d_pipeline_with_exit_handler")
    assert view["by_path"]["print-op"]["state"] == "SUCCEEDED"
    assert view["by_path"]["exit-handler-1"]["state"] == "FAILED"
    assert view["by_path"]["exit-handler-1/fail-op"]["state"] == "FAILED"
    assert view["by_path"]["print-op"]["depends_on"] == [view["by_path"]["exit-handler-1"]["id"]]


def test_tasks_to_come_are_there_before_any_node(server: Server, tmp_path: Path) -> None:
    # Another cluster's: the same workflow is another run there.
    whole = check_recordings.text_of(recording("d_pipeline_in_pipeline_complex")).splitlines()
    begun = tmp_path / "begun.jsonl"
    begun.write_text(whole[0] + "\n")
    view = view_of(server, begun, "--cluster", "begun")
    assert view["by_path"]["print-op1"]["state"] == "PENDING"
    assert view["by_path"]["for-loop-2"]["kind"] == "LOOP"
    assert "nodes" not in view


def test_torn_lines_are_counted_and_are_no_event(server: Server, tmp_path: Path) -> None:
    whole = check_recordings.text_of(recording("real-dag-diamond")).splitlines()
    torn = tmp_path / "torn.jsonl"
    torn.write_text("\n".join([whole[0], whole[5][: len(whole[5]) // 2], "{", *whole[6:]]) + "\n")
    command = [BINARY, "import", "argo-watch", "--to", server.url, "--cluster", "torn", str(torn)]
    done = subprocess.run(command, capture_output=True, check=True)
    assert b": 2 of " in done.stderr
    last = json.loads(whole[-1])["object"]["status"]["nodes"]
    view = check_recordings.Server(server.url).settled(done.stdout.decode().strip(), last)
    assert view["run"]["state"] == "SUCCEEDED"
    phases = {node["source_id"]: node["source_phase"] for node in view["nodes"]}
    assert phases == {node_id: node["phase"] for node_id, node in last.items()}


def test_a_recording_told_twice_changes_nothing(server: Server) -> None:
    first = imported(server, "retried")
    again = imported(server, "retried")
    assert first["key"] == again["key"]
    for view in (first, again):
        for node in view["nodes"]:
            node.pop("position")
    assert first["nodes"] == again["nodes"]
    assert states(first) == states(again)
