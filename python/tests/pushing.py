"""A developer's repository, with git's real client, for tests that push."""

import os
import subprocess
from pathlib import Path
from typing import Optional

from real_server import Server

IDENTITY = {
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.org",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}


class Repository:
    """A developer's own, with git's real client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, works: Optional[bool] = True) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **IDENTITY},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace")
        assert works is None or (done.returncode == 0) == works, said
        return said

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD").strip()


def address(server: Server, project: str = "demo", token: str = "") -> str:
    token = token or (server.data / "token").read_text().strip()
    return f"http://telltale:{token}@127.0.0.1:{server.port}/git/{project}.git"
