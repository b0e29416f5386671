"""The files of ours that checks look at: what git has or would take of a tree."""
import pathlib
import subprocess
from typing import Iterator, List

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files(root: pathlib.Path) -> List[str]:
    """Paths relative to `root`; in a folder that is no checkout of its own, every file below it."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, check=True, stdout=subprocess.PIPE).stdout.decode()
        names = [name for name in listed.split("\0") if name]
    else:
        names = [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()]
    return sorted(name for name in names if (root / name).is_file())


def lines(root: pathlib.Path, name: str) -> Iterator[str]:
    with open(root / name, encoding="utf-8", errors="replace") as file:
        for line in file:
            yield line.rstrip("\n")
