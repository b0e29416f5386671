"""What pushes are about to write, each a file below DATA/pushes that the pre-receive hook made. It
goes once the push's deliveries are begun: by the post-receive hook, or, where that never came to
it, by whoever looks next. Who holds the file's lock begins them.
"""

import contextlib
import fcntl
import os
import time
from typing import Dict, Iterator, List, NamedTuple, Optional

from delivery import git, records
from delivery.errors import DeliveryError
from delivery.records import Record

_HEADS = "refs/heads/"
# The rest of a push that brings more is not delivered: each takes a process and an environment.
BRANCHES = 4
# A push that was refused, or ended before it wrote anything, leaves its file. git needs less from
# one hook to the other.
_KEPT_S = 3600.0
_OPTIONS = 1_000


class Branch(NamedTuple):
    before: str  # the revision that was there; empty: none
    revision: str
    ref: str


class Arrival(NamedTuple):
    push: str
    project: str
    by: str
    options: List[str]
    branches: List[Branch]


def branches_of(lines: List[str]) -> List[Branch]:
    """As git tells its hooks; what is no branch, or goes, is left out."""
    found = []
    for line in lines:
        before, revision, ref = line.rstrip("\n").split(" ", 2)
        if ref.startswith(_HEADS) and revision.strip("0"):
            found.append(Branch("" if before == git.NOTHING else before, revision, ref))
    return found


def wishes_of(options: List[str]) -> Dict[str, str]:
    """`git push -o run.epochs=5 -o wait`: what came behind each -o, by name."""
    pairs = [option.partition("=")[::2] for option in options]
    return {name: value for name, value in pairs if name == "wait" or name.startswith("run.")}


def begin(data: str, arrival: Arrival) -> List[Record]:
    """A delivery for each branch that has none of this push yet; answers those of the push."""
    begun = [record for record in records.all_of(data) if record.push == arrival.push]
    for branch in arrival.branches:
        if len(begun) >= BRANCHES:
            break
        if any(record.ref == branch.ref for record in begun):
            continue
        push = records.Push(
            project=arrival.project,
            repository=git.repository_of(data, arrival.project),
            ref=branch.ref,
            revision=branch.revision,
            before=branch.before,
            wishes=wishes_of(arrival.options),
            by=arrival.by,
            push=arrival.push,
        )
        begun.append(records.create(data, push))
    return begun


@contextlib.contextmanager
def claimed(data: str, push: str, patient: bool = True) -> Iterator[Optional[str]]:
    """The file's path while nobody else may begin that push; nothing where it is gone, or another
    has it and that is not waited for."""
    path = os.path.join(data, "pushes", push)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        yield path if os.fstat(fd).st_nlink else None
    except BlockingIOError:
        yield None
    finally:
        os.close(fd)


def recover(data: str) -> None:
    """Begins what pushes wrote that ended before they could. One that is at it is let be: its
    branches that are written already get their delivery from here, and no second one there."""
    try:
        names = sorted(os.listdir(os.path.join(data, "pushes")))
    except FileNotFoundError:
        return
    for name in names:
        with claimed(data, name, patient=False) as path:
            if path is not None:
                _recover(data, path)


def _recover(data: str, path: str) -> None:
    old = time.time() - os.stat(path).st_mtime > _KEPT_S
    try:
        arrival = _read(path)
        repository = git.repository_of(data, arrival.project)
        tips = git.tips(repository)
        written = [b for b in arrival.branches if tips.get(b.ref) == b.revision]
        begin(data, arrival._replace(branches=written))
        whole = len(written) == len(arrival.branches)
    except (DeliveryError, ValueError, OSError, IndexError):
        whole = False
    if whole or old:
        os.unlink(path)


def _read(path: str) -> Arrival:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        project, by, count, *rest = file.read().split("\n")
    many = int(count)
    if not 0 <= many <= _OPTIONS:
        raise ValueError(count)
    lines = [line for line in rest[many:] if line]
    return Arrival(os.path.basename(path), project, by, rest[:many], branches_of(lines))
