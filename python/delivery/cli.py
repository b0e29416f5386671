"""`python -m delivery hook | asked | deliver FOLDER | resume | compile FILE`.

`hook` is git's post-receive: it begins a delivery for each branch that came, and lets the terminal
watch. `asked` begins one that the API asks for. `resume` begins again what ended without a word.
The others are processes of a delivery.
"""

import argparse
import os
import sys
from typing import List

from delivery import arrivals, asked, compile_child, deliver, records, terminal
from delivery.errors import DeliveryError


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser(prog="delivery", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("hook", help="git's post-receive")
    commands.add_parser("asked", help="what the API asks for, on standard input")
    delivering = commands.add_parser("deliver", help="one delivery, to its end")
    delivering.add_argument("folder")
    commands.add_parser("resume", help="begin again what ended without a word")
    compiling = commands.add_parser("compile", help="is the pipeline one, and what does it take")
    compiling.add_argument("file")
    compiling.add_argument("--output", required=True)
    compiling.add_argument("--pipeline")
    compiling.add_argument("--param", action="append", default=[])
    options = parser.parse_args(argv)
    if options.command == "hook":
        return _hook()
    if options.command == "asked":
        return asked.main()
    if options.command == "deliver":
        return deliver.main(options.folder)
    if options.command == "resume":
        return _resume()
    return compile_child.main(options.file, options.pipeline, options.param, options.output)


def _hook() -> int:
    """Answers 0 whatever happens: the push has been taken."""
    data = os.environ["TELLTALE_DATA"]
    branches = arrivals.branches_of(sys.stdin.readlines())
    if not branches:
        print("Nothing to deliver: no branch came.")
    if len(branches) > arrivals.BRANCHES:
        print(f"{len(branches)} branches came; the first {arrivals.BRANCHES} are delivered.")
    arrival = arrivals.Arrival(
        os.environ["TELLTALE_PUSH"],
        os.environ["TELLTALE_PROJECT"],
        os.environ.get("TELLTALE_BY", ""),
        _push_options(),
        branches,
    )
    begun: List[records.Record] = []
    with arrivals.claimed(data, arrival.push) as path:
        try:
            begun = arrivals.begin(data, arrival)
        except DeliveryError as error:
            print(error)
        for record in begun:
            records.start(record)
        if path is not None:
            os.unlink(path)
    arrivals.recover(data)
    for record in begun:
        terminal.follow(record, sys.stdout.buffer)
    return 0


def _push_options() -> List[str]:
    count = int(os.environ.get("GIT_PUSH_OPTION_COUNT", "0") or 0)
    options = [os.environ.get(f"GIT_PUSH_OPTION_{number}", "") for number in range(count)]
    for option in options:
        name = option.partition("=")[0]
        if name not in arrivals.wishes_of([option]):
            print(f"-o {name} is not known here: there are -o run.PARAMETER=VALUE and -o wait.")
    return options


def _resume() -> int:
    arrivals.recover(os.environ["TELLTALE_DATA"])
    for record in records.unfinished(os.environ["TELLTALE_DATA"]):
        records.start(record)
    return 0
