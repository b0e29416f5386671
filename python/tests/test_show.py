"""What a step shows: `telltale.show` in processes of their own, at a real server."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import pytest
from conftest import PYTHON_DIRECTORY, RUN_KEY
from real_server import Server, await_that, needs_server

from telltale import ids
from telltale.shower import deliver_left
from telltale.shown import BYTES_LIMIT, as_shown

pytestmark = needs_server
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "breast_cancer" / "pipeline.py"
FIGURE = """
import telltale
class Figure:
    drawn = 0
    def savefig(self, file, **_):
        Figure.drawn += 1
        file.write(b"png %d" % Figure.drawn)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    yield server
    if server.process.poll() is None:
        server.kill()


def step(server: Server, code: str, **more: str) -> "subprocess.Popen[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    environment = {
        **kept,
        "PYTHONPATH": str(PYTHON_DIRECTORY),
        "TELLTALE_URL": server.url,
        "TELLTALE_RUN_KEY": RUN_KEY,
        "TELLTALE_TASK_PATH": "train",
        "TELLTALE_SPOOL_DIR": str(spool(server)),
        "TELLTALE_EXIT_WAIT_S": "60",
        **more,
    }
    command = [sys.executable, "-c", FIGURE + code]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def spool(server: Server) -> Path:
    return server.data.parent / "spool"


def run(server: Server, code: str, **more: str) -> str:
    """What it printed and warned of."""
    out, err = step(server, code, **more).communicate()
    assert "Traceback" not in err, err
    return out + err


def parts(server: Server) -> List[Dict[str, Any]]:
    query = f"?run={RUN_KEY}&task={ids.task_id('train')}"
    found = server.get(f"/api/v1/visualizations{query}").get("visualizations", [])
    assert len(found) <= 1
    shown: List[Dict[str, Any]] = found[0].get("parts", []) if found else []
    return shown


def bodies(server: Server) -> List[bytes]:
    return [server.ask(part["url"])[2] for part in parts(server)]


def test_each_thing_is_there_when_it_was_shown_and_not_when_the_step_ends(server: Server) -> None:
    process = step(
        server,
        """
class Frame:
    def _repr_html_(self): return "<table></table>"
telltale.show(Figure(), name="loss")
telltale.show(Frame())
telltale.show("some text")
telltale.show("<b>a page</b>", "page")
input()
telltale.show(Figure(), name="loss")
input()
""",
    )
    assert process.stdin is not None
    await_that(lambda: len(parts(server)) == 4)
    assert [(p.get("name", ""), p["content_type"]) for p in parts(server)] == [
        ("loss", "image/png"),
        ("", "text/html"),
        ("", "text/plain"),
        ("page", "text/html"),
    ]
    assert bodies(server) == [b"png 1", b"<table></table>", b"some text", b"<b>a page</b>"]
    process.stdin.write("\n")
    process.stdin.flush()
    await_that(lambda: bodies(server)[0] == b"png 2")
    assert process.poll() is None
    process.communicate("\n")
    (one,) = server.get(f"/api/v1/visualizations?run={RUN_KEY}")["visualizations"]
    assert (one["type"], one["state"]) == ("show", "SUCCEEDED")
    assert len(one["parts"]) == 4
    policy = server.ask(one["parts"][3]["url"])[1]["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")


def test_it_is_there_after_the_server_was_killed_and_started_again(server: Server) -> None:
    run(server, "telltale.show('first', 'a'); telltale.show('second', 'a'); telltale.show('b')")
    assert bodies(server) == [b"second", b"b"]
    server.kill()
    server.start()
    assert bodies(server) == [b"second", b"b"]
    run(server, "telltale.show('third', 'a')")
    assert bodies(server) == [b"third", b"b"]


def test_what_was_shown_while_the_server_was_away_comes_later_and_once(server: Server) -> None:
    server.kill()
    away = {"TELLTALE_EXIT_WAIT_S": "0"}
    run(server, "telltale.show('old', 'a'); telltale.show('new', 'a'); telltale.show('b')", **away)
    killed = "import os, signal\ntelltale.show('c')\nos.kill(os.getpid(), signal.SIGKILL)"
    step(server, killed).communicate()
    assert not deliver_left(server.url, str(spool(server)), 60)
    server.start()
    assert deliver_left("http://elsewhere", str(spool(server)), 60)
    assert parts(server) == []
    assert deliver_left(server.url, str(spool(server)), 60)
    assert sorted(bodies(server)) == [b"b", b"c", b"new"]
    assert list((spool(server) / "shown").iterdir()) == []


def test_a_process_sends_what_another_one_left(server: Server) -> None:
    server.kill()
    run(server, "telltale.show('left')", TELLTALE_EXIT_WAIT_S="0")
    server.start()
    process = step(server, "telltale.show('own')\ninput()")
    await_that(lambda: sorted(bodies(server)) == [b"left", b"own"])
    process.communicate("\n")


def test_the_server_that_starts_sends_what_runs_left(server: Server) -> None:
    """By leftovers.settle, which a server with a Python runs at its start."""
    from local_target import leftovers

    server.kill()
    run(server, "telltale.show('left')", TELLTALE_EXIT_WAIT_S="0")
    server.start()
    assert leftovers.settle(server.url, str(spool(server)))
    assert bodies(server) == [b"left"]


def test_nothing_of_it_reaches_the_users_code(server: Server) -> None:
    told = run(
        server,
        """
import pathlib
class Bad:
    def __repr__(self): raise ValueError("no")
    __str__ = __repr__
class Dies:
    def _repr_html_(self): raise SystemError("no")
class Lies:
    def _repr_png_(self): return object()
telltale.show(Bad(), Bad()); telltale.show(Dies()); telltale.show(Lies())
telltale.show(pathlib.Path("/nowhere")); telltale.show("x", content_type="a\\r\\nb: c/d")
telltale.show(b"x" * (33 << 20)); telltale.show(); telltale.show("x", 1, 2, 3)
telltale.show("\\ud800", "\\ud800")
telltale.show("fine", "é/& ?" * 100)
print("on")
""",
    )
    assert told.startswith("on\n") and told.count("told once") == 1
    assert bodies(server) == [b"?", b"fine"]
    assert parts(server)[1]["name"].startswith("é/& ?é")


def test_a_disk_that_takes_nothing_is_told_and_the_step_goes_on(server: Server) -> None:
    spool(server).write_text("no folder")
    told = run(server, "telltale.show('x'); telltale.show('y'); print('on')")
    assert told.startswith("on\n") and "was left out" in told


def test_beyond_its_bound_on_disk_the_oldest_goes(server: Server) -> None:
    server.kill()
    code = "\nfor n in range(12): telltale.show(str(n) * 1000, content_type='text/x')"
    told = run(server, code, TELLTALE_EXIT_WAIT_S="0", TELLTALE_SPOOL_BYTES="6000")
    assert "the oldest was left out" in told
    kept = sum(file.stat().st_size for file in (spool(server) / "shown").glob("*/*.show"))
    assert 2000 < kept <= 6000
    server.start()
    assert deliver_left(server.url, str(spool(server)), 60)
    assert bodies(server)[-1] == b"11" * 1000


def test_without_a_run_nothing_is_shown(server: Server) -> None:
    assert run(server, "telltale.show(Figure())\nprint(Figure.drawn)", TELLTALE_URL="") == (
        "0\ntelltale: not reporting: TELLTALE_URL and TELLTALE_RUN_KEY go together\n"
    )


def test_threads_and_forked_children_show_for_themselves(server: Server) -> None:
    run(
        server,
        """
import multiprocessing, threading
def many(who):
    for n in range(20): telltale.show(f"{who} {n}", f"{who} {n}")
telltale.show("parent", "parent")
context = multiprocessing.get_context("fork")
children = [context.Process(target=many, args=(f"child {n}",)) for n in range(3)]
children += [threading.Thread(target=many, args=(f"thread {n}",)) for n in range(3)]
for child in children: child.start()
for child in children: child.join()
""",
    )
    await_that(lambda: len(parts(server)) == 121)
    assert {part["name"].encode() for part in parts(server)} == set(bodies(server))


def test_an_atexit_function_shows_too(server: Server) -> None:
    run(server, "import atexit\natexit.register(lambda: telltale.show('last words'))")
    assert bodies(server) == [b"last words"]


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("x/shown/" + "a" * 26, "text/plain", 400),
        (f"{RUN_KEY}/shown/x", "text/plain", 400),
        (f"{RUN_KEY}/shown/{'a' * 26}", "nothing", 400),
        (f"{RUN_KEY}/shown/{'a' * 26}?task={'x' * 5000}", "text/plain", 400),
        (f"{RUN_KEY}/shown/{'a' * 26}", "text/plain", 204),
    ],
)
def test_what_the_server_takes(server: Server, path: str, kind: str, status: int) -> None:
    headers = {"Content-Type": kind}
    for _ in range(2):  # told twice, it is there once
        assert server.ask(f"/api/v1/runs/{path}", b"x", headers, "PUT")[0] == status
    found = server.get("/api/v1/visualizations").get("visualizations", [])
    assert [len(one["parts"]) for one in found] == ([1] if status == 204 else [])


def test_what_is_too_large_is_refused_whole(server: Server) -> None:
    path = f"/api/v1/runs/{RUN_KEY}/shown/{'a' * 26}"
    body = bytes((64 << 20) + 1)
    with contextlib.suppress(OSError):  # it had hung up before it was all said
        assert server.ask(path, body, {"Content-Type": "text/plain"}, "PUT")[0] == 413
    assert server.get("/api/v1/visualizations") == {}


def test_no_worker_draws_the_type_of_what_steps_show(server: Server) -> None:
    body = b'{"worker":"w","environment":"e","types":[{"name":"show"}]}'
    assert server.ask("/api/v1/render/types", body, server.owner, "PUT")[0] == 204
    answer = server.ask("/api/v1/visualizations", b'{"type":"show"}', server.owner)
    assert answer[0] == 404


def test_the_example_shows_its_curve_while_it_trains(server: Server) -> None:
    code = f"""
import runpy
from kfp import dsl
of = runpy.run_path({str(EXAMPLE)!r})
def made(kind, name): return kind(name=name, uri=os.path.join(os.getcwd(), name))
data, rest = made(dsl.Dataset, "train"), made(dsl.Dataset, "test")
of["load"].python_func(seed=7, train_data=data, test_data=rest)
model, metrics = made(dsl.Model, "model"), made(dsl.Metrics, "metrics")
train = of["train"].python_func
train(learning_rate=0.05, epochs=4, seed=7, train_data=data, model=model, metrics=metrics)
telltale.flush(60)
input()
"""
    folder = server.data.parent
    process = step(server, f"import os\nos.chdir({str(folder)!r})\n" + code)
    seen: Set[str] = set()  # addresses: another one for each curve

    def has_been_redrawn() -> bool:
        seen.update(part["url"] for part in parts(server))
        assert process.poll() is None
        return len(seen) > 1

    await_that(has_been_redrawn)
    (curve,) = parts(server)
    assert (curve["name"], curve["content_type"]) == ("ROC curve", "image/png")
    assert bodies(server)[0].startswith(b"\x89PNG")
    out, err = process.communicate("\n")
    assert process.returncode == 0, out + err


class _Mime:
    def _repr_mimebundle_(self) -> Any:
        return {"text/plain": "x", "image/png": "aGVsbG8="}


class _Axes:
    class figure:
        @staticmethod
        def savefig(file: Any, **_: Any) -> None:
            file.write(b"drawn")


@pytest.mark.parametrize(
    ("thing", "kind", "data"),
    [
        ("text < 5", "text/plain", b"text < 5"),
        ("<!doctype html><p>", "text/html", b"<!doctype html><p>"),
        (b"\x00", "application/octet-stream", b"\x00"),
        (_Mime(), "image/png", b"hello"),
        (_Axes(), "image/png", b"drawn"),
        ([1, {"a": 2}], "text/plain", b"[1, {'a': 2}]"),
        (_Mime, "text/plain", None),
        (None, "text/plain", b"None"),
    ],
)
def test_an_object_is_shown_as_a_notebook_would(thing: Any, kind: str, data: Any) -> None:
    shown = as_shown(thing)
    assert shown.content_type == kind
    assert data is None or shown.data == data


def test_a_file_is_shown_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<p>")
    assert as_shown(file) == ("text/html", b"<p>")
    assert as_shown("<p>", "text/plain") == ("text/plain", b"<p>")
    with pytest.raises(ValueError, match="can be shown"):
        as_shown(bytes(BYTES_LIMIT + 1))


def test_real_libraries_show_what_needs_no_network(tmp_path: Path) -> None:
    altair = pytest.importorskip("altair", reason="no python/requirements-render.txt here")
    import bokeh.plotting
    import matplotlib
    import pandas
    import plotly.graph_objects

    matplotlib.use("agg")
    import matplotlib.pyplot

    frame = pandas.DataFrame({"x": [1, 2], "y": [3, 4]})
    figure, axes = matplotlib.pyplot.subplots()
    axes.plot(frame.x, frame.y)
    for thing in (figure, axes, matplotlib.pyplot):
        assert as_shown(thing).data.startswith(b"\x89PNG")
    assert b"<table" in as_shown(frame).data
    plot = bokeh.plotting.figure()
    plot.line([1, 2], [3, 4])
    chart = altair.Chart(frame).mark_line().encode(x="x", y="y")
    for thing in (plot, plotly.graph_objects.Figure(), chart):
        shown = as_shown(thing)
        assert shown.content_type == "text/html"
        assert not re.search(rb"<(script|link)[^>]*(src|href)=.?http", shown.data)
