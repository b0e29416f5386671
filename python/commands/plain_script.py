"""A plain script as a pipeline of one task: what options it takes, told by its syntax tree and
without running it, and the text of the pipeline's file.
"""

import ast
import json
import keyword
import os
from typing import List, NamedTuple, Optional, Union

from commands.errors import CommandError

# Names that the pipeline's own code uses (also a notebook's).
_TAKEN = {"command", "env", "file", "files", "folder", "json", "name", "os", "script"}
_TAKEN |= {"subprocess", "sys", "tempfile", "text", "values"}
_TYPES = {"int": int, "float": float, "str": str}
Value = Union[int, float, str]


class Option(NamedTuple):
    name: str  # without the dashes
    kind: str  # "int", "float", "str"
    default: Value

    @property
    def parameter(self) -> str:
        name = self.name.replace("-", "_")
        return name + "_" if keyword.iskeyword(name) or name in _TAKEN else name


def options_of(script: str) -> List[Option]:
    """Those of argparse with a plain default: `add_argument("--epochs", type=int, default=3)`."""
    try:
        with open(script, "rb") as file:
            tree = ast.parse(file.read(), script)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 0
        raise CommandError(f"{script}:{line}: {getattr(error, 'msg', error)}") from None
    found = {}
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr == "add_argument":
            option = _option_of(node)
            if option is not None:
                found[option.name] = option
    return list(found.values())


def _option_of(call: ast.Call) -> Optional[Option]:
    flags = [a.value for a in call.args if isinstance(a, ast.Constant)]
    name = next((f[2:] for f in flags if isinstance(f, str) and f.startswith("--")), "")
    told = {argument.arg: argument.value for argument in call.keywords}
    default = told.get("default")
    if not name.replace("-", "_").isidentifier() or "action" in told or "nargs" in told:
        return None
    if not isinstance(default, ast.Constant) or type(default.value) not in (int, float, str):
        return None
    kind = ast.unparse(told["type"]) if "type" in told else type(default.value).__name__
    if kind not in _TYPES:
        return None
    return Option(name, kind, _TYPES[kind](default.value))


_TEXT = '''"""{script} as a pipeline, by `telltale init`. It is yours: change it as you like."""

import pathlib

from kfp import dsl

# What the task gets of this repository: small files of text, the script among them.
KINDS = (".py", ".csv", ".json", ".toml", ".txt", ".yaml")
HERE = pathlib.Path(__file__).parent
FILES = {{
    file.name: file.read_text()
    for file in sorted(HERE.iterdir())
    if file.suffix in KINDS and file.stat().st_size < 64_000 and file.name != "pipeline.py"
}}


@dsl.component
def {task}(files: dict{signature}):
    import os
    import subprocess
    import sys
    import tempfile

    folder = tempfile.mkdtemp()
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    command = [sys.executable, "-u", {script_text}]
{options}    subprocess.run(command, cwd=folder, check=True)


@dsl.pipeline(name={name})
def pipeline({defaults}):
    {task}(files=FILES{arguments})
'''


def task_name(file: str) -> str:
    task = "".join(c if c.isalnum() else "_" for c in os.path.splitext(file)[0]) or "task"
    return task if task.isidentifier() and not keyword.iskeyword(task) else "task_" + task


def pipeline_text(script: str, name: str, options: List[Option]) -> str:
    return _TEXT.format(
        script=script,
        script_text=json.dumps(script),
        task=task_name(script),
        name=json.dumps(name),
        signature="".join(f", {o.parameter}: {o.kind}" for o in options),
        options="".join(f'    command += ["--{o.name}", str({o.parameter})]\n' for o in options),
        defaults=", ".join(f"{o.parameter}: {o.kind} = {o.default!r}" for o in options),
        arguments="".join(f", {o.parameter}={o.parameter}" for o in options),
    )
