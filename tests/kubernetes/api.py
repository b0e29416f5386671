"""A Kubernetes API server as tests speak to it: JSON over HTTPS with a token, and watches."""
import http.client
import json
import ssl
import urllib.parse
from typing import Any, Dict, Iterator, Optional

SECONDS = 60  # for one answer, on a machine that is flooded

Object = Dict[str, Any]
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/{}/workflows"
PODS = "/api/v1/namespaces/{}/pods"


class ApiError(Exception):
    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body[:500]}")
        self.status = status


class Api:
    def __init__(self, url: str, ca_file: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.token = parts.hostname, parts.port, token
        self.context = ssl.create_default_context(cafile=ca_file)

    def open(self, method: str, path: str, body: Optional[Object] = None,
             content: str = "application/json",
             seconds: float = SECONDS) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=seconds,
                                                 context=self.context)
        connection.request(method, path, None if body is None else json.dumps(body), {
            "Authorization": f"Bearer {self.token}", "Content-Type": content})
        response = connection.getresponse()
        if response.status >= 300:
            raise ApiError(response.status, response.read().decode(errors="replace"))
        return response

    def call(self, method: str, path: str, body: Optional[Object] = None,
             content: str = "application/json") -> Object:
        with self.open(method, path, body, content) as response:
            return json.loads(response.read())

    def get(self, path: str) -> Object:
        return self.call("GET", path)

    def post(self, path: str, body: Object) -> Object:
        return self.call("POST", path, body)

    def delete(self, path: str) -> Object:
        return self.call("DELETE", path)

    def patch(self, path: str, body: Object) -> Object:
        return self.call("PATCH", path, body, "application/merge-patch+json")

    def watch(self, path: str, version: str) -> Iterator[Object]:
        """Events of one watch, until it ends."""
        separator = "&" if "?" in path else "?"
        with self.open("GET", f"{path}{separator}watch=1&resourceVersion={version}",
                       seconds=3600) as response:
            for line in response:
                yield json.loads(line)
