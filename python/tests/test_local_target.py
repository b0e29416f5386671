"""Whole runs: real kfp, real processes, against a sink that stands for the server."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from conftest import RUN_KEY
from sink import Sink

HEADER = "from typing import *\nfrom kfp import dsl\nC = dsl.component(base_image='python:3.11')\n"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "breast_cancer" / "pipeline.py"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(sink: Sink, environment: Dict[str, str], python: str, tmp_path: Path) -> Any:
    """Starts a run of a pipeline's source; what is still running at the end is ended."""
    started: List[subprocess.Popen[str]] = []

    def start(source: Any, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        file = source
        if not isinstance(source, Path):
            file = tmp_path / "pipeline.py"
            file.write_text(HEADER + source)
        command = [python, "-m", "local_target", "run", str(file), "--run-key", RUN_KEY, *arguments]
        process = subprocess.Popen(
            command,
            env={**environment, **env},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: "subprocess.Popen[str]", code: int = 0) -> str:
    out, err = process.communicate(timeout=600)
    assert process.returncode == code, out + err
    return err


def last_run_state(sink: Sink) -> Dict[str, Any]:
    state: Dict[str, Any] = sink.of_kind("run_state")[-1]["run_state"]
    return state


LINEAR = """
@C
def first(x: int) -> str:
    print("x is", x)
    return "y" * x
@C
def second(text: str, m: dsl.Output[dsl.Metrics]) -> NamedTuple("O", [("n", int), ("half", float)]):
    m.log_metric("length", len(text))
    m.metadata["note"] = "한글"
    return (len(text), len(text) / 2)
@dsl.pipeline(name="two steps")
def p(x: int = 3, words: List[str] = ["a"]):
    second(text=first(x=x).output).set_display_name("the second")
"""


def test_tasks_are_known_first_and_inputs_outputs_and_artifacts_are_told(
    sink: Sink, start: Start, tmp_path: Path
) -> None:
    finish(start(LINEAR, "--param", "x=4"))
    graph = sink.graph()
    assert [(p, t["kind"], t.get("depends_on")) for p, t in graph.items()] == [
        ("first", "TASK", []),
        ("second", "TASK", ["first"]),
    ]
    assert graph["second"]["name"] == "the second"
    kinds = [
        next(k for k in ("graph", "task_state") if k in e)
        for e in sink.events
        if "graph" in e or "task_state" in e
    ]
    assert kinds[0] == "graph"
    assert sink.states("first") == ["RUNNING", "SUCCEEDED"]
    states = [e["task_state"] for e in sink.of_kind("task_state")]
    inputs = {s["path"]: s["inputs"] for s in states if "inputs" in s}
    outputs = {s["path"]: s["outputs"] for s in states if "outputs" in s}
    assert inputs == {"first": {"x": "4"}, "second": {"text": '"yyyy"'}}
    assert outputs == {"first": {"Output": '"yyyy"'}, "second": {"n": "4", "half": "2.0"}}
    assert all(s["started_at_us"] <= s["finished_at_us"] for s in states if "finished_at_us" in s)
    (artifact,) = [e["artifact"] for e in sink.of_kind("artifact")]
    assert (artifact["path"], artifact["name"], artifact["input"]) == ("second", "m", False)
    assert artifact["type"] == "system.Metrics"
    assert json.loads(artifact["metadata"]) == {"length": 4, "note": "한글"}
    assert b"x is 4\n" in sink.log("first")
    assert sink.run_states() == ["PENDING", "RUNNING", "SUCCEEDED"]
    run = next(e["run_state"] for e in sink.of_kind("run_state") if "launch" in e["run_state"])
    assert run["parameters"] == {"x": "4", "words": '["a"]'}
    assert (run["name"], run["pipeline"], run["source"]) == ("two-steps", "two-steps", "local")
    assert run["launch"] == {
        "pipeline_file": str(tmp_path / "pipeline.py"),
        "working_directory": str(tmp_path),
    }
    assert sink.of_kind("heartbeat")


CONTROL = """
@C
def items() -> List[str]:
    return ["a", "b/c"]
@C
def one(x: str) -> str:
    print("item", x)
    return x
@C
def total(xs: List[str]) -> int:
    return len(xs)
@C
def last(status: dsl.PipelineTaskFinalStatus):
    print("state", status.state)
@dsl.pipeline
def inner(x: str = "deep"):
    one(x=x)
@dsl.pipeline
def outer(flag: bool = True):
    with dsl.ExitHandler(last()):
        found = items()
        with dsl.ParallelFor(found.output) as x:
            o = one(x=x)
            with dsl.If(o.output == "a"):
                one(x="only a")
        total(xs=dsl.Collected(o.output))
        with dsl.ParallelFor([1, 2, 3], parallelism=2) as y:
            one(x="static")
        with dsl.If(flag == True):
            inner()
        with dsl.Else():
            inner(x="never")
"""


def test_loops_conditions_exit_handlers_and_sub_pipelines(sink: Sink, start: Start) -> None:
    finish(start(CONTROL, "--pipeline", "outer"))
    first = sink.of_kind("graph")[0]["graph"]["tasks"]
    kinds = {task["path"]: task["kind"] for task in first}
    assert kinds["exit-handler-1"] == "GROUP"
    assert kinds["exit-handler-1/for-loop-2"] == "LOOP"
    static = next(p for p in kinds if p.endswith("/0"))[:-2]
    assert kinds[static] == "LOOP"
    assert [kinds[f"{static}/{i}"] for i in range(3)] == ["ITERATION"] * 3
    assert sum(p.startswith(static + "/") and k == "TASK" for p, k in kinds.items()) == 3
    assert "exit-handler-1/for-loop-2/0" not in kinds
    graph = sink.graph()
    assert graph["exit-handler-1/for-loop-2/1"]["item"] == "b/c"
    assert graph["exit-handler-1/for-loop-2/1"]["index"] == 1
    assert graph["exit-handler-1/for-loop-2/0/one"]["parent"] == "exit-handler-1/for-loop-2/0"
    assert graph["last"]["depends_on"] == ["exit-handler-1"]
    states = sink.final_states()
    assert set(states) == set(graph)
    skipped = {path for path, state in states.items() if state == "SKIPPED"}
    assert set(states.values()) == {"SUCCEEDED", "SKIPPED"}
    inside = "exit-handler-1/for-loop-2/1/"
    assert {p for p in skipped if p.startswith(inside) and graph[p]["kind"] == "GROUP"}
    other = [p for p in skipped if not p.startswith(inside)]
    assert sorted(graph[p]["kind"] for p in other) == ["GROUP", "GROUP", "TASK"]
    for path in skipped:
        assert sink.message(path).startswith("Its condition is false: ")
        assert sink.states(path) == ["SKIPPED"]
    assert b"state SUCCEEDED" in sink.log("last")
    assert last_run_state(sink)["state"] == "SUCCEEDED"


FAILING = """
@C
def fine() -> int:
    return 1
@C
def bad(x: int) -> int:
    print("before")
    raise ValueError("lr must be positive")
@C
def after(x: int):
    pass
@C
def last(status: dsl.PipelineTaskFinalStatus):
    print("state", status.state)
@dsl.pipeline
def p():
    with dsl.ExitHandler(last()):
        b = bad(x=1)
        after(x=b.output)
        fine()
"""


def test_a_failure_has_its_cause_and_what_follows_is_skipped(sink: Sink, start: Start) -> None:
    finish(start(FAILING), code=1)
    states = sink.final_states()
    assert states == {
        "exit-handler-1": "FAILED",
        "exit-handler-1/bad": "FAILED",
        "exit-handler-1/after": "SKIPPED",
        "exit-handler-1/fine": "SUCCEEDED",
        "last": "SUCCEEDED",
    }
    cause = "ValueError: lr must be positive (exit code 1)"
    assert sink.message("exit-handler-1/bad") == cause
    assert sink.message("exit-handler-1/after") == "bad failed"
    assert last_run_state(sink)["message"] == f"bad failed: {cause}"
    assert sink.run_states()[-1] == "FAILED"
    assert b"state FAILED" in sink.log("last")


def test_a_pipeline_without_groups_stops_at_the_failure(sink: Sink, start: Start) -> None:
    source = FAILING.split("@dsl.pipeline", maxsplit=1)[0]
    source += "@dsl.pipeline\ndef p():\n    after(x=bad(x=1).output)\n"
    finish(start(source), code=1)
    assert sink.final_states() == {"bad": "FAILED", "after": "SKIPPED"}
    assert sink.message("after").startswith("bad failed: ValueError")


def test_a_failed_iteration_fails_its_loop_and_the_others_go_on(sink: Sink, start: Start) -> None:
    source = """
@C
def work(x: int) -> int:
    assert x != 2, f"no {x}"
    return x
@C
def after(xs: List[int]):
    pass
@dsl.pipeline
def p():
    with dsl.ParallelFor([1, 2, 3, 4]) as x:
        w = work(x=x)
    after(xs=dsl.Collected(w.output))
"""
    finish(start(source), code=1)
    states = sink.final_states()
    (loop,) = [path for path, task in sink.graph().items() if task["kind"] == "LOOP"]
    tasks = [states[f"{loop}/{i}/work"] for i in range(4)]
    assert tasks == ["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert [states[f"{loop}/{i}"] for i in range(4)] == tasks
    assert (states[loop], states["after"]) == ("FAILED", "SKIPPED")
    assert sink.message(f"{loop}/1/work") == "AssertionError: no 2 (exit code 1)"
    assert sink.message("after") == "work failed"


def test_a_retry_is_a_new_attempt_with_its_own_log(
    sink: Sink, start: Start, tmp_path: Path
) -> None:
    source = f"""
@C
def flaky() -> str:
    import os, sys
    marker = {str(tmp_path / "marker")!r}
    if not os.path.exists(marker):
        open(marker, "w").close()
        print("first time")
        sys.exit("not yet")
    print("second time")
    return "ok"
@dsl.pipeline
def p():
    flaky().set_retry(2, backoff_duration="0s")
"""
    finish(start(source))
    assert sink.states("flaky") == ["RUNNING", "RETRYING", "RUNNING", "SUCCEEDED"]
    states = [e["task_state"] for e in sink.of_kind("task_state")]
    assert [s.get("attempt") for s in states[:3]] == [1, 1, 2]
    assert states[0]["attempts_max"] == 3
    assert states[1]["message"] == "not yet (exit code 1)"
    assert b"first time" in sink.log("flaky", 1) and b"second time" in sink.log("flaky", 2)


def test_output_is_bytes_in_order_with_metrics_and_progress(sink: Sink, start: Start) -> None:
    source = """
@C
def talk():
    import os, sys
    for i in range(3):
        os.write(1, b"out %d\\r" % i)
        os.write(2, b"err %d\\n" % i)
    os.write(1, b"\\xff\\xfe broken\\n" + b"x" * 700_000 + b"\\n")
    os.write(2, "\\r 50%|█ | 5/10 [00:01<00:01, 5.0it/s]\\n".encode())
    print("plain=0.25")
    import telltale
    print("both=1"); telltale.log_metric("both", 1, step=1)
    telltale.log_metric("sdk", 2.5, step=9)
@dsl.pipeline
def p():
    talk()
"""
    finish(start(source))
    log = sink.log("talk")
    assert b"out 0\rerr 0\nout 1\rerr 1\nout 2\rerr 2\n\xff\xfe broken\n" + b"x" * 700_000 in log
    assert max(len(e["log_bytes"]["data"]) for e in sink.of_kind("log_bytes")) <= 256 * 1024
    assert [e["progress"]["done"] for e in sink.of_kind("progress")] == [5]
    assert sink.points("talk", "plain") == [(None, 0.25)]
    assert sink.points("talk", "both") == [(1, 1.0)]
    assert sink.points("talk", "sdk") == [(9, 2.5)]


def test_a_task_ended_by_a_signal_says_so(sink: Sink, start: Start) -> None:
    source = """
@C
def dies():
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
@dsl.pipeline
def p():
    dies()
"""
    finish(start(source), code=1)
    assert sink.message("dies") == "Ended by SIGKILL; the machine may have run out of memory"


def test_a_container_component_fails_with_a_sentence(sink: Sink, start: Start) -> None:
    source = """
@dsl.container_component
def box():
    return dsl.ContainerSpec(image="alpine", command=["echo"], args=["hello"])
@dsl.pipeline
def p():
    box()
"""
    finish(start(source), code=1)
    assert "only supports running Lightweight Python Components" in sink.message("box")


def test_packages_that_are_there_are_not_installed_again(sink: Sink, start: Start) -> None:
    source = """
@dsl.component(base_image="python:3.11", packages_to_install=["numpy", "kfp>=2"])
def uses() -> str:
    import numpy
    return numpy.__name__
@dsl.pipeline
def p():
    uses()
"""
    finish(start(source))
    assert b"Installing" not in sink.log("uses")


SLEEPING = """
@C
def sleep():
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    print(f"child={child.pid}", flush=True)
    time.sleep(1000)
@C
def after():
    pass
@C
def last(status: dsl.PipelineTaskFinalStatus):
    pass
@dsl.pipeline
def p():
    with dsl.ExitHandler(last()):
        after().after(sleep())
"""


def child_of(sink: Sink, path: str) -> int:
    sink.wait_for(lambda: bool(sink.points(path, "child")))
    return int(sink.points(path, "child")[0][1])


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def await_end(pid: int) -> None:
    while is_alive(pid):
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["server", "SIGTERM", "SIGINT"])
def test_cancel_ends_the_processes_and_the_run(sink: Sink, start: Start, how: str) -> None:
    process = start(SLEEPING)
    child = child_of(sink, "exit-handler-1/sleep")
    assert is_alive(child)
    if how == "server":
        sink.cancelled[RUN_KEY] = 1
    else:
        process.send_signal(getattr(signal, how))
    finish(process, code=1)
    await_end(child)
    assert set(sink.final_states().values()) == {"CANCELLED"}
    assert set(sink.final_states()) == set(sink.graph())
    assert last_run_state(sink)["state"] == "CANCELLED"


@pytest.mark.parametrize("twice", [False, True])
def test_a_task_that_ignores_sigterm_is_killed(sink: Sink, start: Start, twice: bool) -> None:
    source = """
@C
def stubborn():
    import os, signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(f"child={os.getpid()}", flush=True)
    time.sleep(1000)
@dsl.pipeline
def p():
    stubborn()
"""
    process = start(source)
    child = child_of(sink, "stubborn")
    process.send_signal(signal.SIGTERM)
    if twice:
        process.send_signal(signal.SIGINT)
    finish(process, code=1)
    await_end(child)
    assert sink.final_states() == {"stubborn": "CANCELLED"}


def test_the_run_goes_on_while_the_server_is_away_and_nothing_is_missing(
    sink: Sink, start: Start, tmp_path: Path
) -> None:
    source = f"""
@C
def train():
    import os, time, telltale
    for step in range(200):
        print(f"line {{step}}", flush=True)
        telltale.log_metric("loss", step, step=step)
        if step == 50:
            while not os.path.exists({str(tmp_path / "server is away")!r}):
                time.sleep(0.01)
@C
def then():
    print("plain=1")
@dsl.pipeline
def p():
    then().after(train())
"""
    process = start(source)
    sink.wait_for(lambda: b"line 50\n" in sink.log("train"))
    sink.stop()
    (tmp_path / "server is away").touch()
    spool = tmp_path / "spool"
    while not any(b"then" in f.read_bytes() for f in spool.glob("*/*.ndjson")):
        assert process.poll() is None
        time.sleep(0.02)
    sink.start()
    finish(process)
    sink.wait_for(lambda: len(sink.points("train", "loss")) == 200)
    assert sorted(sink.points("train", "loss")) == [(i, float(i)) for i in range(200)]
    lines = sink.log("train").split(b"\n")
    assert [i for i in range(200) if f"line {i}".encode() not in lines] == []
    assert sink.points("then", "plain") == [(None, 1.0)]
    assert set(sink.final_states().values()) == {"SUCCEEDED"}
    assert sink.run_states()[-1] == "SUCCEEDED"


def test_detached_prints_the_key_and_runs_in_its_own_session(
    sink: Sink, start: Start, tmp_path: Path
) -> None:
    release = tmp_path / "go"
    source = f"""
@C
def wait():
    import os, time
    print(f"session={{os.getsid(os.getppid())}}", flush=True)
    while not os.path.exists({str(release)!r}):
        time.sleep(0.01)
@dsl.pipeline
def p():
    wait()
"""
    process = start(source, "--detach")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out.strip(), err) == (0, RUN_KEY, "")
    assert sink.run_states()[-1:] != ["SUCCEEDED"]
    release.touch()
    sink.wait_for(lambda: sink.run_states()[-1:] == ["SUCCEEDED"])
    (_, session) = sink.points("wait", "session")[0]
    assert session != os.getsid(0)


@pytest.mark.parametrize(
    ("source", "arguments", "told"),
    [
        ("x = 1", [], "has no pipeline: decorate a function with @dsl.pipeline."),
        ("import not_there", [], "can't be imported: ModuleNotFoundError: No module named"),
        ("def f(:", [], "can't be imported: SyntaxError"),
        ("import sys; sys.exit(3)", [], "can't be imported: SystemExit: 3"),
        (CONTROL, [], "has 2 pipelines (inner, outer): choose one with --pipeline NAME."),
        (CONTROL, ["--pipeline", "x"], "has no pipeline named x. It has: inner, outer."),
        (LINEAR, ["--param", "y=1"], "The pipeline has no parameter y. It has: words, x."),
        (LINEAR, ["--param", "x=one"], "--param x=one: x is a whole number."),
        (LINEAR, ["--param", "words=a"], "--param words=a: words is a JSON list."),
        (LINEAR, ["--param", "x"], "--param x has no value: write --param NAME=VALUE."),
        (LINEAR.replace("x: int = 3", "x: int"), [], "needs a value for x: add --param x=…."),
    ],
)
@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_what_cant_be_started_says_why_and_ends_with_2(
    sink: Sink, start: Start, source: str, arguments: List[str], told: str, detach: List[str]
) -> None:
    err = finish(start(source, *arguments, *detach), code=2)
    assert told in err
    assert len(err.strip().split("\n")) == 1
    assert last_run_state(sink)["state"] == "FAILED"
    assert told in last_run_state(sink)["message"]


def test_a_file_that_is_not_there(sink: Sink, start: Start, tmp_path: Path) -> None:
    err = finish(start(tmp_path / "none.py"), code=2)
    assert err == f"There is no file {tmp_path / 'none.py'}.\n"


def test_another_version_of_kfp_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from local_target import kfp_adapter

    monkeypatch.setattr(kfp_adapter.kfp, "__version__", "2.18.0")
    with pytest.raises(RuntimeError, match=r"made for kfp 2\.17\.0 and found 2\.18\.0"):
        kfp_adapter.check_version()


def test_the_example(sink: Sink, start: Start) -> None:
    finish(start(EXAMPLE, "--param", "epochs=3"))
    states = sink.final_states()
    assert set(states) == set(sink.graph())
    assert set(states.values()) == {"SUCCEEDED"}
    assert len([path for path in states if path.endswith("/check-fold")]) == 12
    assert b"attempt 1 of 3 failed" in sink.log("fetch-costs")
    for index in range(3):
        path = f"for-loop-3/{index}/train"
        assert [step for step, _ in sink.points(path, "loss")] == [1, 2, 3]
        assert len(sink.points(path, "batch_loss")) == 60
        assert b"\repoch 3/3" in sink.log(path)
    assert len(sink.points("for-loop-2/0/check-fold", "accuracy")) == 1
    made = [e["artifact"] for e in sink.of_kind("artifact") if not e["artifact"]["input"]]
    types = {a["type"] for a in made if a["path"] == "evaluate"}
    assert types == {"system.Metrics", "system.ClassificationMetrics"}
    assert sink.run_states()[-1] == "SUCCEEDED"


SHOWN = """
@C
def writes(go: str, report: dsl.Output[dsl.HTML]):
    import os, time
    with open(report.path, "w") as file:
        file.write("<b>half</b>")
    while not os.path.exists(go):
        time.sleep(0.05)

@dsl.pipeline
def p(go: str):
    writes(go=go)
"""


def test_an_artifact_is_told_while_its_step_still_runs(
    sink: Sink, start: Start, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    process = start(SHOWN, "--param", f"go={go}")
    deadline = time.monotonic() + 300
    while not sink.of_kind("artifact"):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    early = sink.of_kind("artifact")[0]["artifact"]
    assert (early["path"], early["name"], early["type"]) == ("writes", "report", "system.HTML")
    assert Path(early["uri"]).read_text() == "<b>half</b>"
    assert RUN_KEY in Path(early["uri"]).parts
    go.touch()
    finish(process)
    late = sink.of_kind("artifact")[-1]["artifact"]
    assert (late["uri"], late["name"]) == (early["uri"], "report")
