"""check_layers.py: who may include whom. One allow-list for server/, one for ui/src, one for
python/, and ARCHITECTURE.md's stage table against the tree. Prints each arrow that is not allowed
and then ends with 1.
"""
import ast
import pathlib
import posixpath
import re
import sys
from typing import Dict, Iterator, List, Set

import tree

EVERYTHING = "*"

# What a folder of server/ sees besides itself. base depends on nothing of ours; stages never
# include each other; `schema` is the generated protobuf code.
SERVER: Dict[str, Set[str]] = {
    "base": set(),
    "ports": {"base"},
    "drawing": {"base"},
    "fold": {"base", "drawing", "schema"},
    "draw": {"base"},
    "runtime": {"base", "ports"},
    "net": {"base", "ports"},
    "log": {"base", "ports"},
    "store": {"base", "ports"},
    "collect": {"base", "ports", "schema"},
    "keep": {"base", "ports", "fold", "schema"},
    "loops": {"base", "ports", "fold", "keep", "schema"},
    "web": {"base", "ports"},
    "serve": {"base", "ports", "fold", "keep", "draw", "schema"},
    "render": {"base", "ports", "draw", "schema"},
    "deliver": {"base", "ports", "schema"},
    "jobs": {"base", "ports", "schema"},
    "admin": {"base", "ports", "fold", "keep", "schema"},
    "main": {EVERYTHING},
}
# Tests also drive what they test with the runtimes and the memory implementations.
TEST_HEADERS = re.compile(r"^(runtime/|net/|(log|store|collect)/memory_|testing/|ports/)")
IS_TEST = re.compile(r"_(test|bench|fuzz)\.(cc|h)$|_test_|/testing/")

UI: Dict[str, Set[str]] = {
    "base": set(),
    "api": {"base", "schema"},
    "schema": {"schema"},
    "widgets": {"base", "schema"},
    "plugins": {"base", "api", "widgets", "schema"},
    "app": {EVERYTHING},
}

PYTHON: Dict[str, Set[str]] = {
    "telltale": set(),
    "local_target": {"telltale"},
    "delivery": {"local_target", "telltale"},
    "commands": {"delivery", "telltale"},
    "render": set(),
}


def allowed(table: Dict[str, Set[str]], folder: str, target: str) -> bool:
    sees = table.get(folder, set())
    return target == folder or EVERYTHING in sees or target in sees


def server(root: pathlib.Path, names: List[str]) -> Iterator[str]:
    folders = {n.split("/")[1] for n in names if n.startswith("server/") and n.count("/") > 1}
    for name in names:
        parts = name.split("/")
        if parts[0] != "server" or len(parts) < 3 or not name.endswith((".h", ".cc")):
            continue
        folder = parts[1]
        if folder not in SERVER:
            yield f"{name}: server/{folder} is no stage of tools/check_layers.py"
            continue
        for number, line in enumerate(tree.lines(root, name), 1):
            found = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
            if not found:
                continue
            header = found.group(1)
            target = header.split("/")[0]
            if "/" not in header or target not in folders | {"schema", "server", "sim"}:
                continue
            if allowed(SERVER, folder, target):
                continue
            if IS_TEST.search(name) and TEST_HEADERS.match(header):
                continue
            yield f"{name}:{number}: {folder} may not include {header}"


# Who appends to the log, and to which topics: events go through the gate, which alone judges them.
APPENDS: Dict[str, Set[str]] = {
    "server/collect/event_gate.cc": {"kEventsTopic"},
    "server/loops/fold_loop_save.cc": {"kRunsTopic"},
    "server/loops/retention_loop.cc": {"kRunsTopic"},
    "server/loops/collect_loop.cc": {"kSourcesTopic"},
    "server/jobs/job_desk.cc": {"kJobsTopic"},
    "server/admin/catalogue.cc": {"kRunsTopic"},
    "server/admin/relist.cc": {"kRunsTopic"},
}
# Of a log, whatever it is called: by its name, or by a topic as the first argument.
APPEND = re.compile(r"(?:\blog(?:_|\(\))?\s*(?:\.|->)\s*append\(\s*(?:ports::)?(\w+)"
                    r"|(?:\.|->)\s*append\(\s*(?:ports::)?(k\w+Topic)\b)")


def appends(root: pathlib.Path, names: List[str]) -> Iterator[str]:
    """Nothing but collect/event_gate appends events; who appends else is in APPENDS."""
    for name in names:
        stage = name.split("/")[1] if name.startswith("server/") else ""
        if stage in ("", "log", "ports") or not name.endswith((".h", ".cc")):
            continue
        if IS_TEST.search(name):
            continue
        text = (root / name).read_text(encoding="utf-8")
        for found in APPEND.finditer(text):
            if (found.group(1) or found.group(2)) in APPENDS.get(name, set()):
                continue
            number = text.count("\n", 0, found.start()) + 1
            yield f"{name}:{number}: events are appended by collect/event_gate alone"


def ui_layer(path: str) -> str:
    """'plugins/graph' for a view, else the first folder; files at the top belong to app, and what
    is generated from schema/ is `schema`, wherever it lies."""
    if path.startswith("api/gen/"):
        return "schema"
    parts = path.split("/")
    if len(parts) == 1:
        return "app"
    return "/".join(parts[:2]) if parts[0] == "plugins" and len(parts) > 2 else parts[0]


def ui(root: pathlib.Path, names: List[str]) -> Iterator[str]:
    pattern = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]""")
    for name in names:
        if not name.startswith("ui/src/") or not name.endswith((".ts", ".tsx")):
            continue
        inside = name[len("ui/src/"):]
        layer = ui_layer(inside)
        if layer.split("/")[0] not in UI:
            yield f"{name}: ui/src/{layer} is no layer of tools/check_layers.py"
            continue
        for number, line in enumerate(tree.lines(root, name), 1):
            for source in pattern.findall(line):
                if not source.startswith((".", "@/")):
                    continue
                target = source[2:] if source.startswith("@/") else posixpath.normpath(
                    posixpath.join(posixpath.dirname(inside), source))
                there = ui_layer(target)
                if layer.startswith("plugins/") and there.startswith("plugins/"):
                    if layer != there:
                        yield f"{name}:{number}: a plugin may not import a plugin ({source})"
                elif not allowed(UI, layer.split("/")[0], there.split("/")[0]):
                    yield f"{name}:{number}: {layer} may not import {source}"


def imported_modules(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def python(root: pathlib.Path, names: List[str]) -> Iterator[str]:
    standard = getattr(sys, "stdlib_module_names", None)  # since Python 3.10
    for name in names:
        parts = name.split("/")
        if parts[0] != "python" or len(parts) < 3 or not name.endswith(".py"):
            continue
        folder, is_test = parts[1], "test" in name
        if folder not in PYTHON:
            continue
        for module in imported_modules((root / name).read_text(encoding="utf-8")):
            if module in PYTHON and not is_test and not allowed(PYTHON, folder, module):
                yield f"{name}: {folder} may not import {module}"
            if (folder == "telltale" and not is_test and standard is not None
                    and module not in standard and module != "telltale"):
                yield f"{name}: the SDK needs only the standard library, not {module}"


def stage_table(root: pathlib.Path, names: List[str]) -> Iterator[str]:
    """ARCHITECTURE.md: | stage | `folder` | port | test |; paths in backticks must exist."""
    if "ARCHITECTURE.md" not in names:
        return
    in_table = set()
    for number, line in enumerate(tree.lines(root, "ARCHITECTURE.md"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 4:
            continue
        folder = re.match(r"`([a-z_/]+)`$", cells[1])
        if not folder:
            continue
        in_table.add(folder.group(1).rstrip("/"))
        for path in re.findall(r"`([^`\s]+/[^`\s]*)`", line):
            if not any(n == path or n.startswith(path.rstrip("/") + "/") for n in names):
                yield f"ARCHITECTURE.md:{number}: there is no {path}"
    for stage in sorted({"/".join(n.split("/")[:2]) for n in names
                         if n.startswith("server/") and n.endswith((".h", ".cc"))}):
        if stage not in in_table:
            yield f"ARCHITECTURE.md: its table has no row for {stage}"


def problems(root: pathlib.Path) -> List[str]:
    names = tree.files(root)
    return [problem for check in (server, appends, ui, python, stage_table)
            for problem in check(root, names)]


if __name__ == "__main__":
    found = problems(tree.ROOT)
    print("\n".join([*found, f"check_layers: {len(found)} not allowed"] if found
                    else ["check_layers: every arrow is allowed"]))
    sys.exit(1 if found else 0)
