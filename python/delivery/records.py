"""What is kept of a delivery, in a folder of its own below DATA/deliveries: a record that says what
is done, so that whoever comes after a crash does no finished stage twice; the lines of the pushing
terminal; the source; a lock, held by the delivery's process while it lives.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, NamedTuple, Optional

from delivery.errors import DeliveryError
from telltale import ids
from telltale.encoding import now_us

SOURCE = "push"  # of a delivery's run
_RECORD = "record.json"
# A revision that is pushed to its branch again is a delivery of its own, so many times.
_AGAIN = 1_000
# Deliveries of all projects, each with its source and the artifacts of its run.
_KEPT = 200
# Of the hook that begins a delivery, and of git.
_NOT_PASSED_ON = ("GIT_", "TELLTALE_PROJECT", "TELLTALE_PUSH", "TELLTALE_BY")


class Record:
    """Belongs to the process that holds its lock, but for its first lines."""

    def __init__(self, folder: str, fields: Dict[str, Any]) -> None:
        self.folder = folder
        # One of an earlier version has fewer.
        self.fields = {**Push._field_defaults, **fields}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def branch(self) -> str:
        return str(self.ref)[len("refs/heads/") :]

    @property
    def short(self) -> str:
        """Of the revision, or what it was called."""
        return str(self.revision)[:7] or str(self.fetch["revision"])

    @property
    def title(self) -> str:
        """Of its run."""
        return f"{self.project} {self.branch} {self.short}"

    @property
    def url(self) -> str:
        """Of the server that is there now."""
        return os.environ["TELLTALE_URL"]

    @property
    def data(self) -> str:
        return os.path.dirname(os.path.dirname(self.folder))

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def set(self, **fields: Any) -> None:
        """On the disk when it returns."""
        self.fields.update(fields)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
            json.dump(self.fields, file, ensure_ascii=True, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.path(_RECORD))

    def finish_stage(self, stage: str, result: Dict[str, Any]) -> None:
        self.set(finished={**self.finished, stage: result})

    def next_attempt(self, stage: str) -> int:
        attempt = int(self.attempts.get(stage, 0)) + 1
        self.set(attempts={**self.attempts, stage: attempt})
        return attempt

    def lock(self) -> Optional[int]:
        """Nothing where another process holds it. Open until the process ends."""
        return _lock(self.path("lock"))

    def is_alive(self) -> bool:
        held = self.lock()
        if held is None:
            return True
        os.close(held)
        return False


def _lock(path: str) -> Optional[int]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def lock_branch(record: Record) -> Optional[int]:
    """One delivery of a branch at a time."""
    name = ids.hash_id("branch", record.project, record.ref)
    return _lock(os.path.join(record.data, "deliveries", name + ".branch"))


class Push(NamedTuple):
    project: str
    repository: str  # the bare one's folder
    ref: str
    revision: str
    before: str  # the revision that was there; empty: none
    wishes: Dict[str, str]  # what came with -o
    by: str = ""  # the name of whose token it was
    push: str = ""  # which of the server's; empty: none of git's client
    # Where the revision is not here yet: {"url", "revision"}; `revision` is empty until it is.
    fetch: Optional[Dict[str, str]] = None
    how: str = "pushed"


def _forget_oldest(data: str) -> None:
    """Of those that have ended; the source of a run that still goes on stays."""
    ended = sorted((r for r in all_of(data) if r.state), key=lambda r: int(r.pushed_at_us))
    for record in ended[:-_KEPT]:
        run_key = record.finished.get("run", {}).get("run_key", "")
        if not os.path.exists(os.path.join(data, "spool", run_key + ".running")):
            shutil.rmtree(record.folder, ignore_errors=True)


def create(data: str, push: Push) -> Record:
    """A delivery that nobody works on yet."""
    _forget_oldest(data)
    for again in range(_AGAIN):
        revision = push.revision or (push.fetch or {})["revision"]
        uid = f"{push.ref}@{revision}" + (f"#{again + 1}" if again else "")
        key = ids.run_key("push", "", push.project, uid)
        folder = os.path.join(data, "deliveries", key)
        os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
        record = Record(folder, {})
        record.set(
            key=key,
            **push._asdict(),
            pushed_at_us=now_us(),
            finished={},
            attempts={},
            state="",
        )
        return record
    raise DeliveryError(f"{revision[:7]} was delivered {_AGAIN} times already.")


def read(folder: str) -> Optional[Record]:
    """Nothing for what is no record, or not yet."""
    try:
        with open(os.path.join(folder, _RECORD), encoding="ascii") as file:
            fields = json.load(file)
    except (OSError, ValueError):
        return None
    return Record(folder, fields) if isinstance(fields, dict) and "key" in fields else None


def all_of(data: str) -> List[Record]:
    root = os.path.join(data, "deliveries")
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    found = [read(os.path.join(root, name)) for name in names if ids.is_id(name)]
    return [record for record in found if record is not None]


def unfinished(data: str) -> List[Record]:
    return [r for r in all_of(data) if not r.state and not r.is_alive()]


def start(record: Record) -> None:
    """In a process of its own session, which nothing that ends here takes along."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    with open(record.path("process.log"), "ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "delivery", "deliver", record.folder],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=record.data,
            env=kept,
            start_new_session=True,
        )
