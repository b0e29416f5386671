"""Imports what visualizations are made of, once, in the forking parent, and makes each library show
its figures as pages that load nothing: no address of another machine stands in them.
"""

import contextlib
import importlib
import os
from typing import Any, Dict, Tuple

# Threads do not survive a fork, so none may be started before it.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MPLBACKEND": "module://render.figures",
}
_OPTIONAL = ("numpy", "pandas", "matplotlib.pyplot", "plotly.graph_objects", "altair")


def warm() -> None:
    os.environ.update(ENVIRONMENT)
    os.environ.setdefault("HOME", "/tmp")
    from render import job_process, shell  # noqa: F401

    for name in _OPTIONAL:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for prepare in (_plotly, _bokeh, _altair, _matplotlib):
        with contextlib.suppress(ImportError):
            prepare()
    shell.make()


def _plotly() -> None:
    import plotly.express
    import plotly.graph_objects
    import plotly.io as pio
    from plotly.io._base_renderers import MimetypeRenderer

    class Inline(MimetypeRenderer):  # type: ignore[misc]
        def to_mimebundle(self, figure: Any) -> Dict[str, str]:
            return {"text/html": pio.to_html(figure, include_plotlyjs=True, full_html=False)}

    pio.to_html(plotly.graph_objects.Figure())  # what it imports only now
    pio.renderers["inline"] = Inline()
    pio.renderers.default = "inline"


def _bokeh() -> None:
    import bokeh.io
    import bokeh.plotting
    from bokeh.embed import file_html
    from bokeh.model import Model
    from bokeh.resources import INLINE
    from IPython.display import HTML, display

    def page(model: Any) -> str:
        return str(file_html(model, INLINE))

    def show(model: Any, *_: Any, **__: Any) -> None:
        display(HTML(page(model)))

    def nothing(*_: Any, **__: Any) -> None:
        return None

    for module in (bokeh.io, bokeh.plotting):
        module.show = show
        module.output_notebook = nothing
    Model._repr_html_ = page


def _altair() -> None:
    import altair

    def page(spec: Dict[str, Any], **_: Any) -> Tuple[Dict[str, str], Dict[str, str]]:
        chart = altair.Chart.from_dict(spec)
        return {"text/html": chart.to_html(inline=True)}, {}

    altair.renderers.register("standalone", page)
    altair.renderers.enable("standalone")


def _matplotlib() -> None:
    import matplotlib

    matplotlib.use("module://render.figures")
    import matplotlib.font_manager
    import matplotlib.pyplot

    # The first figure finds the fonts; the children then need not.
    figure = matplotlib.pyplot.figure()
    figure.text(0, 0, "x")
    figure.canvas.draw()
    matplotlib.pyplot.close(figure)
