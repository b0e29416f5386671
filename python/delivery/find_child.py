"""`python -I find_child.py FOLDER`: which functions of its Python files are pipelines, as JSON.

A process of its own with little memory and time: it parses what anybody wrote, and runs none of it.
"""

import ast
import json
import os
import resource
import sys
from typing import Any, Dict, Iterator, List, Set

_FILES = 5_000
_FILE_BYTES = 1 << 20
_MEMORY = 1 << 30
_CPU_S = 30
_PASSED_OVER = {"node_modules", "venv", "env", "build", "dist", "site-packages", "__pycache__"}


def python_files(root: str) -> Iterator[str]:
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in _PASSED_OVER and f[0] != ".")
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(".py") and os.path.getsize(path) <= _FILE_BYTES:
                seen += 1
                if seen > _FILES:
                    return
                yield os.path.relpath(path, root)


def pipelines_of(tree: ast.Module) -> Iterator[Dict[str, Any]]:
    direct = _names_of_pipeline(tree)
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            text = ast.unparse(called)
            if text in direct or text in ("dsl.pipeline", "kfp.dsl.pipeline"):
                yield {"name": node.name, "line": node.lineno}


def _names_of_pipeline(tree: ast.Module) -> Set[str]:
    """What `kfp.dsl.pipeline` is called in the file, however it was imported."""
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                called = alias.asname or alias.name
                if node.module == "kfp" and alias.name == "dsl":
                    names.add(called + ".pipeline")
                if node.module == "kfp.dsl" and alias.name == "pipeline":
                    names.add(called)
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in ("kfp", "kfp.dsl") and alias.asname:
                    dsl = ".pipeline" if alias.name == "kfp.dsl" else ".dsl.pipeline"
                    names.add(alias.asname + dsl)
    return names


def main(root: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    found: List[Dict[str, Any]] = []
    broken: List[Dict[str, Any]] = []
    tests = False
    for file in python_files(root):
        base = os.path.basename(file)
        if base.startswith("test_") or base.endswith("_test.py"):
            tests = True
            continue
        try:
            with open(os.path.join(root, file), "rb") as opened:
                tree = ast.parse(opened.read(), file)
        except (SyntaxError, ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, SyntaxError) else str(error)
            broken.append({"file": file, "line": getattr(error, "lineno", 0) or 0, "what": what})
            continue
        found += [{"file": file, **pipeline} for pipeline in pipelines_of(tree)]
    json.dump({"pipelines": found, "broken": broken, "tests": tests}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
