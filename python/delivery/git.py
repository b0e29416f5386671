"""What is read of the bare repository: commits and blobs, and never a checkout. Nothing that was
pushed is run or followed: no hooks, no filters, no submodules, no links.
"""

import os
import subprocess
import tarfile
from typing import List, NamedTuple

from delivery.errors import DeliveryError
from delivery.records import Record

NOTHING = "0" * 40
_FILES = 50_000
_BYTES = 1 << 30
_TIMEOUT_S = 600.0


class Source(NamedTuple):
    files: int
    size: int
    left_out: List[str]  # links and submodules


def log_lines(record: Record, most: int) -> List[str]:
    """The commits that came, newest first."""
    span = f"{record.before}..{record.revision}" if record.before else record.revision
    arguments = ["log", f"--max-count={most}", "--no-decorate", "--pretty=format:%h %s", span, "--"]
    return _git(record, *arguments).decode("utf-8", "replace").splitlines()


def author(record: Record) -> str:
    told = _git(record, "show", "--no-patch", "--pretty=format:%an", record.revision, "--")
    return told.decode("utf-8", "replace").strip()


def unpack(record: Record, folder: str) -> Source:
    """Writes the revision's files to the folder, which is not there yet."""
    os.mkdir(folder, 0o700)
    command = ["git", "-C", record.repository, "archive", "--format=tar", record.revision]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment()) as process:
        assert process.stdout is not None
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                source = _write_all(archive, folder)
        except BaseException:
            process.kill()
            raise
        if process.wait(_TIMEOUT_S) != 0:
            raise DeliveryError("git could not read the revision.")
    return source


def _write_all(archive: tarfile.TarFile, folder: str) -> Source:
    files = 0
    size = 0
    left_out = []
    for member in archive:
        parts = member.name.split("/")
        if member.name.startswith("/") or ".." in parts or ".git" in parts:
            raise DeliveryError(f"A file may not be named {member.name}.")
        path = os.path.join(folder, *[part for part in parts if part])
        if member.isdir():
            os.makedirs(path, mode=0o700, exist_ok=True)
            continue
        if not member.isreg():
            left_out.append(member.name)
            continue
        files += 1
        size += member.size
        if files > _FILES or size > _BYTES:
            raise DeliveryError(
                f"The revision has more than {_FILES:,} files or {_BYTES >> 20:,} MiB, which is "
                "more than is delivered. Keep data elsewhere."
            )
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        data = archive.extractfile(member)
        assert data is not None
        mode = 0o700 if member.mode & 0o100 else 0o600
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            while piece := data.read(1 << 20):
                file.write(piece)
    return Source(files, size, left_out)


def _git(record: Record, *arguments: str) -> bytes:
    command = ["git", "-C", record.repository, *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env=_environment(), timeout=_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise DeliveryError("git could not read the revision.")
    return done.stdout


def _environment() -> "dict[str, str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
