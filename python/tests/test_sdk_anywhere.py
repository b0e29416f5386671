"""The SDK where programs fork, are interrupted, end, or hand it odd values: nothing hangs, nothing
is raised into the caller, nothing is lost without a word."""

import subprocess
from pathlib import Path
from typing import Dict, List

import pytest
from sink import Sink


def run(python: str, environment: Dict[str, str], code: str, *more: str) -> str:
    """What it wrote to standard error."""
    done = subprocess.run(
        [python, *more, "-c", code],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


# --- forks

FORKS = {
    "os.fork": """
def fork_one(number):
    pid = os.fork()
    if pid == 0:
        child(number)
        sys.exit(0)
    os.waitpid(pid, 0)
""",
    "from a thread": """
def fork_one(number):
    def fork():
        pid = os.fork()
        if pid == 0:
            child(number)
            telltale.flush(30)
            os._exit(0)
        os.waitpid(pid, 0)
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
""",
    "multiprocessing": """
def fork_one(number):
    process = multiprocessing.get_context("fork").Process(target=child, args=(number,))
    process.start()
    process.join()
""",
    "a child's child": """
def fork_one(number):
    def parent():
        telltale.log_metric("between", number, step=number)
        process = multiprocessing.get_context("fork").Process(target=child, args=(number,))
        process.start()
        process.join()
    process = multiprocessing.get_context("fork").Process(target=parent)
    process.start()
    process.join()
""",
}


@pytest.mark.parametrize("how", FORKS)
def test_a_child_forked_right_after_the_first_call_reports(
    sink: Sink, python: str, environment: Dict[str, str], how: str
) -> None:
    environment["TELLTALE_URL"] = sink.url.replace("127.0.0.1", "localhost")
    code = f"""
import multiprocessing, os, sys, threading, time, telltale
def child(number):
    telltale.log_metric("child", number, step=number)
{FORKS[how]}
telltale.log_metric("parent", 1, step=1)
for number in range(12):
    fork_one(number)
    telltale.log_metric("parent", number, step=number)
    time.sleep(0.001 * number)
"""
    run(python, environment, code, "-W", "ignore")
    assert sorted(sink.points("train", "child")) == [(n, float(n)) for n in range(12)]
    assert len(sink.points("train", "parent")) == 13


def test_a_child_of_a_forkserver_reports(
    sink: Sink, python: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("""
import multiprocessing, telltale
def child(number):
    telltale.log_metric("child", number, step=number)
if __name__ == "__main__":
    telltale.log_metric("parent", 1, step=1)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["telltale", "__main__"])
    children = [context.Process(target=child, args=(number,)) for number in range(3)]
    for process in children: process.start()
    for process in children: process.join()
""")
    subprocess.run([python, str(program)], check=True, env=environment, timeout=300)
    assert sorted(sink.points("train", "child")) == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_a_fork_waits_until_the_sender_holds_no_lock(
    sink: Sink, python: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    """The sender is caught in the middle of an import, and holds that module's lock."""
    (tmp_path / "slow_module.py").write_text(
        "import time, started\nstarted.event.set()\ntime.sleep(0.3)\n"
    )
    (tmp_path / "started.py").write_text("import threading\nevent = threading.Event()\n")
    code = f"""
import os, sys
sys.path.insert(0, {str(tmp_path)!r})
import started, telltale
from telltale.connection import Connection
post = Connection.post
def importing(self, *args, **named):
    import slow_module
    return post(self, *args, **named)
Connection.post = importing
telltale.log_metric("parent", 1, step=1)
started.event.wait()
pid = os.fork()
import slow_module  # the child would wait for ever for who began it
telltale.log_metric("both", 1, step=1)
if pid:
    os.waitpid(pid, 0)
"""
    run(python, environment, code, "-W", "ignore")
    assert len(sink.points("train", "both")) == 2


# --- signal handlers

# Calls once for each line that it runs, in the SDK or in what that calls, and each time what a
# signal handler may do comes before another one of these lines. Each time is a first call anew.
INTERRUPTED = """
import sys, telltale
from telltale import client
handled = lines = 0
def interrupt(frame, event, argument):
    # What a trace function does is not traced itself.
    global handled, lines
    if event == "line":
        lines += 1
        if lines == interrupted:
            handled += 1
            telltale.log_metric("handler", handled, step=handled)
            telltale.progress(handled)
            telltale.stats()
            telltale.flush(0.0)
    return interrupt
interrupted = 0
while lines >= interrupted:
    lines = 0
    interrupted += 1
    sys.settrace(interrupt)
    CALL
    sys.settrace(None)
    assert telltale.flush(60)
    client.shut_down()
assert handled > 5, handled
"""


@pytest.mark.parametrize(
    "call",
    [
        "telltale.log_metric('main', 1, step=1)",
        "telltale.log_metrics({'a': 1, 'b': 2})",
        "telltale.progress(1, 2, 'epoch', 'note')",
        "telltale.flush(0.1); telltale.stats()",
        "telltale.log_metric('main', object())",
    ],
)
def test_a_signal_handler_may_call_between_any_two_lines(
    sink: Sink, python: str, environment: Dict[str, str], call: str
) -> None:
    run(python, environment, INTERRUPTED.replace("CALL", call))
    steps = [step for step, _ in sink.points("train", "handler")]
    assert sorted(steps) == list(range(1, len(steps) + 1)) and steps


def test_a_signal_handler_may_log_all_the_time(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    run(
        python,
        environment,
        """
import signal, telltale
calls = made = 0
def handler(number, frame):
    global calls
    calls += 1
    telltale.log_metric("handler", calls, step=calls)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
while calls < 300:
    telltale.log_metric("main", made, step=made)
    made += 1
signal.setitimer(signal.ITIMER_REAL, 0)
telltale.log_metric("count", made, step=1)
assert telltale.flush(120)
""",
    )
    ((_, made),) = sink.points("train", "count")
    assert [step for step, _ in sink.points("train", "main")] == list(range(int(made)))
    assert len(sink.points("train", "handler")) >= 300


def test_what_a_signal_handler_raises_goes_on(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    code = """
import signal, sys, telltale
class Value:
    def __float__(self):
        signal.raise_signal(signal.SIGTERM)
        return 1.0
def handler(number, frame):
    sys.exit(7)
signal.signal(signal.SIGTERM, handler)
telltale.log_metric("a", 1, step=1)
telltale.log_metric("a", Value(), step=2)
print("not reached")
"""
    done = subprocess.run([python, "-c", code], check=False, env=environment, timeout=120)
    assert done.returncode == 7
    assert sink.points("train", "a") == [(1, 1.0)]


# --- ends of programs


def test_what_is_logged_at_the_very_end_arrives(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    code = """
import atexit
def last():
    for step in range(5):
        telltale.log_metric("late", step, step=step)
    assert telltale.flush(30)
atexit.register(last)
import telltale
telltale.log_metric("early", 1, step=1)
"""
    run(python, environment, code)
    assert sink.points("train", "early") == [(1, 1.0)]
    assert [step for step, _ in sink.points("train", "late")] == list(range(5))


def test_what_is_logged_at_the_very_end_waits_on_disk_when_the_server_is_away(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    sink.stop()
    code = """
import atexit
def last():
    for step in range(5):
        telltale.log_metric("late", step, step=step)
atexit.register(last)
import telltale
"""
    run(python, {**environment, "TELLTALE_EXIT_WAIT_S": "0.1"}, code)
    sink.start()
    adopt = """
import telltale, time
telltale.log_metric("next", 1, step=1)
telltale.flush(30)
import os
while os.listdir(os.environ["TELLTALE_SPOOL_DIR"]): time.sleep(0.01)
"""
    run(python, environment, adopt)
    assert [step for step, _ in sink.points("train", "late")] == list(range(5))


# --- odd values

ODD = """
import sys, telltale
raised = []
def call(what, function, *args, **named):
    try:
        function(*args, **named)
    except BaseException as error:
        raised.append((what, repr(error)))

errors = [RuntimeError("no"), KeyError("no"), RecursionError("no"), SystemExit(3), MemoryError(),
          StopIteration(), GeneratorExit()]
names = ["__repr__", "__str__", "__float__", "__index__", "__int__", "__hash__", "__eq__",
         "__len__", "__bool__", "__iter__", "__format__", "__lt__", "__getattribute__"]
def make(error, bases, names):
    methods = {"error": error}
    for name in names:
        exec(f"def {name}(self, *args): raise error", methods)
    return type("Odd", bases, {name: methods[name] for name in names})
odd = [None, True, 0, -1, 10**400, 1e300, float("inf"), -float("inf"), float("nan"), "", "x", "3",
       b"1", "9" * 100_000, "x" * 300_000, "\\udcff", "\\0", [], {}, (), set(), object(), object,
       complex(1, 1), (x for x in [1]), lambda: 1, range(3), sys, NotImplemented, ...,
       {None: 1}, {"a": object()}, [("a", 1)], 2**63, -(2**63), 5e-324, -0.0, 1e-320]
for error in errors:
    for name in names:
        odd.append(make(error, (), [name])())
    odd.append(make(error, (), names[:-1])())
    odd.append(make(error, (str,), names[:10])("text"))
    odd.append(make(error, (float,), names[:10])(3.5))
    odd.append(make(error, (int,), names[:10])(3))
    odd.append(make(error, (dict,), ["items", "__iter__", "keys"])(a=1))
    odd.append({make(error, (), ["__repr__", "__str__"])(): 1.0})
for value in odd:
    what = type(value).__name__ + " " + ",".join(vars(type(value)))[:100]
    call("value " + what, telltale.log_metric, "m", value)
    call("name " + what, telltale.log_metric, value, 1.0)
    call("step " + what, telltale.log_metric, "m", 1.0, value)
    call("metrics " + what, telltale.log_metrics, value)
    call("metrics' value " + what, telltale.log_metrics, {"a": value, "b": 1.0}, step=1)
    call("metrics' step " + what, telltale.log_metrics, {"a": 1.0}, value)
    call("done " + what, telltale.progress, value)
    call("total " + what, telltale.progress, 1, value)
    call("unit " + what, telltale.progress, 1, 2, value)
    call("note " + what, telltale.progress, 1, 2, "", value)
    call("flush " + what, telltale.flush, value)
    call("complain anew " + what, setattr, telltale, "_complained", False)
for function in (telltale.log_metric, telltale.log_metrics, telltale.progress, telltale.flush,
                 telltale.stats):
    call("nothing", function)
    call("too much", function, 1, 2, 3, 4, 5, 6)
    call("unknown", function, nobody_knows=1)
def deep():
    telltale.log_metric("deep", 1.0)
    telltale.log_metric(make(RuntimeError(), (), ["__str__", "__repr__"])(), 1.0)
    deep()
try:
    deep()
except RecursionError as error:
    trace = error.__traceback__
    while trace.tb_next: trace = trace.tb_next
    # The deepest call may not have begun at all; that is not the SDK's.
    print("recursion ended in", trace.tb_frame.f_code.co_name)
assert not raised, (len(raised), raised[:20])
telltale.log_metric("last", 1.0, step=1)
assert telltale.flush(120)
"""


def test_no_value_raises_into_the_program(
    sink: Sink, python: str, environment: Dict[str, str]
) -> None:
    run(python, environment, ODD)
    assert sink.points("train", "last") == [(1, 1.0)]


def test_no_value_raises_where_no_run_is_named(python: str, environment: Dict[str, str]) -> None:
    del environment["TELLTALE_RUN_KEY"], environment["TELLTALE_URL"]
    run(python, environment, ODD)


@pytest.mark.parametrize(
    "settings",
    [
        {"TELLTALE_EXIT_WAIT_S": "nan", "TELLTALE_SPOOL_BYTES": "inf"},
        {"TELLTALE_EXIT_WAIT_S": "-1", "TELLTALE_SPOOL_BYTES": "-5"},
        {"TELLTALE_EXIT_WAIT_S": "soon", "TELLTALE_SPOOL_BYTES": "many"},
        {"TELLTALE_TOKEN": "a\tb", "TELLTALE_TOKEN_FILE": "/no/such/file"},
        {"TELLTALE_CLAIMS": "/no/such/folder/claims"},
    ],
)
def test_odd_settings_cost_no_point(
    sink: Sink, python: str, environment: Dict[str, str], settings: Dict[str, str]
) -> None:
    code = "import telltale; telltale.log_metric('a', 1, 1); assert telltale.flush(60)"
    run(python, {**environment, **settings}, code)
    assert sink.points("train", "a") == [(1, 1.0)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[", "nonsense://", "http://é.x"])
def test_an_odd_address_costs_no_error(python: str, environment: Dict[str, str], url: str) -> None:
    environment.update({"TELLTALE_URL": url, "TELLTALE_EXIT_WAIT_S": "0.1"})
    run(python, environment, "import telltale; telltale.log_metric('a', 1, 1); telltale.flush(0.1)")


# --- what is told


@pytest.mark.parametrize("status", [401, 403, 404])
def test_who_may_not_send_is_told_once(
    sink: Sink, python: str, environment: Dict[str, str], tmp_path: Path, status: int
) -> None:
    sink.reply = lambda events: (status, {}, b"")
    environment["TELLTALE_TOKEN"] = "secret-of-mine"
    code = """
import telltale
for step in range(3):
    telltale.log_metric("a", step, step=step)
    assert not telltale.flush(60)
"""
    told: List[str] = run(python, environment, code).splitlines()
    assert len(told) == 1 and str(status) in told[0] and sink.url[len("http://") :] in told[0]
    assert ("TELLTALE_TOKEN" in told[0]) == (status != 404)
    assert "secret-of-mine" not in told[0]
    sink.reply = None
    run(python, environment, "import telltale; telltale.log_metric('b', 1); telltale.flush(60)")
    sink.wait_for(lambda: len(sink.points("train", "a")) == 3)
