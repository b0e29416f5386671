"""The `pip install` that kfp's compiler puts before a lightweight component's code.

Locally the environment mostly has what is asked for: then the step is left out (kfp.local would
also run such tasks one at a time). What is missing is installed beside the environment, never into
it: into a directory named by the requirements, shared by later runs.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import re
import shlex
import shutil
import sys
from contextlib import contextmanager
from typing import Iterator, List, NamedTuple, Optional, Tuple

_INSTALL = re.compile(r"python3? -m pip install ((?:[^&\n]|&(?!&))*)")
_OPTIONS_WITH_VALUE = ("--index-url", "-i", "--extra-index-url", "--trusted-host", "--find-links")
_DONE_FILE = ".complete"


class Install(NamedTuple):
    requirements: List[str]
    options: List[str]  # where packages come from

    def directory_name(self) -> str:
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        text = "\n".join([python, *self.options, *sorted(self.requirements)])
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def split_command(command: List[str]) -> Tuple[Install, List[str]]:
    """What a component's command installs first, and the command without that."""
    if len(command) < 4 or command[:2] != ["sh", "-c"] or '"$0" "$@"' not in command[2]:
        return Install([], []), command
    found = _INSTALL.findall(command[2])
    if not found:
        return Install([], []), command
    requirements: List[str] = []
    options: List[str] = []
    for arguments in found:
        tokens = iter(shlex.split(arguments))
        for token in tokens:
            if token in _OPTIONS_WITH_VALUE:
                options += [token, next(tokens, "")]
            elif token.startswith(tuple(o + "=" for o in _OPTIONS_WITH_VALUE if o[:2] == "--")):
                options.append(token)
            elif not token.startswith("-"):
                requirements.append(token)
    return Install(requirements, options), command[3:]


def missing(install: Install) -> Install:
    """The part that this environment doesn't have."""
    return install._replace(requirements=[r for r in install.requirements if not _has(r)])


def _has(requirement: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(requirement)
    except InvalidRequirement:
        return False  # a path or URL
    if wanted.marker is not None and not wanted.marker.evaluate():
        return True
    if wanted.url is not None:
        return False
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return wanted.specifier.contains(version, prereleases=True)


def install_command(install: Install, directory: str) -> List[str]:
    uv = find_uv()
    if uv is not None:
        installer = [uv, "pip", "install", "--python", sys.executable]
    else:
        installer = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    return [*installer, "--target", directory, *install.options, *install.requirements]


def find_uv() -> Optional[str]:
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.access(beside, os.X_OK) else shutil.which("uv")


@contextmanager
def locked(directory: str) -> Iterator[bool]:
    """Holds the directory for one installer at a time. True when it is complete already."""
    os.makedirs(directory, exist_ok=True)
    with open(directory + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield os.path.exists(os.path.join(directory, _DONE_FILE))


def mark_complete(directory: str) -> None:
    with open(os.path.join(directory, _DONE_FILE), "w", encoding="ascii"):
        pass
