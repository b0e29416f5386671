"""Target `argo`: a Workflow of Argo, which the repository holds as a file, is created in a cluster
by the API of Kubernetes. A pipeline of KFP needs KFP's own API for that: target `kfp`.
"""

import json
import os
import re
from typing import Any, Dict, Mapping
from urllib.parse import quote

import yaml

from delivery.errors import DeliveryError
from delivery.records import Record
from delivery.remote import Remote
from delivery.stage import Stage
from delivery.targets import Target

_GROUP = "argoproj.io"
_CONFLICT = 409
_BYTES = 1 << 20
_PERIOD_S = 2.0
_ENDED = ("Succeeded", "Failed", "Error")
_NAME_LENGTH = 40
_KEY_LENGTH = 10
Result = Dict[str, Any]


def read(source: str, file: str, given: Mapping[str, str]) -> Result:
    """The Workflow of that file, with the values that are given in the place of its own."""
    path = os.path.join(source, file)
    try:
        with open(path, "rb") as opened:
            body = yaml.safe_load(opened.read(_BYTES))
    except OSError:
        raise DeliveryError(f"telltale.yaml: there is no file {file}.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise DeliveryError(f"{file}{place}: {error.problem or error.context}.") from None
    except (yaml.YAMLError, UnicodeError, RecursionError):
        raise DeliveryError(f"{file} is no YAML.") from None
    kind = body.get("kind") if isinstance(body, dict) else None
    if kind != "Workflow" or not str(body.get("apiVersion", "")).startswith(_GROUP + "/"):
        raise DeliveryError(f"{file} is no Workflow of {_GROUP}.")
    if not isinstance(body.get("metadata"), dict) or not isinstance(body.get("spec"), dict):
        raise DeliveryError(f"{file} has no metadata or no spec.")
    _set_parameters(body["spec"], file, given)
    return body


def _set_parameters(spec: Result, file: str, given: Mapping[str, str]) -> None:
    arguments = spec.setdefault("arguments", {})
    known = arguments.get("parameters") or [] if isinstance(arguments, dict) else []
    try:
        by_name = {str(parameter["name"]): parameter for parameter in known}
    except (TypeError, KeyError):
        raise DeliveryError(f"{file}: spec.arguments.parameters is a list of names.") from None
    for name, value in given.items():
        if name not in by_name:
            listed = ", ".join(by_name) or "none"
            raise DeliveryError(f"The Workflow has no parameter {name}. It has: {listed}.")
        by_name[name]["value"] = value


def title_of(body: Result) -> str:
    named = body["metadata"].get("name") or body["metadata"].get("generateName") or "workflow"
    return str(named).strip("-")


def parameters_of(body: Result) -> Dict[str, Any]:
    known = body["spec"]["arguments"].get("parameters") or []
    return {str(parameter["name"]): parameter.get("value") for parameter in known}


def _workflow(target: Target, record: Record) -> Result:
    packaged = record.finished["package"]
    body = read(record.path("source"), packaged["pipeline"]["file"], packaged["given"])
    metadata = body["metadata"]
    asked = metadata.get("namespace", target.namespace)
    if asked != target.namespace:
        raise DeliveryError(f"The Workflow names the namespace {asked}, which is another's.")
    # Of the delivery: however often it is created, there is one.
    name = re.sub(r"[^a-z0-9-]+", "-", title_of(body).lower()).strip("-")[:_NAME_LENGTH]
    metadata.pop("generateName", None)
    metadata["name"] = f"{name or 'workflow'}-{record.short}-{record.key[:_KEY_LENGTH]}"
    metadata["namespace"] = target.namespace
    metadata["labels"] = {**(metadata.get("labels") or {}), "telltale.delivery": record.key}
    told = {"telltale.revision": record.revision, "telltale.project": record.project}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **told}
    return body


def _path(target: Target, api_version: str, name: str = "") -> str:
    path = f"/apis/{api_version}/namespaces/{quote(target.namespace, safe='')}/workflows"
    return f"{path}/{quote(name, safe='')}" if name else path


def deploy(target: Target, record: Record, stage: Stage) -> Result:
    """Whether the cluster would take it: it is asked, and nothing is made."""
    body = _workflow(target, record)
    remote = Remote(target.place, stage)
    path = _path(target, body["apiVersion"]) + "?dryRun=All"
    remote.ask("POST", path, json.dumps(body).encode(), also=(_CONFLICT,))
    where = f"{target.namespace} of {target.name}"
    stage.say(f"{where} takes the Workflow {body['metadata']['name']}.")
    return {"told": f"version {record.short} for {where}"}


def run(target: Target, record: Record, stage: Stage) -> Result:
    body = _workflow(target, record)
    name = body["metadata"]["name"]
    remote = Remote(target.place, stage)
    path = _path(target, body["apiVersion"])
    # That it is there already was this delivery, before a crash or without an answer.
    remote.ask("POST", path, json.dumps(body).encode(), also=(_CONFLICT,))
    stage.say(f"Workflow {target.namespace}/{name}")
    return {
        "told": f"Workflow {name} was created in {target.namespace}",
        "outputs": {"workflow": name, "namespace": target.namespace},
        "workflow": _path(target, body["apiVersion"], name),
    }


def outcome(target: Target, record: Record, stage: Stage) -> str:
    """What became of the Workflow, once it has ended."""
    remote = Remote(target.place, stage)
    while True:
        status = remote.ask("GET", record.finished["run"]["workflow"]).body.get("status") or {}
        phase = str(status.get("phase", ""))
        if phase in _ENDED:
            return f"The run has {phase.lower()}. {status.get('message', '')}".rstrip()
        stage.pause(_PERIOD_S)
