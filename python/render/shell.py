"""IPython's shell as a job has it: made once in the forking parent, its displays bound to a job's
socket in the child. The semantics (display, rich representations, magics, the last expression) are
IPython's own; here stands only where they go.
"""

import base64
import io
import json
import os
import re
import socket
import sys
from typing import Any, Dict, List, Optional, Tuple

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from render import frames

# The richest first, as a notebook's page chooses.
_PREFERRED = (
    "application/vnd.telltale.figure+json",
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/markdown",
    "application/javascript",
    "text/latex",
    "application/json",
    "text/plain",
)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Displays:
    """Gives each display its index, in order of appearance, and sends it at once."""

    def __init__(self, to: socket.socket) -> None:
        self._to = to
        self._next = 0
        self._by_id: Dict[str, int] = {}
        self._stream: Optional[Tuple[str, int]] = None
        self._clear_pending = False

    def show(self, mime: str, body: bytes, name: str = "", display_id: str = "") -> None:
        self._before_output()
        index = self._next
        if display_id in self._by_id:
            index = self._by_id[display_id]
        else:
            self._next += 1
            self._stream = None
            if display_id:
                self._by_id[display_id] = index
        frames.send_part(self._to, index, mime, name, body, append=False)

    def write(self, stream: str, text: str) -> None:
        """Of one stream, text goes on where it ended, until something else is shown."""
        self._before_output()
        body = text.encode("utf-8", "replace")
        if self._stream is not None and self._stream[0] == stream:
            frames.send_part(self._to, self._stream[1], "text/plain", stream, body, append=True)
            return
        self._stream = (stream, self._next)
        self._next += 1
        frames.send_part(self._to, self._stream[1], "text/plain", stream, body, append=False)

    def clear(self, wait: bool) -> None:
        self._clear_pending = True
        if not wait:
            self._before_output()

    def _before_output(self) -> None:
        if not self._clear_pending:
            return
        self._clear_pending = False
        for index in range(1, self._next):
            frames.send_part(self._to, index, "text/plain", "cleared", b"", append=False)
        self._next = 0
        self._by_id.clear()
        self._stream = None


class Stream(io.TextIOBase):
    """sys.stdout and sys.stderr of a job; each write is sent as it is made."""

    def __init__(self, displays: Displays, name: str, descriptor: int) -> None:
        super().__init__()
        self._displays = displays
        self._name = name
        self._descriptor = descriptor
        self.buffer = _Bytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._displays.write(self._name, text)
        return len(text)


class _Bytes(io.RawIOBase):
    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._stream.write(bytes(data).decode("utf-8", "replace"))
        return len(data)


def _encode(mime: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if mime.startswith("image/") and mime != "image/svg+xml":
        return base64.b64decode(value)
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")


def _chosen(data: Dict[str, Any]) -> Optional[Tuple[str, bytes]]:
    for mime in (*_PREFERRED, *data):
        if mime in data:
            return mime, _encode(mime, data[mime])
    return None


class Publisher(DisplayPublisher):  # type: ignore[misc]
    displays: Optional[Displays] = None

    def publish(  # type: ignore[override]
        self,
        data: Dict[str, Any],
        metadata: Any = None,
        source: Any = None,
        *,
        transient: Optional[Dict[str, Any]] = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        chosen = _chosen(data)
        if chosen is not None and self.displays is not None:
            display_id = str((transient or {}).get("display_id") or "")
            self.displays.show(*chosen, name="display", display_id=display_id)

    def clear_output(self, wait: bool = False) -> None:
        if self.displays is not None:
            self.displays.clear(wait)


class LastExpression(DisplayHook):  # type: ignore[misc]
    displays: Optional[Displays] = None

    code = ""

    def quiet(self) -> bool:
        """A semicolon at the end shows nothing. IPython asks its history, of which we have none."""
        return bool(self.semicolon_at_end_of_expression(self.code))

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Dict[str, Any], md_dict: Any = None) -> None:
        chosen = _chosen(format_dict)
        if chosen is not None and self.displays is not None:
            self.displays.show(*chosen, name="result")

    def finish_displayhook(self) -> None:
        pass


class Shell(InteractiveShell):  # type: ignore[misc]
    displays: Optional[Displays] = None

    def _showtraceback(self, etype: Any, evalue: Any, stb: List[str]) -> None:
        if self.displays is not None:
            self.displays.show("text/plain", "\n".join(stb).encode("utf-8", "replace"), "error")

    def enable_gui(self, gui: Any = None) -> None:
        """`%matplotlib inline` and its kin: there is one backend, and it is in place."""

    def enable_matplotlib(self, gui: Any = None) -> Tuple[Any, str]:
        return None, "module://render.figures"


def make() -> InteractiveShell:
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "linux"
    config.InteractiveShell.display_page = True
    config.InteractiveShell.automagic = True
    # The folder of a profile is never read or written.
    os.environ.setdefault("IPYTHONDIR", "/tmp/ipython")
    Shell.displayhook_class = LastExpression
    Shell.display_pub_class = Publisher
    shell = Shell.instance(config=config)
    # A first traceback imports what draws it.
    shell.run_cell("1/0", store_history=False)
    shell.run_cell("1", store_history=False)
    return shell


def bind(displays: Displays, code: str) -> None:
    """In the child, before its code runs."""
    shell = Shell.instance()
    shell.displays = displays
    shell.display_pub.displays = displays
    shell.displayhook.displays = displays
    shell.displayhook.code = code
    sys.stdout = Stream(displays, "stdout", 1)  # type: ignore[assignment]
    sys.stderr = Stream(displays, "stderr", 2)  # type: ignore[assignment]


def plain(text: str) -> str:
    """Without a terminal's colours."""
    return _ANSI.sub("", text)
