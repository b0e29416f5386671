"""`telltale init`: makes the repository one that is pushed to a server, with a pipeline around a
plain script where there is none. Asks three questions at most, and shows the file it wrote.
"""

import json
import os
import subprocess
import sys
from typing import Any, Dict, List, Optional

from commands import notebook, plain_script, repository
from commands.errors import CommandError
from delivery import find_child

_FILE = "pipeline.py"
_NOTEBOOK = ".ipynb"
_LIKELY = ("train.py", "train.ipynb", "main.py", "run.py")


def main(url: str, project: Optional[str], yes: bool) -> int:
    ask = _Asking(yes or not sys.stdin.isatty())
    if not repository.git("rev-parse", "--show-toplevel", works=False):
        repository.git("init", "--quiet", "--initial-branch=main")
        print("This folder is a git repository now.")
    top = repository.git("rev-parse", "--show-toplevel")
    os.chdir(top)
    found = _find()
    if not found["pipelines"]:
        _write_pipeline(found, ask)
    name = project or repository.name_of(os.path.basename(top))
    repository.connect(url, name)
    print(f"The remote telltale is {repository.git('remote', 'get-url', repository.REMOTE)}")
    branch = repository.git("symbolic-ref", "--short", "HEAD", works=False) or "main"
    if repository.git("status", "--porcelain"):
        print(f'Next: git add --all && git commit -m "a pipeline" && git push telltale {branch}')
    else:
        print(f"Next: git push telltale {branch}")
    return 0


def _find() -> Dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-I", find_child.__file__, os.getcwd()], capture_output=True, check=False
    )
    try:
        found: Dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise CommandError("The Python files here take too much memory or time to read.") from None
    return found


class _Asking:
    def __init__(self, takes_likely: bool) -> None:
        self._takes_likely = takes_likely

    def __call__(self, question: str, likely: str) -> str:
        if self._takes_likely:
            return likely
        return input(f"{question} [{likely}] ").strip() or likely


def _write_pipeline(found: Dict[str, Any], ask: _Asking) -> None:
    if os.path.exists(_FILE):
        raise CommandError(f"{_FILE} has no @dsl.pipeline, and is not overwritten.")
    # Python files first: of those and notebooks the first is taken, where none is likely.
    named = sorted(os.listdir(), key=lambda name: (name.endswith(_NOTEBOOK), name))
    scripts = [name for name in named if name.endswith((".py", _NOTEBOOK))]
    if not scripts:
        broken = "".join(f" {b['file']}:{b['line']}: {b['what']}." for b in found["broken"])
        raise CommandError(f"There is no script or notebook here to make a pipeline of.{broken}")
    likely = next((name for name in _LIKELY if name in scripts), scripts[0])
    script = ask("Which script trains?", likely)
    if script not in scripts:
        raise CommandError(f"There is no {script} here. There are: {', '.join(scripts)}.")
    kind = notebook if script.endswith(_NOTEBOOK) else plain_script
    options = kind.options_of(script)
    if options:
        what = "values" if kind is notebook else "options"
        names = ask(f"Which of its {what} become parameters?", " ".join(o.name for o in options))
        options = _chosen(options, names.replace(",", " ").split())
    name = ask("What is the pipeline called?", os.path.splitext(script)[0].replace("_", "-"))
    text = kind.pipeline_text(script, name, options)
    with open(_FILE, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{_FILE}:\n")
    print("".join(f"    {line}\n" if line else "\n" for line in text.split("\n")[:-1]))


def _chosen(options: "List[plain_script.Option]", names: List[str]) -> "List[plain_script.Option]":
    known = {option.name: option for option in options}
    for name in names:
        if name not in known:
            raise CommandError(f"The script has no option {name}. It has: {', '.join(known)}.")
    return [known[name] for name in names]
