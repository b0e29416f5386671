"""reduce_recording.py FILE... FOLDER: watch streams of Argo Workflows and their pods (NAME.jsonl,
NAME.pods.jsonl, gzip or not), reduced to what a test needs: names, types, templates, phases, times,
ids and messages. Code, images, arguments and all else of the pipelines' own goes. Writes
NAME.jsonl.gz and NAME.pods.jsonl.gz into FOLDER.
"""
import base64
import gzip
import json
import pathlib
import sys
from typing import Any, Callable, Dict, Iterable, Iterator, Optional

Object = Dict[str, Any]

TASK_SPEC = ("taskInfo", "triggerPolicy", "parameterIterator")
NODE = (
    *("id", "name", "displayName", "type", "phase", "message", "boundaryID", "children"),
    *("templateName", "templateRef", "templateScope", "startedAt", "finishedAt", "progress"),
    *("hostNodeName", "nodeFlag", "daemoned", "memoizationStatus"),
)
METADATA = ("name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp")
KEPT_OF_PACKED = 8  # one of so many
POD_REASONS = ("PodScheduled", "DisruptionTarget")


def lines_of(path: pathlib.Path) -> Iterator[str]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        yield from lines


def pick(value: Optional[Object], names: Iterable[str]) -> Object:
    return {name: value[name] for name in names if value and value.get(name) not in (None, "")}


def reduced_task_spec(text: str) -> str:
    try:
        return json.dumps(pick(json.loads(text), TASK_SPEC)) if text else text
    except ValueError:
        return text if text.startswith("{{") else ""


def reduced_parameters(holder: Optional[Object], names: Iterable[str]) -> Object:
    kept = []
    for parameter in (holder or {}).get("parameters") or []:
        if parameter["name"] in names and parameter.get("value") is not None:
            value = parameter["value"]
            if parameter["name"] == "task":
                value = reduced_task_spec(value)
            kept.append({"name": parameter["name"], "value": value})
    return {"parameters": kept} if kept else {}


def reduced_task(task: Object) -> Object:
    kept = pick(task, ("name", "template", "templateRef", "depends", "dependencies", "onExit"))
    for loop in ("withItems", "withParam", "withSequence"):
        if loop in task:
            kept[loop] = []
    exit_hook = (task.get("hooks") or {}).get("exit")
    if exit_hook:
        kept["hooks"] = {"exit": pick(exit_hook, ("template", "templateRef"))}
    if task.get("inline"):
        kept["inline"] = reduced_template(task["inline"])
    arguments = reduced_parameters(
        task.get("arguments"), ("task", "task-name", "runtime-config", "driver-type")
    )
    return {**kept, **({"arguments": arguments} if arguments else {})}


def reduced_template(template: Object) -> Object:
    kept = pick(template, ("name",))
    if template.get("retryStrategy"):
        kept["retryStrategy"] = pick(template["retryStrategy"], ("limit",))
    if "dag" in template:
        kept["dag"] = {"tasks": [reduced_task(t) for t in template["dag"]["tasks"]]}
    elif "steps" in template:
        kept["steps"] = [
            [reduced_task(t) for t in (group if isinstance(group, list) else group["steps"])]
            for group in template["steps"]
        ]
    arguments = (template.get("container") or {}).get("args") or []
    if "--pipeline_name" in arguments:
        at = arguments.index("--pipeline_name")
        kept["container"] = {"args": arguments[at : at + 2]}
    return kept


def reduced_node(node: Object) -> Object:
    kept = pick(node, NODE)
    if "system-" in node.get("templateName", ""):
        for holder, names in (
            ("inputs", ("task", "task-name", "iteration-index")),
            ("outputs", ("condition", "cached-decision", "iteration-count")),
        ):
            parameters = reduced_parameters(node.get(holder), names)
            if parameters:
                kept[holder] = parameters
    return kept


def unpacked(packed: str) -> Object:
    nodes: Object = json.loads(gzip.decompress(base64.b64decode(packed)))
    return nodes


def packed(nodes: Object) -> str:
    return base64.b64encode(gzip.compress(json.dumps(nodes).encode(), mtime=0)).decode()


def reduced_workflow(item: Object) -> Object:
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    kept_spec = pick(
        spec, ("entrypoint", "onExit", "shutdown", "activeDeadlineSeconds", "workflowTemplateRef")
    )
    if spec.get("hooks", {}).get("exit"):
        kept_spec["hooks"] = {"exit": pick(spec["hooks"]["exit"], ("template",))}
    kept_spec["templates"] = [reduced_template(t) for t in spec.get("templates") or []]
    kept = pick(status, ("phase", "message", "startedAt", "finishedAt", "progress"))
    stored = status.get("storedTemplates")
    if stored:
        kept["storedTemplates"] = {key: reduced_template(t) for key, t in stored.items()}
    if status.get("nodes"):
        kept["nodes"] = {key: reduced_node(n) for key, n in status["nodes"].items()}
    if status.get("compressedNodes"):
        nodes = unpacked(status["compressedNodes"])
        kept["compressedNodes"] = packed({key: reduced_node(n) for key, n in nodes.items()})
    kept_metadata = pick(metadata, METADATA)
    for holder, wanted in (
        ("labels", ("pipeline/runid", "pipeline/persistedFinalState")),
        ("annotations", ("pipelines.kubeflow.org/run_name",)),
    ):
        found = pick(metadata.get(holder), wanted)
        if found:
            kept_metadata[holder] = found
    return {"kind": "Workflow", "metadata": kept_metadata, "spec": kept_spec, "status": kept}


def reduced_container(status: Object) -> Object:
    kept = pick(status, ("name", "restartCount"))
    for holder in ("state", "lastState"):
        for name, state in (status.get(holder) or {}).items():
            kept[holder] = {
                name: pick(
                    state, ("reason", "message", "exitCode", "startedAt", "finishedAt")
                )
            }
    return kept


def reduced_pod(item: Object) -> Object:
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    kept_metadata = pick(metadata, METADATA)
    kept_metadata["annotations"] = pick(
        metadata.get("annotations"),
        ("workflows.argoproj.io/node-id", "workflows.argoproj.io/node-name"),
    )
    kept_metadata["ownerReferences"] = [
        pick(owner, ("apiVersion", "kind", "name", "uid"))
        for owner in metadata.get("ownerReferences") or []
    ]
    kept = pick(status, ("phase", "reason", "message", "startTime"))
    kept["conditions"] = [
        pick(condition, ("type", "status", "reason", "message"))
        for condition in status.get("conditions") or []
        if condition["type"] in POD_REASONS
    ]
    for holder in ("initContainerStatuses", "containerStatuses"):
        kept[holder] = [reduced_container(c) for c in status.get(holder) or []]
    containers = [pick(c, ("name", "resources")) for c in spec.get("containers") or []]
    kept_spec = {**pick(spec, ("nodeName",)), "containers": containers}
    return {"kind": "Pod", "metadata": kept_metadata, "spec": kept_spec, "status": kept}


def reduce_file(path: pathlib.Path, to: pathlib.Path, reduced: Callable[[Object], Object]) -> None:
    text = []
    lines = list(lines_of(path))
    for number, line in enumerate(lines):
        event = json.loads(line)
        # What is packed already hardly packs again: some of them do.
        packs = bool((event["object"].get("status") or {}).get("compressedNodes"))
        if packs and number % KEPT_OF_PACKED and number + 1 < len(lines):
            continue
        text.append(json.dumps({"type": event["type"], "object": reduced(event["object"])}))
    to.write_bytes(gzip.compress(("\n".join(text) + "\n").encode(), 9, mtime=0))


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[-1])
    folder.mkdir(parents=True, exist_ok=True)
    for argument in sys.argv[1:-1]:
        path = pathlib.Path(argument)
        name = path.name.replace(".gz", "").replace(".jsonl", "")
        reduce_file(path, folder / f"{name}.jsonl.gz", reduced_workflow)
        for pods in (path.with_name(f"{name}.pods.jsonl"), path.with_name(f"{name}.pods.jsonl.gz")):
            if pods.exists():
                reduce_file(pods, folder / f"{name}.pods.jsonl.gz", reduced_pod)
    return 0


if __name__ == "__main__":
    sys.exit(main())
