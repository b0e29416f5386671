"""What is read of the bare repository: commits and blobs, and never a checkout. Nothing that was
pushed is run or followed: no hooks, no filters, no submodules, no links.
"""

import os
import re
import shlex
import subprocess
import tarfile
from typing import Dict, List, NamedTuple

from delivery.errors import DeliveryError
from delivery.records import Record

NOTHING = "0" * 40
_FILES = 50_000
_BYTES = 1 << 30
_TIMEOUT_S = 600.0
_MEMORY = 2 << 30  # of git, as the server gives it (server/deliver/git_limits.h)


def make_repository(repository: str) -> None:
    """As the server makes one at a first push (server/deliver/git_http)."""
    command = ["git", "init", "--bare", "--quiet", "--template=", "--initial-branch=main"]
    done = subprocess.run([*command, repository], env=environment(), check=False)
    if done.returncode != 0:
        raise DeliveryError("git could not make the repository.")


def move_branch(record: Record) -> None:
    """The record's revision becomes the tip of its branch."""
    _git(record.repository, "update-ref", record.ref, record.revision)


def fetch_protocols() -> List[str]:
    """What a revision may be fetched by. Tests add others."""
    return os.environ.get("TELLTALE_FETCH_PROTOCOLS", "https:ssh").split(":")


class Fetch(NamedTuple):
    command: List[str]
    env: Dict[str, str]


def fetch(record: Record) -> Fetch:
    """What brings the revision into a ref of the delivery's own. Follows no link to another host,
    asks nobody, and gives passwords of DATA/git-credentials to the hosts that these name."""
    known = os.path.join(record.data, "git-credentials")
    settings = {
        "core.hooksPath": os.devnull,
        "credential.helper": f"store --file={shlex.quote(known)}",
        "fetch.fsckObjects": "true",
        "http.followRedirects": "false",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "60",
        "pack.threads": "1",
        "core.bigFileThreshold": "16m",
    }
    # What may be written to one file bounds what is fetched.
    command = ["/usr/bin/prlimit", f"--fsize={_BYTES}:{_BYTES}", f"--as={_MEMORY}:{_MEMORY}"]
    command += ["git", "-C", record.repository]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    command += ["fetch", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"]
    command += ["--no-write-fetch-head", "--", record.fetch["url"]]
    command += [f"+{record.fetch['revision']}:{_fetched(record)}"]
    env = {
        **environment(),
        "GIT_ALLOW_PROTOCOL": ":".join(fetch_protocols()),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    }
    return Fetch(command, {k: v for k, v in env.items() if not k.startswith("TELLTALE_")})


def take_fetched(record: Record) -> None:
    """The record's revision is known then, and the tip of its branch."""
    revision = revision_of(record.repository, _fetched(record))
    if not revision:
        raise DeliveryError(f"{record.fetch['revision']} is no commit there.")
    record.set(revision=revision, before=tips(record.repository).get(record.ref, ""))
    move_branch(record)
    _git(record.repository, "update-ref", "-d", _fetched(record))


def _fetched(record: Record) -> str:
    return f"refs/telltale/{record.key}"


class Source(NamedTuple):
    files: int
    size: int
    left_out: List[str]  # links and submodules


def repository_of(data: str, project: str) -> str:
    return os.path.join(data, "git", project + ".git")


def tips(repository: str) -> Dict[str, str]:
    """The revision of each branch, by its ref."""
    said = _git(repository, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/")
    lines = said.decode("utf-8", "surrogateescape").splitlines()
    return {ref: revision for revision, _, ref in (line.partition(" ") for line in lines)}


def revision_of(repository: str, named: str) -> str:
    """The commit that it names there; empty: none."""
    if not is_name(named):
        return ""
    try:
        found = _git(repository, "rev-parse", "--verify", "--quiet", named + "^{commit}")
    except DeliveryError:
        return ""
    return found.decode("ascii").strip()


def is_name(text: str) -> bool:
    """Of a branch, a tag or a commit, and nothing that git takes for an option or a rule."""
    plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}", text) is not None
    return plain and not re.search(r"\.\.|//|/\.|[./]$|\.lock(/|$)", text)


def log_lines(record: Record, most: int) -> List[str]:
    """The commits that came, newest first; where none did, the revision's own."""
    format_ = ["--no-decorate", "--pretty=format:%h %s"]
    span = f"{record.before}..{record.revision}" if record.before else record.revision
    said = _git(record.repository, "log", f"--max-count={most}", *format_, span, "--")
    said = said or _git(record.repository, "log", "--max-count=1", *format_, record.revision, "--")
    return said.decode("utf-8", "replace").splitlines()


def author(record: Record) -> str:
    told = _git(
        record.repository, "show", "--no-patch", "--pretty=format:%an", record.revision, "--"
    )
    return told.decode("utf-8", "replace").strip()


def unpack(record: Record, folder: str) -> Source:
    """Writes the revision's files to the folder, which is not there yet."""
    os.mkdir(folder, 0o700)
    command = ["git", "-C", record.repository, "archive", "--format=tar", record.revision]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
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


def _git(repository: str, *arguments: str) -> bytes:
    command = ["git", "-C", repository, *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env=environment(), timeout=_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise DeliveryError("git could not read the revision.")
    return done.stdout


def environment() -> Dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
