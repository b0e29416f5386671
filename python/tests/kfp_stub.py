"""What Kubeflow Pipelines' v2beta1 API answers to a delivery, and which requests it would refuse:
every path, parameter, header and field that comes is looked at, and what is not known is an error.
After the swagger of 2.15 (backend/api/v2beta1/swagger) and its HTTP upload handlers.
"""

import email.parser
import email.policy
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Optional, Tuple

import yaml

TOKEN = "kfp-token-0123456789"
PREFIX = "/pipeline"
API = PREFIX + "/apis/v2beta1"


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_fields(told: Dict[str, Any], needed: "set[str]", may: "set[str]") -> None:
    missing, unknown = needed - set(told), set(told) - needed - may
    if missing or unknown:
        raise Refused(400, f"missing {sorted(missing)}, unknown {sorted(unknown)}")


class Kfp:
    """Its pipelines, versions and runs. `troubles`: statuses that come before it does its work."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pipelines: Dict[str, Dict[str, Any]] = {}
        self.versions: List[Dict[str, Any]] = []
        self.runs: List[Dict[str, Any]] = []
        self.troubles: List[int] = []
        self.asked: List[str] = []
        self.lose_answers = 0  # does what was asked, and says nothing
        self.final = "SUCCEEDED"
        self._server: Optional[ThreadingHTTPServer] = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def start(self) -> None:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._do("GET")

            def do_POST(self) -> None:
                self._do("POST")

            def _do(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub.asked.append(f"{method} {self.path}")
                try:
                    answer, status = stub.answer(method, self.path, dict(self.headers), body), 200
                except Refused as error:
                    answer, status = {"code": 3, "message": str(error)}, error.status
                if stub.lose_answers and method == "POST" and status == 200:
                    stub.lose_answers -= 1
                    self.close_connection = True
                    return
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, method: str, target: str, headers: Dict[str, str], body: bytes) -> Any:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "Request not authenticated")
        if self.troubles:
            raise Refused(self.troubles.pop(0), "upstream connect error")
        path, _, query = target.partition("?")
        asked = dict(urllib.parse.parse_qsl(query, strict_parsing=bool(query)))
        if not path.startswith(API + "/"):
            raise Refused(404, "Not Found")
        parts = path[len(API) + 1 :].split("/")
        if method == "GET" and parts[:2] == ["pipelines", "names"] and len(parts) == 3:
            check_fields(asked, set(), {"namespace"})
            name = urllib.parse.unquote(parts[2])
            return self._named(name, asked.get("namespace", ""))
        if (method, parts) == ("POST", ["pipelines"]):
            return self._create(_json(headers, body))
        if (method, parts) == ("POST", ["pipelines", "upload_version"]):
            return self._upload(asked, headers, body)
        if method == "GET" and len(parts) == 3 and parts[0::2] == ["pipelines", "versions"]:
            check_fields(asked, set(), {"page_size", "page_token"})
            found = [v for v in self.versions if v["pipeline_id"] == parts[1]]
            return _page("pipeline_versions", found, asked)
        if parts == ["runs"]:
            return self._run(_json(headers, body)) if method == "POST" else self._list(asked)
        if method == "GET" and len(parts) == 2 and parts[0] == "runs":
            return self._get_run(parts[1])
        raise Refused(404, "Not Found")

    def _named(self, name: str, namespace: str) -> Any:
        for pipeline in self.pipelines.values():
            if (pipeline["name"], pipeline.get("namespace", "")) == (name, namespace):
                return pipeline
        raise Refused(404, f"Pipeline {name} not found")

    def _create(self, body: Dict[str, Any]) -> Any:
        check_fields(body, {"display_name"}, {"name", "namespace", "description"})
        same = [(p["name"], p.get("namespace", "")) for p in self.pipelines.values()]
        if (body.get("name", ""), body.get("namespace", "")) in same:
            raise Refused(409, f"The name {body['name']} already exists")
        pipeline = {**body, "pipeline_id": f"pipeline-{len(self.pipelines)}"}
        self.pipelines[pipeline["pipeline_id"]] = pipeline
        return pipeline

    def _upload(self, asked: Dict[str, str], headers: Dict[str, str], body: bytes) -> Any:
        check_fields(
            asked,
            {"pipelineid", "name", "code_source_url"},
            {"display_name", "description", "tags"},
        )
        if asked["pipelineid"] not in self.pipelines:
            raise Refused(400, "no such pipeline")
        same = (asked["pipelineid"], asked["name"])
        if any((v["pipeline_id"], v["name"]) == same for v in self.versions):
            raise Refused(409, f"A pipeline version with name {asked['name']} already exists")
        name, data = _uploaded(headers, body)
        if not name.endswith((".yaml", ".zip", ".tar.gz")):
            raise Refused(400, f"unsupported file {name}")
        spec = next(yaml.safe_load_all(data))
        if not {"pipelineInfo", "root", "schemaVersion", "sdkVersion"} <= set(spec):
            raise Refused(400, "unknown template format")
        version = {
            "pipeline_id": asked["pipelineid"],
            "pipeline_version_id": f"version-{len(self.versions)}",
            "name": asked["name"],
            "display_name": asked.get("display_name", asked["name"]),
            "description": asked.get("description", ""),
            "code_source_url": asked["code_source_url"],
            "pipeline_spec": spec,
        }
        self.versions.append(version)
        return version

    def _run(self, body: Dict[str, Any]) -> Any:
        check_fields(
            body,
            {"display_name", "pipeline_version_reference"},
            {"description", "experiment_id", "runtime_config", "service_account"},
        )
        reference = body["pipeline_version_reference"]
        check_fields(reference, {"pipeline_id", "pipeline_version_id"}, set())
        version = next(
            (v for v in self.versions if {**v, **reference} == v),
            None,
        )
        if version is None:
            raise Refused(404, "no such version")
        check_fields(body.get("runtime_config", {}), set(), {"parameters", "pipeline_root"})
        inputs = version["pipeline_spec"]["root"].get("inputDefinitions", {}).get("parameters", {})
        for name, value in body.get("runtime_config", {}).get("parameters", {}).items():
            kind = inputs[name]["parameterType"] if name in inputs else ""
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not kind or (kind.startswith("NUMBER") != number):
                raise Refused(400, f"parameter {name} is none, or not of its type")
        run = {**body, "run_id": f"run-{len(self.runs)}", "state": "PENDING"}
        self.runs.append(run)
        return run

    def _list(self, asked: Dict[str, str]) -> Any:
        check_fields(
            asked, set(), {"filter", "namespace", "page_size", "page_token", "experiment_id"}
        )
        found = self.runs
        for predicate in json.loads(asked.get("filter", "{}")).get("predicates", []):
            check_fields(predicate, {"key", "operation", "string_value"}, set())
            if (predicate["key"], predicate["operation"]) != ("name", "EQUALS"):
                raise Refused(400, "a filter that this stub does not know")
            found = [r for r in found if r["display_name"] == predicate["string_value"]]
        return _page("runs", found, asked)

    def _get_run(self, run_id: str) -> Any:
        for run in self.runs:
            if run["run_id"] == run_id:
                run["state"] = "RUNNING" if run["state"] == "PENDING" else self.final
                return run
        raise Refused(404, "no such run")


def _json(headers: Dict[str, str], body: bytes) -> Dict[str, Any]:
    if headers.get("Content-Type") != "application/json":
        raise Refused(415, "no JSON")
    told = json.loads(body)
    assert isinstance(told, dict)
    return told


def _uploaded(headers: Dict[str, str], body: bytes) -> Tuple[str, bytes]:
    head = f"Content-Type: {headers.get('Content-Type', '')}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if len(parts) != 1 or parts[0].get_param("name", header="content-disposition") != "uploadfile":
        raise Refused(400, "the form has one file, uploadfile")
    data = parts[0].get_payload(decode=True)
    assert isinstance(data, bytes)
    return str(parts[0].get_filename()), data


def _page(field: str, found: List[Any], asked: Dict[str, str]) -> Dict[str, Any]:
    """Of two, whatever is asked for: whoever reads must go on."""
    first = int(asked.get("page_token", "0"))
    answer: Dict[str, Any] = {field: found[first : first + 2], "total_size": len(found)}
    if first + 2 < len(found):
        answer["next_page_token"] = str(first + 2)
    return answer if found else {}
