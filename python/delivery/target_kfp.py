"""Target `kfp`: the compiled pipeline becomes a version, named by its commit, of a pipeline of
Kubeflow Pipelines, and runs there: its v2beta1 API. Each step may be taken twice and is done once.
"""

import json
import urllib.parse
import uuid
from typing import Any, Dict, List, Optional

from delivery.errors import DeliveryError
from delivery.records import Record
from delivery.remote import Answer, Remote
from delivery.stage import Stage
from delivery.targets import Target

_API = "/apis/v2beta1"
_PAGE = 100
_OK = 200
_NOT_FOUND = 404
_CONFLICT = 409
_PERIOD_S = 2.0
_ENDED = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELED")
Result = Dict[str, Any]


def deploy(target: Target, record: Record, stage: Stage) -> Result:
    remote = Remote(target.place, stage)
    title = record.finished["package"]["pipeline"]["title"]
    pipeline = _pipeline(remote, target, title)
    version = _version(remote, pipeline, record)
    stage.say(f"Pipeline {pipeline}, version {version} named {record.revision}.")
    return {
        "told": f"version {record.short} of {title} in {target.name}",
        "outputs": {"pipeline_id": pipeline, "pipeline_version_id": version},
        "pipeline_id": pipeline,
        "pipeline_version_id": version,
    }


def _pipeline(remote: Remote, target: Target, title: str) -> str:
    named = f"{_API}/pipelines/names/{urllib.parse.quote(title, safe='')}"
    where = f"?{_query(namespace=target.namespace)}" if target.namespace else ""
    found = remote.ask("GET", named + where, also=(_NOT_FOUND,))
    if found.status == _NOT_FOUND:
        body = {"name": title, "display_name": title, "namespace": target.namespace}
        kept = {name: value for name, value in body.items() if value}
        found = remote.ask(
            "POST", f"{_API}/pipelines", json.dumps(kept).encode(), also=(_CONFLICT,)
        )
        if found.status == _CONFLICT:  # another delivery was faster
            found = remote.ask("GET", named + where)
    return _text(found.body, "pipeline_id")


def source_address(record: Record) -> str:
    """Where the code is, at its commit."""
    address = record.fetch["url"] if record.fetch else f"{record.url}/git/{record.project}.git"
    return f"{address}#{record.revision}"


def _version(remote: Remote, pipeline: str, record: Record) -> str:
    query = _query(
        name=record.revision,
        display_name=record.short,
        description=f"{record.branch} of {record.project}",
        pipelineid=pipeline,
        code_source_url=source_address(record),
    )
    with open(record.path("pipeline.yaml"), "rb") as file:
        data, kind = _multipart(file.read())
    path = f"{_API}/pipelines/upload_version?{query}"
    made = remote.ask("POST", path, data, kind, also=(_CONFLICT,))
    if made.status != _CONFLICT:
        return _text(made.body, "pipeline_version_id")
    for version in _each(remote, f"{_API}/pipelines/{pipeline}/versions", "pipeline_versions"):
        if record.revision in (version.get("name"), version.get("display_name")):
            return _text(version, "pipeline_version_id")
    raise DeliveryError("The version is said to be there, and is not listed.")


def run(target: Target, record: Record, stage: Stage) -> Result:
    remote = Remote(target.place, stage)
    packaged = record.finished["package"]
    deployed = record.finished["deploy"]
    title = packaged["pipeline"]["title"]
    # Tells one start from all others, also after a crash.
    name = f"{title} {record.short} {record.key}"
    body: Dict[str, Any] = {
        "display_name": name,
        "description": source_address(record),
        "pipeline_version_reference": {
            "pipeline_id": deployed["pipeline_id"],
            "pipeline_version_id": deployed["pipeline_version_id"],
        },
        "runtime_config": {"parameters": packaged["values"]},
    }
    if target.experiment_id:
        body["experiment_id"] = target.experiment_id
    if target.service_account:
        body["service_account"] = target.service_account

    def done() -> Optional[Answer]:
        found = _started(remote, target, name)
        return Answer(_OK, {"run_id": found}) if found else None

    answer = done() if record.attempts["run"] > 1 else None
    if answer is None:
        answer = remote.ask("POST", f"{_API}/runs", json.dumps(body).encode(), done=done)
    made = _text(answer.body, "run_id")
    link = f"{target.place.url.rstrip('/')}/#/runs/details/{made}"
    stage.say(link)
    return {
        "told": f"{title} has started in {target.name}",
        "outputs": {"run": link, "run_id": made},
        "run_id": made,
        "lines": [link],
    }


def _started(remote: Remote, target: Target, name: str) -> str:
    told = {"predicates": [{"key": "name", "operation": "EQUALS", "string_value": name}]}
    query = {"filter": json.dumps(told)}
    if target.namespace:
        query["namespace"] = target.namespace
    for found in _each(remote, f"{_API}/runs", "runs", **query):
        if found.get("display_name") == name:
            return _text(found, "run_id")
    return ""


def outcome(target: Target, record: Record, stage: Stage) -> str:
    """What became of the run, once it has ended."""
    remote = Remote(target.place, stage)
    path = f"{_API}/runs/{record.finished['run']['run_id']}"
    while True:
        run_ = remote.ask("GET", path).body
        state = str(run_.get("state", ""))
        if state in _ENDED:
            why = (run_.get("error") or {}).get("message", "")
            return f"The run has {state.lower()}. {why}".rstrip()
        stage.pause(_PERIOD_S)


def _each(remote: Remote, path: str, field: str, **query: str) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = []
    token = ""
    while True:
        asked = _query(page_size=str(_PAGE), page_token=token, **query)
        body = remote.ask("GET", f"{path}?{asked}").body
        found += body.get(field, [])
        token = body.get("next_page_token", "")
        if not token:
            return found


def _query(**fields: str) -> str:
    return urllib.parse.urlencode({name: value for name, value in fields.items() if value})


def _text(body: Any, field: str) -> str:
    value = body.get(field) if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise DeliveryError(f"This is no answer of Kubeflow Pipelines: it has no {field}.")
    return value


def _multipart(data: bytes) -> "tuple[bytes, str]":
    mark = uuid.uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="uploadfile"; '
        'filename="pipeline.yaml"\r\nContent-Type: application/yaml\r\n\r\n'
    )
    body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
    return body, f"multipart/form-data; boundary={mark}"
