"""The developer's own git repository, as `telltale init` leaves it: a remote named telltale, and
git told to ask this program for the token. No secret stands in .git/config.
"""

import os
import re
import shlex
import subprocess
import urllib.parse
from typing import List, TextIO, Tuple

from commands.errors import CommandError
from commands.server import Server

REMOTE = "telltale"


def git(*arguments: str, works: bool = True) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise CommandError("git is not installed.") from None
    if done.returncode != 0 and works:
        why = done.stderr.decode("utf-8", "replace").strip()
        raise CommandError(why or f"git {arguments[0]} failed.")
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def name_of(folder: str) -> str:
    """What the server takes as a project's name (server/deliver/git_http)."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder).strip("-_")[:64]
    return name or "project"


def address_of(url: str, project: str) -> str:
    return f"{url.rstrip('/')}/git/{project}.git"


def _helper() -> str:
    return "!" + shlex.quote(os.environ.get("TELLTALE_PROGRAM") or "telltale") + " credential"


def credential_helper() -> str:
    """As a setting of git's."""
    return f"credential.helper={_helper()}"


def connect(url: str, project: str) -> None:
    address = address_of(url, project)
    known = git("remote").split("\n")
    git("remote", "set-url" if REMOTE in known else "add", REMOTE, address)
    parts = urllib.parse.urlsplit(url)
    name = f"credential.{parts.scheme}://{parts.netloc}.helper"
    git("config", "--unset-all", name, works=False)
    # The empty one first: no other helper is asked, nor told the token to keep.
    git("config", "--add", name, "")
    git("config", "--add", name, _helper())


def credential(verb: str, asked: TextIO, answer: TextIO) -> int:
    """What git asks its helpers: lines of name=value, gitcredentials(7)."""
    lines = dict(line.rstrip("\n").partition("=")[::2] for line in asked)
    if verb == "get" and lines.get("host"):
        token = Server(f"{lines.get('protocol', 'http')}://{lines['host']}").token()
        if token:
            answer.write(f"username={REMOTE}\npassword={token}\n")
    return 0


def _branch() -> str:
    branch = git("symbolic-ref", "--short", "HEAD", works=False)
    if not branch:
        raise CommandError("You are on no branch. `git switch BRANCH` goes to one.")
    return branch


def _needs_remote() -> None:
    if REMOTE not in git("remote").split("\n"):
        raise CommandError("This repository has no remote telltale. `telltale init` adds it.")


def project_and_branch() -> Tuple[str, str]:
    """What the server calls this repository, and the branch one is on."""
    _needs_remote()
    project = git("remote", "get-url", REMOTE).rsplit("/", 1)[-1][: -len(".git")]
    return project, _branch()


def push(options: List[str]) -> int:
    _needs_remote()
    wishes = [part for option in options for part in ("-o", option)]
    return subprocess.run(["git", "push", *wishes, REMOTE, _branch()], check=False).returncode
