"""Questions to the server, with its user's token. Blocks; raises CommandError with a sentence."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, List, Optional

from commands.errors import CommandError
from telltale.credentials import Token

_TIMEOUT_S = 30.0
_PERIOD_S = 0.1
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_KEY_LENGTH = 26


class Server:
    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CommandError(f"{url} is no address like http://127.0.0.1:8080.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._token = Token(parts.hostname, port)

    def token(self) -> str:
        return self._token.value()

    def get(self, path: str) -> Dict[str, Any]:
        answer: Dict[str, Any] = json.loads(self._ask("GET", path, None))
        return answer

    def bytes_of(self, path: str) -> bytes:
        return self._ask("GET", path, None)

    def post(self, path: str, body: Dict[str, Any]) -> Dict[str, Any]:
        answer: Dict[str, Any] = json.loads(self._ask("POST", path, json.dumps(body).encode()))
        return answer

    def _ask(self, method: str, path: str, body: Optional[bytes]) -> bytes:
        request = urllib.request.Request(self.url + path, body, method=method)
        request.add_header("Content-Type", "application/json")
        if self.token():
            request.add_header("Authorization", "Bearer " + self.token())
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
                data: bytes = response.read()
        except urllib.error.HTTPError as error:
            raise CommandError(_detail(error)) from None
        except (OSError, ValueError) as error:
            raise CommandError(
                f"No Telltale answers at {self.url} ({error}). Start one with `telltale serve`."
            ) from None
        return data

    def runs(self, limit: int, text: str = "") -> List[Dict[str, Any]]:
        query = urllib.parse.urlencode({"limit": limit, **({"text": text} if text else {})})
        found: List[Dict[str, Any]] = self.get(f"/api/v1/runs?{query}").get("runs", [])
        return found

    def await_run(self, key: str) -> None:
        """Until the server shows it: one that has just begun is told of by its own process."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not self.get(f"/api/v1/runs?keys={key}").get("runs"):
            if time.monotonic() > deadline:
                raise CommandError(f"The server does not show the run {key}.")
            time.sleep(_PERIOD_S)

    def key_of(self, named: str) -> str:
        """Of a run that is named by its key, the beginning of it, or "last"."""
        if len(named) == _KEY_LENGTH:
            return named
        listed = self.runs(200)
        found = [r["run_key"] for r in listed if named == "last" or r["run_key"].startswith(named)]
        if named == "last":
            found = found[:1]
        if len(found) != 1:
            what = "No run's key begins" if not found else f"{len(found)} runs' keys begin"
            raise CommandError(f"{what} with {named}. `telltale runs` lists them.")
        return str(found[0])


def has_ended(run: Dict[str, Any]) -> bool:
    return run.get("state") in _ENDED


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"The server answered {error.code}."
