"""`python -m delivery hook | deliver FOLDER | resume | compile FILE`.

`hook` is git's post-receive: it begins a delivery for each branch that came, and lets the terminal
watch. `resume` begins again what ended without a word. The others are processes of a delivery.
"""

import argparse
import os
import sys
from typing import Dict, List

from delivery import compile_child, deliver, records, terminal
from delivery.errors import DeliveryError
from delivery.git import NOTHING

# The rest of a push that brings more is not delivered: each takes a process and an environment.
_BRANCHES = 4
_HEADS = "refs/heads/"


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser(prog="delivery", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("hook", help="git's post-receive")
    delivering = commands.add_parser("deliver", help="one delivery, to its end")
    delivering.add_argument("folder")
    commands.add_parser("resume", help="begin again what ended without a word")
    compiling = commands.add_parser("compile", help="is the pipeline one, and what does it take")
    compiling.add_argument("file")
    compiling.add_argument("--pipeline")
    compiling.add_argument("--param", action="append", default=[])
    options = parser.parse_args(argv)
    if options.command == "hook":
        return _hook()
    if options.command == "deliver":
        return deliver.main(options.folder)
    if options.command == "resume":
        return _resume()
    return compile_child.main(options.file, options.pipeline, options.param)


def _hook() -> int:
    """Answers 0 whatever happens: the push has been taken."""
    wishes = push_options(os.environ)
    pushed = []
    for line in sys.stdin:
        before, revision, ref = line.split(" ", 2)
        ref = ref.rstrip("\n")
        if ref.startswith(_HEADS) and revision.strip("0"):
            pushed.append((before, revision, ref))
    if not pushed:
        print("Nothing to deliver: no branch came.")
    if len(pushed) > _BRANCHES:
        print(f"{len(pushed)} branches came; the first {_BRANCHES} are delivered.")
    begun = []
    for before, revision, ref in pushed[:_BRANCHES]:
        try:
            push = records.Push(
                os.environ["TELLTALE_PROJECT"],
                os.getcwd(),
                ref,
                revision,
                "" if before == NOTHING else before,
                wishes,
            )
            record = records.create(os.environ["TELLTALE_DATA"], push)
        except DeliveryError as error:
            print(error)
            continue
        records.start(record)
        begun.append(record)
    for record in begun:
        terminal.follow(record, sys.stdout.buffer)
    return 0


def push_options(environment: "os._Environ[str]") -> Dict[str, str]:
    """`git push -o run.epochs=5 -o wait`: what came behind each -o, by name."""
    found = {}
    for number in range(int(environment.get("GIT_PUSH_OPTION_COUNT", "0") or 0)):
        name, _, value = environment.get(f"GIT_PUSH_OPTION_{number}", "").partition("=")
        if name != "wait" and not name.startswith("run."):
            print(f"-o {name} is not known here: there are -o run.PARAMETER=VALUE and -o wait.")
            continue
        found[name] = value
    return found


def _resume() -> int:
    for record in records.unfinished(os.environ["TELLTALE_DATA"]):
        records.start(record)
    return 0
