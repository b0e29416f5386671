"""Takes what a task shows to the server: PUT /api/v1/runs/{run}/shown/{id}, one after another.

What is shown is a file first, below the spool root, and gone once the server has it; so nothing is
lost with the process, and nothing is held in memory. Its id is the file's: sent twice, it is there
once. What has a newer one of its name is not kept. Beyond the bound the oldest go, with a warning.

One thread sends. `put` is called from any thread and takes no lock, as in sender.py; the directory
is locked while its owner lives, and whoever comes after it (`deliver_left`) sends what it left.
"""

import _thread
import contextlib
import itertools
import json
import logging
import os
import random
import shutil
import time
import uuid
from typing import Dict, Iterator, Optional, Tuple
from urllib.parse import quote

from telltale import ids, waiting
from telltale.connection import REQUEST_TIMEOUT_S, Connection, Request, Unreachable
from telltale.file_lock import lock
from telltale.shown import Shown
from telltale.spool import SPOOL_BYTES_LIMIT

_logger = logging.getLogger("telltale")

_FOLDER = "shown"  # below the spool root; has no mark of a spool
_SUFFIX = ".show"
_RETRY_FIRST_S = 0.05
_RETRY_LAST_S = 1.0
_HEAD_BYTES = 64 << 10
# It changes nothing to send these again.
_REFUSED_STATUS = (400, 404, 405, 413, 415, 422, 501)
_NO_RIGHT_STATUS = (401, 403)


class _Folder:
    """The files of one sender, by number. Raises OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sizes: Dict[int, int] = {}
        self._lock_fd: Optional[int] = None

    def create(self, server: str) -> None:
        root = os.path.dirname(os.path.dirname(self.path))
        os.makedirs(root, mode=0o700, exist_ok=True)
        if os.stat(root).st_uid != os.getuid():
            raise OSError(f"{root} is not ours")
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        self._lock_fd = lock(os.path.join(self.path, "lock"), create=True)
        with open(os.path.join(self.path, "server"), "w", encoding="utf-8") as file:
            file.write(server)

    def adopt(self, server: Optional[str]) -> bool:
        """False: its owner lives, or it is for another server."""
        with open(os.path.join(self.path, "server"), encoding="utf-8") as file:
            if server is not None and file.read() != server:
                return False
        try:
            self._lock_fd = lock(os.path.join(self.path, "lock"), create=False)
        except BlockingIOError:
            return False
        for name in sorted(os.listdir(self.path)):
            stem, suffix = os.path.splitext(name)
            if suffix == _SUFFIX and stem.isdigit():
                self.sizes[int(stem)] = os.path.getsize(self._file(int(stem)))
        return True

    def _file(self, number: int) -> str:
        return os.path.join(self.path, f"{number:08d}{_SUFFIX}")

    def write(self, number: int, head: Dict[str, str], data: bytes) -> None:
        """All of it or nothing."""
        told = json.dumps(head).encode() + b"\n"
        temporary = self._file(number) + ".tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(told)
                file.write(data)
            os.replace(temporary, self._file(number))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        self.sizes[number] = len(told) + len(data)

    def read(self, number: int) -> Tuple[Dict[str, str], bytes]:
        with open(self._file(number), "rb") as file:
            head = json.loads(file.readline(_HEAD_BYTES))
            return head, file.read()

    def remove(self, number: int) -> None:
        self.sizes.pop(number, None)
        with contextlib.suppress(OSError):
            os.unlink(self._file(number))

    def close(self) -> None:
        """Removes it where nothing is left."""
        if self._lock_fd is not None and not self.sizes:
            shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def release(self) -> None:
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None


class _Retry(Exception):
    pass


class Shower:
    def __init__(
        self,
        url: str,
        root: str,
        *,
        run_key: str = "",
        task_path: str = "",
        bytes_limit: int = SPOOL_BYTES_LIMIT,
        last_words_until: Optional[float] = None,
    ) -> None:
        """`last_words_until`: of a program that is ending, as in Sender."""
        self._url = url
        self._run_key = run_key
        self._task_path = task_path
        self._root = root
        self._bytes_limit = bytes_limit
        self._epoch = uuid.uuid4().hex
        self._folder = _Folder(os.path.join(root, _FOLDER, self._epoch))
        self._usable: Optional[bool] = None
        self._numbers = itertools.count(1)
        self._newest: Dict[str, int] = {}  # by name
        self._connection = Connection(url)
        self._wake = waiting.Signal()
        self._ended = waiting.Signal()
        self._has_thread = False
        self._is_copy = False
        self._closing = False
        self._deadline = last_words_until
        self._in_callers_thread = last_words_until is not None
        self._retry_at = 0.0
        self._retry_gap_s = _RETRY_FIRST_S
        self._warned: Dict[str, bool] = {}

    # --- any thread

    def put(self, shown: Shown, name: str) -> None:
        """Raises OSError where the disk does not take it."""
        if self._usable is None:
            self._usable = True
            try:
                self._folder.create(self._url)
            except OSError:
                self._usable = None
                raise
        number = next(self._numbers)
        head = {
            "id": ids.hash_id(self._epoch, str(number)),
            "run": self._run_key,
            "task": self._task_path,
            "name": name,
            "type": shown.content_type,
        }
        self._folder.write(number, head, shown.data)
        older = self._newest.get(name) if name else None
        if older is not None:
            self._folder.remove(older)
        if name:
            self._newest[name] = number
        self._make_room()
        self._start()

    def flush(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self._folder.sizes:
            if time.monotonic() >= deadline or self._ended.is_set:
                return False
            time.sleep(0.005)
        return True

    def close(self, timeout_s: float) -> bool:
        """True when the server has all of it. What it has not is on disk."""
        if self._is_copy or self._usable is None:
            return True
        self._deadline = time.monotonic() + max(0.0, timeout_s)
        self._closing = True
        if self._has_thread:
            self._wake.set()
            self._ended.wait(timeout_s + 1.0)
            self._ended.set()
        else:
            self._run()
        return not self._folder.sizes

    def forget(self) -> None:
        """In a forked child."""
        self._is_copy = True
        self._connection.close()
        self._folder.release()

    def _make_room(self) -> None:
        sizes = self._folder.sizes
        while sum(list(sizes.values())) > self._bytes_limit and len(sizes) > 1:
            oldest = min(list(sizes))
            self._folder.remove(oldest)
            self._warn("more was shown than may wait on disk; the oldest was left out")

    def _start(self) -> None:
        if self._in_callers_thread:
            self._closing = True
            self._run()
        elif not self._has_thread and not self._is_copy:
            self._has_thread = True
            try:
                _thread.start_new_thread(self._run, ())
            except RuntimeError:  # the program is ending: close() does it
                self._has_thread = False
        self._wake.set()

    def _warn(self, what: str) -> None:
        if not self._warned.setdefault(what, False):
            self._warned[what] = True
            _logger.warning("telltale: %s (told once)", what)

    # --- the thread

    def _run(self) -> None:
        adopted = self._in_callers_thread
        with waiting.at_work():
            while True:
                try:
                    if self._closing or time.monotonic() >= self._retry_at:
                        self._deliver(self._folder)
                        self._retry_gap_s = _RETRY_FIRST_S
                    if not adopted and not self._closing:
                        adopted = True
                        self.deliver_left(self._url)
                except _Retry:
                    self._retry_at = time.monotonic() + self._retry_gap_s * random.uniform(0.8, 1.2)
                    self._retry_gap_s = min(2 * self._retry_gap_s, _RETRY_LAST_S)
                except Exception:  # a bug here must never reach the user's program
                    _logger.exception("telltale: showing failed")
                    self._retry_at = time.monotonic() + _RETRY_LAST_S
                if self._closing and (not self._folder.sizes or self._is_over()):
                    break
                with waiting.at_rest():
                    self._wake.wait(self._pause_s())
            self._connection.close()
            self._folder.close()
            self._usable = None if self._in_callers_thread else self._usable
        self._ended.set()

    def _is_over(self) -> bool:
        """The program is ending, and the server does not answer, or not in time."""
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or self._retry_gap_s > 4 * _RETRY_FIRST_S

    def _pause_s(self) -> Optional[float]:
        if not self._folder.sizes:
            return 0.0 if self._closing else None
        return max(0.0, self._retry_at - time.monotonic())

    def _while_waiting(self, _: bool) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise Unreachable("the program is ending")

    def _deliver(self, folder: _Folder) -> None:
        """All of it, in order. Raises _Retry."""
        while folder.sizes:
            number = min(list(folder.sizes))
            try:
                self._send(*folder.read(number))
            except (OSError, ValueError, KeyError) as error:
                _logger.info("telltale: what was to be shown is gone: %s", error)
            folder.remove(number)

    def _send(self, head: Dict[str, str], data: bytes) -> None:
        query = f"task={quote(head['task'], safe='')}&name={quote(head['name'], safe='')}"
        path = f"/api/v1/runs/{quote(head['run'])}/shown/{quote(head['id'])}?{query}"
        what = Request("PUT", path, head["type"])
        try:
            answer = self._connection.send(what, data, self._while_waiting, REQUEST_TIMEOUT_S)
        except Unreachable:
            raise _Retry from None
        if 200 <= answer.status < 300:
            return
        if answer.status in _REFUSED_STATUS:
            told = answer.body[:300].decode("utf-8", "replace")
            self._warn(f"the server did not take what was shown ({answer.status}): {told}")
            return
        if answer.status in _NO_RIGHT_STATUS and not self._connection.token_changed():
            where = f"it waits on disk in {self._folder.path}"
            self._warn(f"the server takes nothing from this process ({answer.status}); {where}")
        raise _Retry

    def deliver_left(self, server: Optional[str]) -> bool:
        """What others left who have gone; None: whichever server it is for. Raises nothing."""
        for folder in _left(self._root, self._folder.path, server):
            try:
                self._deliver(folder)
            except _Retry:
                return False
            finally:
                folder.close()
        return True


def _left(root: str, own: str, server: Optional[str]) -> Iterator[_Folder]:
    parent = os.path.join(root, _FOLDER)
    try:
        names = sorted(os.listdir(parent))
        if os.stat(parent).st_uid != os.getuid():
            return
    except OSError:
        return
    for name in names:
        folder = _Folder(os.path.join(parent, name))
        if folder.path == own:
            continue
        try:
            if folder.adopt(server):
                yield folder
        except OSError:
            folder.release()


def deliver_left(url: str, root: str, timeout_s: float, adopts_all: bool = False) -> bool:
    """Sends what processes left that have gone, of this server or of any. False: it could not."""
    shower = Shower(url, root, last_words_until=time.monotonic() + timeout_s)
    with waiting.at_work():
        return shower.deliver_left(None if adopts_all else url)
