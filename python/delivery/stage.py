"""One attempt of a stage: its log as it comes, the commands it runs, and whether it is to stop."""

import json
import os
import re
import threading
import time
from typing import Any, Callable, Dict, List, Optional

from delivery.errors import Cancelled, DeliveryError
from local_target import failure
from local_target.task_process import TaskProcess
from telltale.encoding import LogPiece, clean_text, now_us
from telltale.sender import Sender

_GRACE_S = 5.0
_LOOK_S = 0.2
_LINE_BYTES = 64 * 1024
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|CREDENTIAL|API_?KEY|ACCESS_KEY", re.IGNORECASE)
_SECRET_LENGTH = 8  # what is shorter is in any text by chance
_IN_ADDRESS = re.compile(rb"(://[^/\s:@]*:)[^/\s@]+(?=@)")
_MASK = b"***"


def secrets_of(environment: Dict[str, str]) -> List[bytes]:
    found = {
        value.encode()
        for name, value in environment.items()
        if _SECRET_NAME.search(name) and len(value) >= _SECRET_LENGTH and not os.path.exists(value)
    }
    return sorted(found, key=len, reverse=True)


class Stop:
    """Whether the delivery is to end, and why. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._why = ""
        self._process: Optional[TaskProcess] = None

    def ask(self, why: str) -> None:
        with self._lock:
            self._why = self._why or why
            process = self._process
        if process is not None:
            process.stop(_GRACE_S)

    def check(self) -> None:
        if self._why:
            raise Cancelled(self._why)

    def guard(self, process: Optional[TaskProcess]) -> None:
        with self._lock:
            self._process = process
            asked = bool(self._why)
        if asked and process is not None:
            process.stop(_GRACE_S)


class Stage:
    def __init__(
        self,
        name: str,
        attempt: int,
        sender: Sender,
        stop: Stop,
        source: str,
        *,
        on_wait: Callable[[str], None],
    ) -> None:
        """`source`: the folder that paths in the log are told relative to. `on_wait`: it waits for
        another service, and why."""
        self._on_wait = on_wait
        self.name = name
        self._source = source.encode() + b"/"
        self.tail = bytearray()
        self._attempt = attempt
        self._sender = sender
        self._stop = stop
        self._offset = 0
        self._line = b""
        self._secrets = secrets_of(dict(os.environ))

    def say(self, text: str) -> None:
        self.write(text.encode("utf-8", "replace") + b"\n")

    def write(self, data: bytes) -> None:
        """Whole lines go out at once, without what is secret; the last one when it is whole."""
        self._line += data
        cut = max(self._line.rfind(b"\n"), self._line.rfind(b"\r")) + 1
        if cut == 0 and len(self._line) > _LINE_BYTES:
            cut = len(self._line)
        if cut > 0:
            self._put(self._line[:cut])
            self._line = self._line[cut:]

    def flush(self) -> None:
        if self._line:
            self._put(self._line)
            self._line = b""

    def _put(self, data: bytes) -> None:
        data = self._masked(data).replace(self._source, b"")
        self._sender.put(LogPiece(self.name, self._attempt, self._offset, data, now_us()))
        self._offset += len(data)
        self.tail += data
        del self.tail[: -failure.TAIL_BYTES]

    def _masked(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret, _MASK)
        return _IN_ADDRESS.sub(rb"\1" + _MASK, data)

    def artifact(self, name: str, kind: str, metadata: Dict[str, Any]) -> None:
        body = {"path": self.name, "name": name, "type": kind, "uri": ""}
        text = self._masked(json.dumps(metadata, ensure_ascii=False).encode()).decode()
        self._sender.put_fact("artifact", {**body, "metadata": clean_text(text), "input": False})

    def pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._stop.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _LOOK_S))

    def wait(self, seconds: float, why: str) -> None:
        """As pause; the stage is shown as waiting, with why."""
        again = f"{why} It is asked again in {seconds:.0f} s."
        self.say(again)
        self._on_wait(again)
        self.pause(seconds)

    def run(self, command: List[str], env: Dict[str, str], folder: str, limit_s: float) -> int:
        """The exit status. Raises Cancelled when the delivery is to stop, and DeliveryError when
        the command took longer than that."""
        self._stop.check()
        try:
            process = TaskProcess(command, env, folder, nice=0)
        except OSError as error:
            raise DeliveryError(
                f"{os.path.basename(command[0])} can't be started: {error}"
            ) from None
        deadline = time.monotonic() + limit_s
        late = False

        def on_bytes(data: bytes) -> None:
            nonlocal late
            if data:
                self.write(data)
            if not late and time.monotonic() > deadline:
                late = True
                process.stop(_GRACE_S)

        self._stop.guard(process)
        try:
            code = process.run(on_bytes)
        finally:
            self._stop.guard(None)
            self.flush()
        self._stop.check()
        if late:
            raise DeliveryError(f"It took longer than {limit_s:.0f} s and was ended.")
        return code
