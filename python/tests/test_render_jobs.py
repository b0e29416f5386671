"""Jobs of the forking parent: what IPython shows, when it shows it, and how a job ends."""

import re
from typing import Iterator

import pytest
from render_support import run, work

from render.pool import Pool


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool()
    pool.start()
    yield pool
    pool.stop()


def mimes(pool: Pool, code: str) -> list:
    outcome = run(pool, code)
    assert outcome.job.end.ok, outcome.job.end
    return [part.mime for part in outcome.parts]


def test_the_last_expression_streams_and_magics(pool: Pool) -> None:
    outcome = run(pool, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n%pwd")
    assert [(p.name, p.body) for p in outcome.parts] == [
        ("stdout", b"out\n"),
        ("stderr", b"err\n"),
        ("result", b"'/tmp'"),
    ]


def test_rich_displays_of_frames_and_own_classes(pool: Pool) -> None:
    code = "class A:\n  def _repr_html_(self): return '<i>a</i>'\ndisplay(A())\nA()"
    assert [p.body for p in run(pool, code).parts] == [b"<i>a</i>"] * 2
    assert mimes(pool, "import pandas\npandas.DataFrame({'a': [1]})") == ["text/html"]


def test_what_a_shell_command_and_descriptor_1_write_is_shown(pool: Pool) -> None:
    assert "hi" in run(pool, "!echo hi").text
    assert "raw" in run(pool, "import os\nos.write(1, b'raw')\nNone").text


def test_a_display_arrives_while_its_job_still_runs(pool: Pool) -> None:
    job = pool.submit(work("print('first')\nwhile True: pass"))
    events = job.events()
    assert next(e for e in events if e.kind == "part").body == b"first"
    job.cancel()
    assert [e for e in events if e.kind == "part" and e.body.strip()] == []
    assert job.end.cancelled and not job.end.ok


def test_each_figure_of_matplotlib_is_shown_and_a_redrawn_one_takes_its_place(pool: Pool) -> None:
    two = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nplt.plot([2]);"
    assert mimes(pool, two) == ["image/png"] * 2
    loop = (
        "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\n"
        "for i in range(3):\n  axes.clear()\n  axes.plot([i, 2])\n  plt.pause(0.001)\n"
    )
    outcome = run(pool, loop)
    assert [f.index for f in outcome.frames if not f.append] == [0, 0, 0]
    assert len(outcome.parts) == 1 and outcome.parts[0].body.startswith(b"\x89PNG")


def test_an_updated_display_and_a_cleared_output_replace(pool: Pool) -> None:
    code = "h = display('a', display_id=True)\ndisplay('b')\nh.update('c')"
    assert [p.body for p in run(pool, code).parts] == [b"'c'", b"'b'"]
    cleared = "from IPython.display import *\nprint(1)\nclear_output(wait=True)\nprint(2)"
    assert [p.body for p in run(pool, cleared).parts] == [b"2\n"]


def test_plotly_bokeh_and_altair_load_nothing(pool: Pool) -> None:
    plotly = run(pool, "import plotly.express as px\npx.line(x=[1, 2], y=[1, 2])")
    shown = run(
        pool, "from bokeh.plotting import figure, show\np = figure()\np.line([1], [1])\nshow(p)"
    )
    altair = run(
        pool,
        "import altair, pandas\n"
        "altair.Chart(pandas.DataFrame({'a': [1]})).mark_point().encode(x='a')",
    )
    for outcome in (plotly, shown, altair):
        assert [p.mime for p in outcome.parts] == ["text/html"]
        # A script that stands inline may hold any text; nothing else may name another place.
        inline = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>.*?</script>", re.DOTALL)
        assert b"http" not in inline.sub(b"", outcome.parts[0].body)
        assert len(outcome.parts[0].body) > 500_000


def test_a_failure_is_shown_and_named(pool: Pool) -> None:
    outcome = run(pool, "print(1)\n1/0")
    assert [p.name for p in outcome.parts] == ["stdout", "error"]
    assert outcome.job.end.message == "ZeroDivisionError: division by zero"
    assert not run(pool, "this is no python").job.end.ok


def test_jobs_share_nothing(pool: Pool) -> None:
    run(pool, "import builtins\nbuiltins.leak = 1\nopen('/tmp/leak', 'w').write('x')")
    code = "import os, builtins\nprint(hasattr(builtins, 'leak'), os.path.exists('/tmp/leak'))"
    assert run(pool, code).text == "False False\n"


def test_code_of_many_megabytes_arrives(pool: Pool) -> None:
    assert run(pool, "x = '" + "y" * (8 << 20) + "'\nlen(x)").text == str(8 << 20)
