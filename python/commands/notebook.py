"""A notebook as a pipeline of one task: which of its values may be parameters, told by the syntax
tree of its code cells and without running it, and the text of the pipeline's file.
"""

import ast
import json
import os
from typing import Any, Dict, List

from commands.errors import CommandError
from commands.plain_script import Option, task_name

_BYTES = 64 << 20
_TYPES = {int: "int", float: "float", str: "str"}


def options_of(path: str) -> List[Option]:
    """What is set once, to a plain value: `epochs = 3` at the beginning of a line."""
    values: Dict[str, Any] = {}
    times: Dict[str, int] = {}
    for number, code in enumerate(_cells(path), 1):
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError) as error:
            what = getattr(error, "msg", error)
            raise CommandError(f"{path}, code cell {number}: {what}") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                times[node.id] = times.get(node.id, 0) + 1
        for line in tree.body:
            if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
                for target in line.targets:
                    if isinstance(target, ast.Name) and type(line.value.value) in _TYPES:
                        values[target.id] = line.value.value
    names = [name for name in values if times[name] == 1]
    return [Option(name, _TYPES[type(values[name])], values[name]) for name in names]


def _cells(path: str) -> List[str]:
    try:
        if os.path.getsize(path) > _BYTES:
            raise CommandError(f"{path} is larger than {_BYTES >> 20} MiB.")
        with open(path, encoding="utf-8") as file:
            cells = json.load(file)["cells"]
        codes = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise CommandError(f"{path} is no notebook that can be read.") from None
    return [_python(code) for code in codes if not _is_another_language(code)]


def _is_another_language(code: str) -> bool:
    return code.startswith("%%") and not code.startswith(("%%time", "%%capture"))


def _python(code: str) -> str:
    """Lines of the notebook's own commands mean nothing to Python."""
    lines = []
    for line in code.split("\n"):
        bare = line.lstrip()
        blank = line[: len(line) - len(bare)]
        lines.append(f"{blank}pass  # {bare}" if bare.startswith(("%", "!")) else line)
    return "\n".join(lines)


_TEXT = '''"""{notebook} as a pipeline, by `telltale init`. It is yours: change it as you like."""

import json
import pathlib

from kfp import dsl

NOTEBOOK = {notebook_text}
# Names that the notebook sets once, and that a run may set to something else.
PARAMETERS = {names}
# What the task gets of this repository beside it: small files of text.
KINDS = (".py", ".csv", ".json", ".toml", ".txt", ".yaml")
HERE = pathlib.Path(__file__).parent
FILES = {{
    file.name: file.read_text()
    for file in sorted(HERE.iterdir())
    if file.suffix in KINDS and file.stat().st_size < 64_000 and file.name != "pipeline.py"
}}


def python_line(line):
    bare = line.lstrip()
    if bare.startswith(("%", "!")):  # the notebook's own commands
        return line[: len(line) - len(bare)] + "pass  # " + bare
    name = line.partition("=")[0].rstrip()
    return f"{{name}} = parameters[{{name!r}}]" if name in PARAMETERS else line


def script():
    """The code cells one after another."""
    lines = ["import json, os", 'parameters = json.loads(os.environ["PARAMETERS"])']
    for cell in json.loads((HERE / NOTEBOOK).read_text())["cells"]:
        code = "".join(cell["source"])
        another_language = code.startswith("%%") and not code.startswith(("%%time", "%%capture"))
        if cell["cell_type"] == "code" and not another_language:
            lines += [python_line(line) for line in code.split("\\n")]
    return "\\n".join(lines) + "\\n"


@dsl.component
def {task}(files: dict{signature}):
    import json
    import os
    import subprocess
    import sys
    import tempfile

    folder = tempfile.mkdtemp()
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    values = {{{values}}}
    env = {{**os.environ, "PARAMETERS": json.dumps(values), "MPLBACKEND": "agg"}}
    subprocess.run([sys.executable, "-u", "notebook.py"], cwd=folder, env=env, check=True)


@dsl.pipeline(name={name})
def pipeline({defaults}):
    {task}(files={{**FILES, "notebook.py": script()}}{arguments})
'''


def pipeline_text(notebook: str, name: str, options: List[Option]) -> str:
    return _TEXT.format(
        notebook=notebook,
        notebook_text=json.dumps(notebook),
        names=json.dumps([option.name for option in options]),
        task=task_name(notebook),
        name=json.dumps(name),
        signature="".join(f", {o.parameter}: {o.kind}" for o in options),
        values=", ".join(f"{json.dumps(o.name)}: {o.parameter}" for o in options),
        defaults=", ".join(f"{o.parameter}: {o.kind} = {o.default!r}" for o in options),
        arguments="".join(f", {o.parameter}={o.parameter}" for o in options),
    )
