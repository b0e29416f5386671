"""One question to the server at a time: GET of a JSON answer, None while it can't give one."""

import http.client
import json
from typing import Any, Dict, Optional, Tuple
from urllib.parse import urlsplit

from telltale.credentials import Token

_TIMEOUT_S = 2.0
_ANSWER_BYTES = 1024 * 1024


class ServerReader:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else "http://" + url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._https else 80)
        self._prefix = parts.path.rstrip("/")
        self._token = Token(self._host, self._port)

    def run(self, run_key: str) -> Optional[Dict[str, Any]]:
        """The run's summary; {} when the server does not know it."""
        try:
            answer = self._get(f"/api/v1/runs?keys={run_key}")
            run = next(iter(answer.get("runs", [])), {})
        except (OSError, http.client.HTTPException, ValueError, AttributeError, TypeError):
            return None
        return run if isinstance(run, dict) else None

    def _get(self, path: str) -> Any:
        status, body = self._ask(path)
        if status in (401, 403) and self._token.read_again():
            status, body = self._ask(path)
        if status != 200:
            raise ValueError(f"status {status}")
        return json.loads(body)

    def _ask(self, path: str) -> Tuple[int, bytes]:
        headers = {"Accept": "application/json"}
        token = self._token.value()
        if token:
            headers["Authorization"] = "Bearer " + token
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", self._prefix + path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(_ANSWER_BYTES)
        finally:
            connection.close()
