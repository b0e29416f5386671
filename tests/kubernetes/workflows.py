"""Workflows for a real Argo controller, each with what Argo can do to a node. Pods are played by
kubelet.py and steered by annotations of a template."""
from typing import Any, Dict, List, Optional

Object = Dict[str, Any]
WAITS = "telltale.test/waits"
ENDS = "telltale.test/ends"


def workflow(name: str, templates: List[Object], **spec: Any) -> Object:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name},
            "spec": {"entrypoint": "main", "templates": templates, **spec}}


def pod(name: str, script: str, annotations: Optional[Dict[str, str]] = None,
        **rest: Any) -> Object:
    return {"name": name, "metadata": {"annotations": annotations or {}},
            "container": {"image": "debian", "command": ["sh", "-c", script]}, **rest}


def task(name: str, template: str, *after: str, **rest: Any) -> Object:
    found = {"name": name, "template": template, **rest}
    return {**found, "dependencies": list(after)} if after else found


def dag(*tasks: Object, name: str = "main", **rest: Any) -> Object:
    return {"name": name, "dag": {"tasks": list(tasks), **rest}}


def with_item(script: str) -> Object:
    return {**pod("item", script), "inputs": {"parameters": [{"name": "item"}]}}


QUICK = pod("quick", "true")
FAILS = pod("fails", "exit 3")
ITEM = {"parameters": [{"name": "item", "value": "{{item}}"}]}

ENDING = [  # all that end without a hand of a test
    workflow("diamond", [dag(task("a", "quick"), task("b", "quick", "a"), task("c", "quick", "a"),
                             task("d", "quick", "b", "c")), QUICK]),
    workflow("again", [dag(task("flaky", "flaky"), task("after", "quick", "flaky")), QUICK,
                       pod("flaky", "test {{retries}} -ge 1",
                           retryStrategy={"limit": "2", "retryPolicy": "Always"})]),
    workflow("given-up", [dag(task("never", "never")),
                          pod("never", "exit 1",
                              retryStrategy={"limit": "1", "retryPolicy": "Always"})]),
    workflow("loops", [
        dag(task("each", "item", withItems=["x", "y", "z"], arguments=ITEM),
            task("list", "list"),
            task("told", "item", "list", arguments=ITEM,
                 withParam="{{tasks.list.outputs.result}}"),
            task("none", "item", withParam="[]", arguments=ITEM)),
        with_item("echo {{inputs.parameters.item}}"), pod("list", "echo '[1, 2]'")]),
    workflow("failing", [dag(task("bad", "fails"), task("after", "quick", "bad"),
                             task("beside", "quick")), QUICK, FAILS]),
    workflow("hungry", [dag(task("train", "train"), task("report", "quick", "train")), QUICK,
                        pod("train", "true", {ENDS: "OOMKilled"})]),
    workflow("leaving", [dag(task("bad", "fails")), FAILS,
                         dag(task("tidy", "quick"), name="leave"), QUICK], onExit="leave"),
    workflow("hooked", [dag(task("a", "quick", hooks={"exit": {"template": "quick"}})), QUICK]),
    workflow("steps", [
        {"name": "main", "steps": [[{"name": "coin", "template": "coin"}],
                                   [{"name": side, "template": "quick",
                                     "when": "{{steps.coin.outputs.result}} == " + side}
                                    for side in ("heads", "tails")]]},
        pod("coin", "echo heads"), QUICK]),
    workflow("nested", [dag(task("inner", "inner"), task("last", "quick", "inner")),
                        dag(task("a", "quick"), task("b", "fails", "a"), name="inner",
                            failFast=False), QUICK, FAILS]),
    workflow("tolerant", [dag(task("bad", "fails", continueOn={"failed": True}),
                              task("after", "quick", "bad")), QUICK, FAILS]),
    workflow("pausing", [dag(task("pause", "pause"), task("after", "quick", "pause")), QUICK,
                         {"name": "pause", "suspend": {"duration": "2s"}}]),
    workflow("script", [dag(task("s", "s")),
                        {"name": "s", "script": {"image": "debian", "command": ["sh"],
                                                 "source": "echo $((6 * 7))"}}]),
]
