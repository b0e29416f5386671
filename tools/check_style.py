"""check_style.py: the house rules a machine can see, over what git has. Prints each breach; ends
with 1 if there is one."""
import pathlib
import re
import sys
from typing import Iterator, List

import tree

LINES_MAX = 600
COLUMNS_MAX = 100
STAGE_README_LINES_MAX = 25
CODE = (".h", ".cc", ".py", ".sh", ".ts", ".tsx", ".css", ".proto", ".cmake")
# Long by nature: data, lock files, what others wrote.
NOT_OURS = re.compile(r"(^|/)(package-lock\.json|LICENSE|golden/|fixtures/|corpus/)")
DATA = re.compile(r"(^|/)(golden|fixtures|corpus)/|^tools/check_style\.py$")
MACHINE = "a path of somebody's machine"
# Joined from pieces, so that this file does not break its own rules.
BANNED = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"), "finish it or leave it out"),
    (re.compile(r"(?<![\w.~-])/(work|root|home/[a-z]+)/"), MACHINE),
    (re.compile(r"Co-auth" r"ored-by", re.IGNORECASE), "no such lines"),
    (re.compile(r'"resolved": "https?:'), "a lock file without download addresses"),
]
# A process's end is taken in one place: who takes another's takes it from whoever waits for it.
WAITS = re.compile(r"\b(waitpid|waitid|wait4)\s*\(")
PRODUCT = re.compile(r"^server/(?!.*_test\.cc$)")  # tests fork what they kill
PROCESSES = "server/runtime/posix_processes.cc"
SKIPPED = re.compile(r"\b(describe|it|test)\.(skip|only)\(|\bDISABLED_[A-Z]")
# A body in memory whole is counted and bounded, which one class does.
WHOLE_BODY = re.compile(r"\bbody(\.|->)read\(|\bstream->read\("
                        r"|request_parser<\s*http::(string|vector|file|dynamic|basic_dynamic)_body")
READS_BODIES = ("server/web/whole_body.cc", "server/web/http_connection.cc")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def comment_opens(first: str) -> bool:
    return bool(re.match(r"// \S.{20,}", first))


def check_bodies(name: str, lines: List[str]) -> Iterator[str]:
    if not name.startswith("server/") or "_test." in name or name in READS_BODIES:
        return
    for number, line in enumerate(lines, 1):
        if WHOLE_BODY.search(line):
            yield f"{name}:{number}: bodies are gathered by WholeBody (server/web/whole_body.h)"


def check_code(name: str, lines: List[str]) -> Iterator[str]:
    if len(lines) > LINES_MAX:
        yield f"{name}: {len(lines)} lines, more than {LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and "http" not in line:
            yield f"{name}:{number}: {len(line)} columns, more than {COLUMNS_MAX}"
        if SKIPPED.search(line) and not name.startswith("tools/"):
            yield f"{name}:{number}: a test that is switched off"
        if WAITS.search(line) and PRODUCT.search(name) and name != PROCESSES:
            yield f"{name}:{number}: a process is waited for by ports/process.h alone"
    yield from check_bodies(name, lines)
    if name.endswith(".h"):
        if "#pragma once" not in lines:
            yield f"{name}: no #pragma once"
        if not lines or not comment_opens(lines[0]):
            yield f"{name}: a header opens with a paragraph that says what it is"


def check_links(root: pathlib.Path, name: str, lines: List[str]) -> Iterator[str]:
    fenced = False
    for number, line in enumerate(lines, 1):
        fenced ^= line.lstrip().startswith("```")
        if fenced:
            continue
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:|#", target):
                continue
            path = (root / name).parent / target.split("#")[0]
            if not path.exists():
                yield f"{name}:{number}: the link to {target} leads nowhere"


def check_stage_readmes(root: pathlib.Path, names: List[str]) -> Iterator[str]:
    for stage in sorted({"/".join(n.split("/")[:2]) for n in names
                         if n.startswith("server/") and n.endswith((".h", ".cc"))}):
        readme = f"{stage}/README.md"
        if readme not in names:
            yield f"{stage}: no README.md"
        elif sum(1 for _ in tree.lines(root, readme)) > STAGE_README_LINES_MAX:
            yield f"{readme}: more than {STAGE_README_LINES_MAX} lines"


def problems(root: pathlib.Path) -> List[str]:
    names = tree.files(root)
    found: List[str] = []
    for name in names:
        if (root / name).stat().st_size > 2_000_000 or b"\0" in (root / name).read_bytes()[:8192]:
            continue
        lines = list(tree.lines(root, name))
        for number, line in enumerate(lines, 1):
            for pattern, why in BANNED:
                exempt = DATA.search(name) if why is MACHINE else name == "tools/check_style.py"
                if pattern.search(line) and not exempt:
                    found.append(f"{name}:{number}: {why}: {pattern.search(line).group(0)}")
        if NOT_OURS.search(name):
            continue
        if name.endswith(CODE):
            found += check_code(name, lines)
        if name.endswith(".md"):
            found += check_links(root, name, lines)
    return found + list(check_stage_readmes(root, names))


if __name__ == "__main__":
    breaches = problems(tree.ROOT)
    print("\n".join([*breaches, f"check_style: {len(breaches)} to mend"] if breaches
                    else ["check_style: all well"]))
    sys.exit(1 if breaches else 0)
