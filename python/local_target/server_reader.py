"""One question to the server at a time: GET of a JSON answer, None while it can't give one."""

import http.client
import json
from typing import Any, Dict, Optional
from urllib.parse import urlsplit

_TIMEOUT_S = 2.0
_ANSWER_BYTES = 1024 * 1024


class ServerReader:
    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url if "://" in url else "http://" + url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = "Bearer " + token

    def run(self, run_key: str) -> Optional[Dict[str, Any]]:
        """The run's summary; {} when the server does not know it."""
        try:
            answer = self._get(f"/api/v1/runs?keys={run_key}")
            run = next(iter(answer["runs"]), {})
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return None
        return run if isinstance(run, dict) else None

    def _get(self, path: str) -> Any:
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", self._prefix + path, headers=self._headers)
            response = connection.getresponse()
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            return json.loads(response.read(_ANSWER_BYTES))
        finally:
            connection.close()
