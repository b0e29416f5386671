"""The types of visualization: one Python file each, in the package's own folder and in those that
the operator names. A file is read by `ast` and never imported: its docstring is its title and
description, the annotated names at its top are its arguments.

    \"\"\"Residuals

    What the model left over.\"\"\"
    source: str            # required; with a default: optional; not there: the type takes none
    bins: int = 20         # How many bars

A name of the package's own cannot be taken by a file of another folder.
"""

import ast
import hashlib
import io
import json
import os
import re
import tokenize
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

OWN_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "types")
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_FILE_BYTES_MAX = 1 << 20
_TYPES_MAX = 500
# What steps show by themselves (telltale.show) is listed as a visualization of this type.
_NOT_DRAWN = "show"
_KINDS = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "json",
    "dict": "json",
    "text": "text",
    "object": "json",
}
_PYTHON: Dict[str, Tuple[type, ...]] = {
    "string": (str,),
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


class BadType(ValueError):
    """A file that is no type; the sentence says why."""


class BadArguments(ValueError):
    """Arguments that the type does not take."""


class Argument(NamedTuple):
    name: str
    type: str
    default: Any
    required: bool
    description: str

    def told(self) -> Dict[str, Any]:
        return dict(self._asdict())

    def value(self, given: Any) -> Any:
        """As the type's code gets it. Forms and older callers send text for all of them."""
        if self.type == "json":
            return given
        if isinstance(given, _PYTHON[self.type]) and not (
            isinstance(given, bool) and self.type != "boolean"
        ):
            return given
        try:
            return self._from_text(given)
        except (ValueError, TypeError, KeyError):
            raise BadArguments(f"{self.name}: {given!r} is no {self.type}") from None

    def _from_text(self, given: Any) -> Any:
        if self.type == "boolean":
            return {"true": True, "false": False, "": False, "1": True, "0": False}[
                str(given).lower()
            ]
        if self.type == "integer":
            return int(given)
        if self.type == "number":
            return float(given)
        return str(given)


class Type(NamedTuple):
    name: str
    title: str
    description: str
    digest: str
    arguments: List[Argument]
    source: str  # "none", "optional" or "required"
    code: str  # without the lines of its arguments, its other lines at their places
    folder: str

    def told(self) -> Dict[str, Any]:
        """As PUT /api/v1/render/types tells it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "digest": self.digest,
            "engine": "python",
            "arguments": [argument.told() for argument in self.arguments],
            "source": self.source,
        }

    def names(self, source: str, variables: Dict[str, Any]) -> Dict[str, Any]:
        """What its code finds defined."""
        found: Dict[str, Any] = {}
        for argument in self.arguments:
            if argument.name in variables:
                found[argument.name] = argument.value(variables[argument.name])
            elif argument.required:
                raise BadArguments(f"{argument.name} is required")
            else:
                found[argument.name] = argument.default
        return {**found, "source": source, "variables": variables}


def _comments(text: str) -> Dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def _argument(node: ast.AnnAssign, comment: str) -> Argument:
    assert isinstance(node.target, ast.Name)
    name = node.target.id
    annotation = node.annotation
    written = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    kind = _KINDS.get(str(written).split("[")[0].lower())
    if kind is None:
        raise BadType(f"line {node.lineno}: {name} is of an unknown kind, {written}")
    try:
        default = None if node.value is None else ast.literal_eval(node.value)
        json.dumps(default)
    except (ValueError, TypeError):
        raise BadType(f"line {node.lineno}: the default of {name} is no plain value") from None
    return Argument(name, kind, default, node.value is None, comment)


def parse(name: str, text: str, folder: str) -> Type:
    try:
        tree = ast.parse(text)
        comments = _comments(text)
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise BadType(f"this is no Python: {error}") from None
    title, _, description = (ast.get_docstring(tree) or name).partition("\n")
    source, arguments, lines = "none", [], text.splitlines()
    for node in tree.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        comment = comments.get(node.end_lineno or node.lineno, "")
        if node.target.id == "source":
            source = "required" if node.value is None else "optional"
        else:
            arguments.append(_argument(node, comment))
        for line in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[line] = ""
    digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    code = "\n".join(lines) + "\n"
    return Type(name, title.strip(), description.strip(), digest, arguments, source, code, folder)


class Registry:
    """Reads its folders again whenever one is asked for; a file is parsed again when it changed."""

    def __init__(self, folders: List[str]) -> None:
        self._folders = [OWN_FOLDER, *(os.path.abspath(folder) for folder in folders)]
        self._parsed: Dict[str, Tuple[Tuple[int, int, int], Optional[Type]]] = {}
        self.problems: Dict[str, str] = {}

    def types(self) -> Dict[str, Type]:
        found: Dict[str, Type] = {}
        for folder in self._folders:
            try:
                entries = sorted(os.listdir(folder))
            except OSError as error:
                self.problems[folder] = str(error)
                continue
            for entry in entries:
                name, extension = os.path.splitext(entry)
                if extension != ".py" or not _NAME.match(name) or len(found) >= _TYPES_MAX:
                    continue
                if name == _NOT_DRAWN:
                    self.problems[os.path.join(folder, entry)] = "this name is taken"
                    continue
                read = self._read(os.path.join(folder, entry), name, folder)
                if read is not None:
                    found.setdefault(name, read)
        return found

    def get(self, name: str) -> Optional[Type]:
        """Never a path built from a name: a name is looked up among those that are there."""
        return self.types().get(name)

    def _read(self, path: str, name: str, folder: str) -> Optional[Type]:
        try:
            status = os.stat(path)
            version = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._parsed.get(path)
            if known is not None and known[0] == version:
                return known[1]
            if status.st_size > _FILE_BYTES_MAX:
                raise BadType(f"larger than {_FILE_BYTES_MAX} bytes")
            with open(path, encoding="utf-8") as file:
                found: Optional[Type] = parse(name, file.read(), folder)
            self.problems.pop(path, None)
        except (OSError, ValueError) as error:
            self.problems[path] = str(error)
            found = None
            version = version if "version" in locals() else (0, 0, 0)
        self._parsed[path] = (version, found)
        return found


def work_code(kind: Type, variables: Dict[str, Any]) -> str:
    """What the shell runs: a type's file, or for `custom` the lines that the caller sent."""
    if kind.name != "custom" or kind.folder != OWN_FOLDER:
        return kind.code
    code = variables.get("code", "")
    if isinstance(code, list):
        return "\n".join(str(line) for line in code)
    return str(code)
