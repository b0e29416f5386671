"""A worker's requests to the server: JSON and bodies of any size, by http.client, one
connection for each thread that asks.
"""

import http.client
import json
import threading
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple, Union
from urllib.parse import urlsplit

_TIMEOUT_S = 60.0
_ANSWER_BYTES_MAX = 16 << 20


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"{}")


class Connection:
    """OSError is all that `ask` raises: nobody there, or no HTTP."""

    def __init__(self, url: str, token_file: str = "", token: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is no http address")
        self._secure = parts.scheme == "https"
        self._place = (parts.hostname, parts.port)
        self._prefix = parts.path.rstrip("/") + "/api/v1/render"
        self._token_file = token_file
        self._token = token
        self._of_thread = threading.local()

    def _headers(self) -> Dict[str, str]:
        token = self._token
        if self._token_file:
            with open(self._token_file, encoding="utf-8") as file:
                token = file.readline().strip()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _open(self) -> Tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it has been used before."""
        known: Optional[http.client.HTTPConnection] = getattr(self._of_thread, "open", None)
        if known is not None:
            return known, True
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        self._of_thread.open = kind(*self._place, timeout=_TIMEOUT_S)
        return self._of_thread.open, False

    def close(self) -> None:
        known = getattr(self._of_thread, "open", None)
        if known is not None:
            known.close()
            self._of_thread.open = None

    def ask(self, method: str, path: str, told: Any = None) -> Answer:
        """With a JSON body. What a connection kept too long lost is asked once more."""
        body = b"" if told is None else json.dumps(told).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        used = self._open()[1]
        try:
            return self._once(method, path, body, headers)
        except OSError:
            if not used:
                raise
            return self._once(method, path, body, headers)

    def send(self, path: str, mime: str, pieces: Iterator[bytes], size: int) -> Answer:
        """PUT of `size` bytes, a piece at a time."""
        self.close()  # a stream cannot be said twice, so not on a connection that may be gone
        headers = {"Content-Type": mime, "Content-Length": str(size)}
        return self._once("PUT", path, pieces, headers)

    def _once(
        self, method: str, path: str, body: Union[bytes, Iterator[bytes]], headers: Dict[str, str]
    ) -> Answer:
        connection, _ = self._open()
        try:
            headers = {**headers, **self._headers()}
            connection.request(method, self._prefix + path, body, headers)
            answer = connection.getresponse()
            told = answer.read(_ANSWER_BYTES_MAX + 1)
            if len(told) > _ANSWER_BYTES_MAX:
                raise OSError("an answer without end")
            if answer.will_close:
                self.close()
            return Answer(answer.status, told)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise error if isinstance(error, OSError) else OSError(str(error)) from None
