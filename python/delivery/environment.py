"""The Python environment of a project: made once for what its requirements say, and found again by
their hash. A project that asks for nothing runs in the server's own.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from typing import Callable, List, NamedTuple

from delivery.errors import DeliveryError

# Raised when environments made before must be made again though the requirements are the same.
_LAYOUT = "2"
_READY = "telltale-ready"
_KEPT = 20
_CONSTRAINTS = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "requirements.txt"
)
# What runs the pipeline in it (python/local_target), of the versions that the server has.
_RUNNER = ("kfp", "packaging", "uv")
# The first that is there says what the project needs.
_ASKING = ("uv.lock", "requirements.txt", "pyproject.toml")

# Runs a command with its output in the stage's log; raises a DeliveryError of that sentence.
Run = Callable[[List[str], str], None]


class Environment(NamedTuple):
    python: str
    told: str  # in the stage's line


def of_project(source: str, data: str, named: str, run: Run) -> Environment:
    """`named`: the file that says what it needs; empty: the first that is there."""
    if named and not os.path.isfile(os.path.join(source, named)):
        raise DeliveryError(f"telltale.yaml: there is no file {named}.")
    asking = named or next((n for n in _ASKING if os.path.isfile(os.path.join(source, n))), None)
    if asking is None:
        return Environment(sys.executable, "the server's own environment")
    name = _hash_of(source, asking)
    root = os.path.join(data, "environments")
    os.makedirs(root, mode=0o700, exist_ok=True)
    folder = os.path.join(root, name)
    python = os.path.join(folder, "bin", "python")
    with open(folder + ".lock", "w", encoding="ascii") as lock:
        # Two deliveries that need the same one: the second finds it made.
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = os.path.join(folder, _READY)
        if os.path.exists(ready):
            os.utime(ready)
            return Environment(python, f"environment reused ({asking} unchanged)")
        _make(source, asking, folder, python, run)
        with open(ready, "w", encoding="ascii"):
            pass
    _forget_oldest(root, name)
    return Environment(python, f"environment made from {asking}")


def _hash_of(source: str, asking: str) -> str:
    digest = hashlib.sha256(f"{_LAYOUT}\n{sys.version}\n{asking}\n".encode())
    for name in (asking, "pyproject.toml") if asking == "uv.lock" else (asking,):
        with open(os.path.join(source, name), "rb") as file:
            digest.update(file.read())
    with open(_CONSTRAINTS, "rb") as file:
        digest.update(file.read())
    return digest.hexdigest()[:24]


def _make(source: str, asking: str, folder: str, python: str, run: Run) -> None:
    uv = os.path.join(os.path.dirname(sys.executable), "uv")
    why = f"{asking} could not be installed"
    run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], why)
    install = [uv, "pip", "install", "--python", python, "--constraint", _CONSTRAINTS]
    if asking == "uv.lock":
        exported = folder + ".requirements"
        export = [uv, "export", "--frozen", "--no-emit-project", "--no-hashes", "--quiet"]
        run([*export, "--project", source, "--output-file", exported], why)
        run([*install, "--requirements", exported, *_RUNNER], why)
    else:
        run([*install, "--requirements", os.path.join(source, asking), *_RUNNER], why)


def _forget_oldest(root: str, but: str) -> None:
    """Those that were not used for longest; what runs in one now has used it lately."""
    made = []
    for name in os.listdir(root):
        ready = os.path.join(root, name, _READY)
        if name != but and os.path.exists(ready):
            made.append((os.stat(ready).st_mtime, name))
    for _, name in sorted(made, reverse=True)[_KEPT - 1 :]:
        shutil.rmtree(os.path.join(root, name), ignore_errors=True)
