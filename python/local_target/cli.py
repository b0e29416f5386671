"""`python -m local_target run pipeline.py`: starts one run on this machine.

Exit status: 0 the run succeeded (or, detached, started), 1 it failed or was cancelled, 2 it could
not be started; the reason is one sentence on standard error.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import traceback
from typing import Any, List, NoReturn, Optional

from local_target import leftovers
from local_target.errors import UsageError
from local_target.run_tracker import BEFORE_IT_SPOKE
from telltale import ids
from telltale.encoding import clean_text, now_us
from telltale.sender import Sender
from telltale.spool import default_root

DEFAULT_URL = "http://127.0.0.1:8080"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_target", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the pipeline of a Python file on this machine")
    run.add_argument("pipeline_file", help="the file that has the @dsl.pipeline")
    run.add_argument(
        "--param",
        "-p",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter's value",
    )
    run.add_argument("--pipeline", metavar="NAME", help="which one, when the file has several")
    run.add_argument("--run-key", metavar="K", help="the run's key (default: a new one)")
    run.add_argument(
        "--url", default=os.environ.get("TELLTALE_URL") or DEFAULT_URL, help="the Telltale server"
    )
    run.add_argument("--detach", action="store_true", help="print the run's key and go on alone")
    run.add_argument("--directory", help="where the run's artifacts go")
    run.add_argument("--nice", type=int, default=10, help="niceness of the tasks (default 10)")
    run.add_argument(
        "--deliver-within",
        type=float,
        default=3600.0,
        metavar="S",
        help="at the end, how long to wait for a server that is away (default 3600)",
    )
    settle = commands.add_parser(
        "settle", help="deliver what ended runs left in TELLTALE_SPOOL_DIR, and say that they ended"
    )
    settle.add_argument("--url", required=True, help="the Telltale server")
    return parser


def main(argv: List[str]) -> int:
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if options.command == "settle":
        return 0 if leftovers.settle(options.url, default_root()) else 1
    if options.run_key is not None and not ids.is_id(options.run_key):
        print(f"--run-key {options.run_key} is not 26 characters of a-z2-7.", file=sys.stderr)
        return 2
    return _detached(options) if options.detach else _run(options, None)


def _detached(options: argparse.Namespace) -> int:
    """Runs in a process of its own session; waits only until the run could be started."""
    read_fd, write_fd = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_fd)
        _become_detached(options, write_fd)
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as pipe:
        told = pipe.read().decode("utf-8", "replace")
    if told.startswith("started "):
        print(told[len("started ") :])
        return 0
    os.waitpid(child, 0)
    print(told or "The run's process ended before it started; see its log.", file=sys.stderr)
    return 2


def _become_detached(options: argparse.Namespace, write_fd: int) -> NoReturn:
    code = 2
    try:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.close(null)
        code = _run(options, write_fd)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(options: argparse.Namespace, told_fd: Optional[int]) -> int:
    sender: Optional[Sender] = None
    mark: Optional[leftovers.RunningMark] = None
    try:
        if options.run_key:  # the page waits for this key: tell it at once that something happens
            mark = leftovers.RunningMark(default_root(), options.run_key)
            mark.hold()
            sender = Sender(options.url, options.run_key)
            name = os.path.splitext(os.path.basename(options.pipeline_file))[0]
            body = {"state": "PENDING", "name": clean_text(name), "source": "local"}
            sender.put_fact("run_state", body)
        from local_target import kfp_adapter, pipeline_file, runner

        pipeline = pipeline_file.load(options.pipeline_file, options.pipeline)
        arguments = pipeline_file.arguments(pipeline, options.param)
        kfp_adapter.check_version()
    except Exception as error:
        code = _refuse(_sentence(error), sender, told_fd)
        if mark is not None:
            mark.remove()
        return code
    run_key = options.run_key or runner.new_run_key(pipeline.name)
    sender = sender or Sender(options.url, run_key)
    if mark is None:
        mark = leftovers.RunningMark(sender.spool_root, run_key)
        mark.hold()
    # Where what follows ends without a word, the mark stays: who comes next says so.
    try:
        directory = options.directory or os.path.join(runner.data_root(), "runs", run_key)
        os.makedirs(directory, exist_ok=True)
        if told_fd is not None:
            _log_to(os.path.join(directory, "runner.log"))
            os.write(told_fd, f"started {run_key}".encode())
            os.close(told_fd)
        else:
            print(f"Run {run_key}", flush=True)
        settings = runner.Settings(options.url, run_key, os.path.abspath(directory), options.nice)
        run = runner.LocalRun(pipeline, settings, sender)
        code = _execute(run, arguments, sender, options)
    except Exception as error:
        traceback.print_exc()
        _tell_failure(sender, f"The runner failed: {_sentence(error)}", now_us())
        code = 1
    mark.remove()
    return code


def _sentence(error: BaseException) -> str:
    known = isinstance(error, UsageError)
    text = str(error) if known else f"{type(error).__name__}: {error}"
    return " ".join(clean_text(text).split())


def _execute(run: Any, arguments: Any, sender: Sender, options: argparse.Namespace) -> int:
    asked = threading.Event()

    def on_signal(number: int, frame: Any) -> None:
        # Asked twice, it doesn't wait for tasks to end by themselves. Not in the handler itself:
        # the main thread may hold the locks that cancelling takes.
        stop = run.kill if asked.is_set() else run.cancel
        asked.set()
        threading.Thread(target=stop, name="cancel", daemon=True).start()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    state = run.execute(arguments)
    print(f"The run has {state.lower()}." if state != "CANCELLED" else "The run was cancelled.")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if not sender.close(options.deliver_within, patient=True):
        print("The server is away: the run's last events wait in the spool.", file=sys.stderr)
    return 0 if state == "SUCCEEDED" else 1


def _tell_failure(sender: Sender, sentence: str, version: int) -> None:
    end = {"state": "FAILED", "message": sentence, "version": version, "finished_at_us": now_us()}
    sender.put_fact("run_state", end)
    sender.close(3.0)


def _refuse(sentence: str, sender: Optional[Sender], told_fd: Optional[int]) -> int:
    if sender is not None:
        _tell_failure(sender, sentence, BEFORE_IT_SPOKE + 1)
    if told_fd is not None:
        os.write(told_fd, sentence.encode())
        os.close(told_fd)
    else:
        print(sentence, file=sys.stderr)
    return 2


def _log_to(path: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)
