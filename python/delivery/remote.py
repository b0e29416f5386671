"""Requests to a service that a version is deployed to. One that does not answer, or is overloaded,
is asked again, later and later, until the delivery is stopped; what it refuses is an error with its
own words. Follows no redirect: the token goes to the host it is for.
"""

import http.client
import json
import os
import random
import ssl
import urllib.parse
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from delivery.errors import DeliveryError
from delivery.stage import Stage

_TIMEOUT_S = 30.0
_ANSWER_BYTES = 32 << 20
_TOKEN_BYTES = 64 << 10
_FIRST_S = 1.0
_LONGEST_S = 60.0
_PASSING = (408, 429, 500, 502, 503, 504)


class Place(NamedTuple):
    url: str
    token_file: str = ""
    ca_file: str = ""


class Answer(NamedTuple):
    status: int
    body: Any


class Remote:
    def __init__(self, place: Place, stage: Stage) -> None:
        self._place = place
        self._parts = urllib.parse.urlsplit(place.url)
        self._stage = stage

    def ask(
        self,
        method: str,
        path: str,
        body: Optional[bytes] = None,
        kind: str = "application/json",
        *,
        also: Tuple[int, ...] = (),
        done: Optional[Callable[[], Optional[Answer]]] = None,
    ) -> Answer:
        """2xx, or one of `also`. `done`: of what must not be asked for twice, the answer that it
        would have had, where it was done though no answer came."""
        pause_s = _FIRST_S
        while True:
            try:
                answer = self._once(method, path, body, kind)
            except (OSError, http.client.HTTPException) as error:
                why = str(error) or type(error).__name__
            else:
                if 200 <= answer.status < 300 or answer.status in also:
                    return answer
                if answer.status not in _PASSING:
                    raise DeliveryError(f"{self._parts.netloc} refuses it: {_words_of(answer)}")
                why = _words_of(answer)
            self._stage.wait(
                pause_s * random.uniform(0.75, 1.0),
                f"Waiting for {self._parts.netloc}, which does not take it now ({why}).",
            )
            pause_s = min(pause_s * 2, _LONGEST_S)
            known = done() if done is not None else None
            if known is not None:
                return known

    def _once(self, method: str, path: str, body: Optional[bytes], kind: str) -> Answer:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = kind
        if self._place.token_file:
            headers["Authorization"] = "Bearer " + self._token()
        connection = self._connect()
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            data = response.read(_ANSWER_BYTES)
        finally:
            connection.close()
        try:
            return Answer(response.status, json.loads(data) if data else {})
        except ValueError:
            return Answer(response.status, data.decode("utf-8", "replace"))

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        context = ssl.create_default_context(cafile=self._place.ca_file or None)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=context)

    def _token(self) -> str:
        """Read each time: it may be one that is renewed."""
        try:
            with open(self._place.token_file, encoding="ascii") as file:
                token = file.read(_TOKEN_BYTES).strip()
        except (OSError, UnicodeError):
            token = ""
        if not token or not token.isprintable():
            raise DeliveryError(
                f"The token of {self._parts.netloc} cannot be read on the server: "
                f"{os.path.basename(self._place.token_file)}."
            )
        return token


def _words_of(answer: Answer) -> str:
    """What a Kubernetes API, or KFP's, says of itself."""
    body: Dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    said = body.get("message") or body.get("error_message") or body.get("error") or answer.body
    return " ".join(f"{answer.status} {said or ''}".split())[:400]
