"""`telltale VERB …`, for the verbs that are written in Python. Exit status: 0, or 1 with a sentence
on standard error; `watch` ends with 1 where the run did not succeed.
"""

import argparse
import os
import sys
from typing import Any, Callable, Dict, List, NamedTuple

from commands import acting, completion, init_project, looking, repository, subversion
from commands.errors import CommandError
from commands.server import Server

DEFAULT_URL = "http://127.0.0.1:8080"
_OPTION = ("-o", "--option")
_NAMED: Dict[str, Any] = {"action": "append", "default": []}


class _Parser(NamedTuple):
    whole: argparse.ArgumentParser
    verbs: Dict[str, argparse.ArgumentParser]


def _parser() -> _Parser:
    parser = argparse.ArgumentParser(prog="telltale", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, what: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=what, description=what)
        url = os.environ.get("TELLTALE_URL") or DEFAULT_URL
        command.add_argument("--url", default=url, help="of the server")
        return command

    init = add("init", "Make this repository one that is pushed to a server")
    init.add_argument("--project", help="its name there; the folder's without")
    init.add_argument("--yes", action="store_true", help="ask nothing, take what is likely")
    push = add("push", "git push to the server, as `git push telltale BRANCH`")
    push.add_argument(*_OPTION, **_NAMED, help="run.NAME=VALUE, wait")
    push.add_argument("--svn", metavar="URL@REVISION", help="what Subversion has there, instead")
    push.add_argument("--project", help="with --svn: its name on the server")
    push.add_argument("--branch", help="with --svn: the branch that it becomes")
    runs = add("runs", "The newest runs")
    runs.add_argument("text", nargs="?", default="", help="only those that have it in their names")
    runs.add_argument("--limit", type=int, default=20)
    for name, what in (
        ("watch", "A run's tasks and output as they come"),
        ("logs", "What a run's tasks have said"),
        ("cancel", "Ask a run to stop"),
        ("retry", "Start a run again, as it was"),
    ):
        command = add(name, what)
        command.add_argument("run", help='its key, the beginning of it, or "last"')
        if name == "logs":
            command.add_argument("task", nargs="?", default="", help="only this one's")
        if name == "retry":
            command.add_argument(*_OPTION, **_NAMED, help="run.NAME=VALUE, another parameter")
    rollback = add("rollback", "Deliver an earlier revision again, on the branch you are on")
    rollback.add_argument("revision", nargs="?", help="without: the last but one that succeeded")
    credential = add("credential", "What git asks for the token (gitcredentials)")
    credential.add_argument("verb")
    for name in ("runs", "watch", "cancel", "retry"):
        commands.choices[name].add_argument("--json", action="store_true", help="for programs")
    commands.choices["runs"].add_argument("--keys", action="store_true", help="a key a line")
    completion_ = commands.add_parser("completion", help="What a shell completes, as a script")
    completion_.add_argument("shell", choices=("bash", "zsh"))
    return _Parser(parser, dict(commands.choices))


def main(argv: List[str]) -> int:
    parser = _parser()
    options = parser.whole.parse_args(argv)
    if options.command == "completion":
        print(completion.text(options.shell, parser.verbs), end="")
        return 0
    try:
        return _run(options)
    except CommandError as error:
        print(f"telltale: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    here: Dict[str, Callable[[], int]] = {
        "credential": lambda: repository.credential(options.verb, sys.stdin, sys.stdout),
        "init": lambda: init_project.main(options.url, options.project, options.yes),
        "push": lambda: _push(options),
    }
    if options.command in here:
        return here[options.command]()
    server = Server(options.url)
    if options.command == "rollback":
        return acting.rollback(server, options.revision)
    if options.command == "runs":
        if options.keys:
            return looking.keys(server, options.text, options.limit)
        return looking.runs(server, options.text, options.limit, options.json)
    key = server.key_of(options.run)
    of_run: Dict[str, Callable[[], int]] = {
        "watch": lambda: looking.watch(server, key, options.json),
        "logs": lambda: looking.logs(server, key, options.task),
        "cancel": lambda: acting.cancel(server, key, options.json),
        "retry": lambda: acting.retry(server, key, options.option, options.json),
    }
    return of_run[options.command]()


def _push(options: argparse.Namespace) -> int:
    if options.svn is None:
        return repository.push(options.option)
    what = subversion.wanted(options.svn, options.project, options.branch)
    return subversion.push(options.url, what, options.option)
