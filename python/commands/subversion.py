"""`telltale push --svn URL@REVISION`: what Subversion has at a revision becomes a commit on top of
the branch that the server has, and is pushed. By svn's and git's own clients, in a folder that
goes.
"""

import os
import re
import subprocess
import tempfile
from typing import Dict, List, NamedTuple, Optional
from xml.etree import ElementTree

from commands import repository
from commands.errors import CommandError

_SCHEMES = ("svn", "svn+ssh", "https", "http", "file")
_MAIN = "main"


class Wanted(NamedTuple):
    address: str
    revision: str
    project: str
    branch: str


class _Change(NamedTuple):
    author: str
    date: str
    message: str


def wanted(text: str, project: Optional[str], branch: Optional[str]) -> Wanted:
    """Of .../PROJECT/trunk and .../PROJECT/branches/BRANCH both are known; of others the last part
    is the project, and main the branch."""
    address, _, revision = text.rpartition("@")
    scheme = address.partition("://")[0]
    if scheme not in _SCHEMES or not re.fullmatch(r"[0-9]+|HEAD", revision):
        raise CommandError(f"{text} is no URL@REVISION as svn://host/project/trunk@42.")
    parts = [part for part in address.partition("://")[2].split("/") if part]
    if parts[-1] == "trunk":
        likely, parts = _MAIN, parts[:-1]
    elif len(parts) > 1 and parts[-2] == "branches":
        likely, parts = parts[-1], parts[:-2]
    else:
        likely = _MAIN
    return Wanted(address, revision, project or repository.name_of(parts[-1]), branch or likely)


def push(url: str, what: Wanted, options: List[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="telltale-svn-") as folder:
        files = os.path.join(folder, "files")
        change = _take(what, files)
        return _Commit(url, what, folder).push(change, options)


def _svn(*arguments: str) -> bytes:
    command = ["svn", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise CommandError("svn is not installed.") from None
    if done.returncode != 0:
        why = done.stderr.decode("utf-8", "replace").strip()
        raise CommandError(why or f"svn {arguments[0]} failed.")
    return done.stdout


def _take(what: Wanted, files: str) -> _Change:
    place = f"{what.address}@{what.revision}"
    quiet = ("--quiet", "--non-interactive", "--revision", what.revision)
    _svn("export", "--ignore-externals", *quiet, "--", place, files)
    # The last change there, which may be an older one.
    newest = ("--revision", f"{what.revision}:1", "--limit", "1")
    told = _svn("log", "--xml", "--non-interactive", *newest, "--", place)
    entry = ElementTree.fromstring(told).find("logentry")
    if entry is None:
        return _Change("", "", "")
    return _Change(*((entry.findtext(name) or "").strip() for name in ("author", "date", "msg")))


class _Commit:
    """git, with a repository of its own, and none of a user's settings: it may run in a hook."""

    def __init__(self, url: str, what: Wanted, folder: str) -> None:
        self._what = what
        self._address = repository.address_of(url, what.project)
        self._ref = f"refs/heads/{what.branch}"
        self._files = os.path.join(folder, "files")
        self._env: Dict[str, str] = {
            **os.environ,
            "GIT_DIR": os.path.join(folder, "git"),
            "GIT_WORK_TREE": self._files,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def push(self, change: _Change, options: List[str]) -> int:
        self._git("init", "--quiet")
        self._git("add", "--all", "--force", ".")
        parent = self._parent()
        tree = self._git("write-tree")
        if parent and self._git("rev-parse", parent + "^{tree}") == tree:
            print(f"The server has this already: nothing changed up to {self._what.revision}.")
            return 0
        author = re.sub(r"[<>\n]", "", change.author) or "svn"
        for role in ("AUTHOR", "COMMITTER"):
            self._env[f"GIT_{role}_NAME"] = author
            self._env[f"GIT_{role}_EMAIL"] = f"{author}@svn"
            if change.date:
                self._env[f"GIT_{role}_DATE"] = change.date
        about = f"{change.message or 'A change'}\n\nSubversion: {self._what.address}"
        message = f"{about}@{self._what.revision}\n"
        after = ("-p", parent) if parent else ()
        commit = self._git("commit-tree", *after, "-m", message, tree)
        wishes = [part for option in options for part in ("-o", option)]
        command = [*self._command(), "push", *wishes, self._address, f"{commit}:{self._ref}"]
        return subprocess.run(command, env=self._env, cwd=self._files, check=False).returncode

    def _parent(self) -> str:
        if not self._git("ls-remote", self._address, self._ref):
            return ""
        self._git("fetch", "--quiet", "--depth=1", self._address, self._ref)
        return self._git("rev-parse", "FETCH_HEAD")

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command(), *arguments],
            env=self._env,
            cwd=self._files,
            capture_output=True,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode == 0:
            return said
        # Of a project that there is not yet nothing is known.
        why = done.stderr.decode("utf-8", "replace").strip()
        if arguments[0] == "ls-remote" and "not found" in why:
            return ""
        raise CommandError(why or f"git {arguments[0]} failed.")

    def _command(self) -> List[str]:
        settings = {"core.hooksPath": os.devnull, "core.autocrlf": "false"}
        command = ["git"]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return [*command, "-c", "credential.helper=", "-c", repository.credential_helper()]
