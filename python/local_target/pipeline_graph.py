"""The tasks of a compiled pipeline, before they run. Pure: compiled IR in, GraphTask bodies out.

A path is the names from the root: groups (sub-pipelines, conditions, exit handlers) and loops hold
their tasks; a loop's iterations are numbered below it. Iterations whose items are constants or
follow from the run's parameters are known at once, others when the loop starts (`iterations`).
"""

import json
from typing import Any, Dict, List, Mapping, Optional

from telltale.encoding import clean_text
from telltale.ids import path_segment

Spec = Mapping[str, Any]
GraphTask = Dict[str, Any]

# An iteration's name in the page; longer items are shown by their place.
_ITEM_NAME_LENGTH = 60


def join(parent: str, *names: str) -> str:
    return "/".join([parent] * bool(parent) + [path_segment(clean_text(name)) for name in names])


def item_text(item: Any) -> str:
    return clean_text(item if isinstance(item, str) else json.dumps(item, ensure_ascii=False))


class PipelineGraph:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._components: Spec = spec.get("components", {})

    def tasks(self, arguments: Mapping[str, Any]) -> List[GraphTask]:
        """Every task that is known before the run starts."""
        root = self._spec["root"]
        values = _with_defaults(root, arguments)
        for name in list(values):
            values.setdefault("pipelinechannel--" + name, values[name])
        return self._dag(root, "", values)

    def iterations(
        self,
        path: str,
        component: str,
        items: List[Any],
        item_input: str = "",
        values: Optional[Mapping[str, Any]] = None,
    ) -> List[GraphTask]:
        """The iterations of the loop at `path`, each with its tasks."""
        found: List[GraphTask] = []
        for index, item in enumerate(items):
            text = item_text(item)
            own = join(path, str(index))
            name = text if len(text) <= _ITEM_NAME_LENGTH else f"item {index}"
            task = _task(own, name, path, "ITERATION")
            task["item"] = text
            task["index"] = index
            found.append(task)
            inner = dict(values or {})
            if item_input:
                inner[item_input] = item
            found.extend(self._dag(self._components[component], own, inner))
        return found

    def _dag(self, component: Spec, parent: str, values: Mapping[str, Any]) -> List[GraphTask]:
        tasks: Spec = component.get("dag", {}).get("tasks", {})
        found: List[GraphTask] = []
        for name in _in_order(tasks):
            spec = tasks[name]
            path = join(parent, name)
            kind = self._kind(spec)
            shown = spec.get("taskInfo", {}).get("name") or name
            task = _task(path, shown, parent, kind)
            task["depends_on"] = [join(parent, other) for other in spec.get("dependentTasks", [])]
            found.append(task)
            if kind == "TASK":
                continue
            child = spec["componentRef"]["name"]
            inner = _inner_values(spec, self._components[child], values)
            if kind == "GROUP":
                found.extend(self._dag(self._components[child], path, inner))
                continue
            items = _known_items(spec, values)
            if items is not None:
                item_input = spec["parameterIterator"].get("itemInput", "")
                found.extend(self.iterations(path, child, items, item_input, inner))
        return found

    def _kind(self, spec: Spec) -> str:
        if "parameterIterator" in spec or "artifactIterator" in spec:
            return "LOOP"
        component = self._components.get(spec["componentRef"]["name"], {})
        return "GROUP" if "dag" in component else "TASK"


def _task(path: str, name: str, parent: str, kind: str) -> GraphTask:
    return {"path": path, "name": clean_text(name), "parent": parent, "kind": kind}


def _with_defaults(component: Spec, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    definitions = component.get("inputDefinitions", {}).get("parameters", {})
    values = {n: d["defaultValue"] for n, d in definitions.items() if "defaultValue" in d}
    values.update(arguments)
    return values


def _inner_values(spec: Spec, component: Spec, values: Mapping[str, Any]) -> Dict[str, Any]:
    """What is known, before the run, of the inputs of the DAG that a task stands for."""
    told: Dict[str, Any] = {}
    for name, given in spec.get("inputs", {}).get("parameters", {}).items():
        if "constant" in given.get("runtimeValue", {}):
            told[name] = given["runtimeValue"]["constant"]
        elif given.get("parameterExpressionSelector"):
            continue
        elif given.get("componentInputParameter") in values:
            told[name] = values[given["componentInputParameter"]]
    return _with_defaults(component, told)


def _known_items(spec: Spec, values: Mapping[str, Any]) -> Optional[List[Any]]:
    items = spec.get("parameterIterator", {}).get("items", {})
    known = values.get(items.get("inputParameter", ""))
    if "raw" in items:
        try:
            known = json.loads(items["raw"])
        except ValueError:
            return None
    return known if isinstance(known, list) else None


def _in_order(tasks: Spec) -> List[str]:
    """Names so that each follows what it depends on."""
    order: Dict[str, None] = {}

    def visit(name: str) -> None:
        if name in order or name not in tasks:
            return
        for other in sorted(tasks[name].get("dependentTasks", [])):
            visit(other)
        order[name] = None

    for name in sorted(tasks):
        visit(name)
    return list(order)
