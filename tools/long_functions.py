"""long_functions.py: a function fits a screen, 70 lines. Those that were longer when this began to
be checked stand in long_functions.txt with their length, which may only go down: a longer one, a
new one, and an entry that is longer than its function are told. `--write` writes the table anew
after functions were cut.
"""
import ast
import pathlib
import re
import sys
from typing import Dict, Iterator, Tuple

import tree

LINES_MAX = 70
TABLE = "tools/long_functions.txt"
# As clang-format and prettier leave them: a function begins at the left edge, or two columns in
# within a class, and ends with a brace at the same column.
CPP = re.compile(r"^( {0,2})(?!namespace|if|for|while|switch|else|do|return|case|using|typedef)"
                 r"(?=[A-Za-z_~])[^=;(]*?([\w~]+)\(")
SCRIPT = re.compile(r"^()(?:export )?(?:default )?(?:async )?"
                    r"(?:function\*? (\w+)|const (\w+) = (?:async )?(?:function|\(|\w+ =>))")
SIGNATURE_LINES = 40

Lengths = Iterator[Tuple[str, int]]


def python_functions(text: str) -> Lengths:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def braced_functions(text: str, opens: "re.Pattern[str]") -> Lengths:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        found = opens.match(lines[number])
        began = number
        number += 1
        if not found:
            continue
        # The signature ends, its parentheses closed, in a brace; a declaration does not.
        body, depth = began, 0
        while body < min(began + SIGNATURE_LINES, len(lines)):
            depth += lines[body].count("(") - lines[body].count(")")
            if depth == 0 and lines[body][-1:] in "{;}":
                break
            body += 1
        if body == len(lines) or depth != 0 or not lines[body].endswith("{"):
            continue
        closes = found.group(1) + "}"
        number = body + 1
        while number < len(lines) and not lines[number].startswith(closes):
            number += 1
        yield next(group for group in found.groups()[1:] if group), number - began + 1


def functions(name: str, text: str) -> Lengths:
    if name.endswith(".py"):
        return python_functions(text)
    if name.endswith((".cc", ".h")):
        return braced_functions(text, CPP)
    if name.endswith((".ts", ".tsx", ".mjs")):
        return braced_functions(text, SCRIPT)
    return iter(())


def long_ones(root: pathlib.Path) -> Dict[str, int]:
    found: Dict[str, int] = {}
    for name in tree.files(root):
        if "/gen/" in name:
            continue
        text = "\n".join(tree.lines(root, name)) if name.endswith(
            (".py", ".cc", ".h", ".ts", ".tsx", ".mjs")) else ""
        for function, length in functions(name, text):
            if length > LINES_MAX:
                key = f"{name} {function}"
                found[key] = max(found.get(key, 0), length)
    return found


def table(root: pathlib.Path) -> Dict[str, int]:
    if not (root / TABLE).exists():
        return {}
    entries = (line.rsplit(" ", 1) for line in tree.lines(root, TABLE) if line)
    return {key: int(length) for key, length in entries}


def problems(root: pathlib.Path) -> Iterator[str]:
    now, before = long_ones(root), table(root)
    for key, length in sorted(now.items()):
        most = before.get(key, LINES_MAX)
        if length > most:
            yield f"{key}: {length} lines, more than {most}"
    for key, most in sorted(before.items()):
        if now.get(key, 0) < most:
            yield f"{TABLE}: {key} has {now.get(key, 0)} lines now; run {sys.argv[0]} --write"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        lines = [f"{key} {length}\n" for key, length in sorted(long_ones(tree.ROOT).items())]
        (tree.ROOT / TABLE).write_text("".join(lines))
    breaches = list(problems(tree.ROOT))
    print("\n".join([*breaches, f"long_functions: {len(breaches)} to mend"] if breaches
                    else ["long_functions: all fit, or are no longer than they were"]))
    sys.exit(1 if breaches else 0)
