"""matplotlib's backend in a job: `show` sends each open figure and closes it, as in a notebook;
`pause` sends it and leaves it open, so that a figure redrawn in a loop takes its own place. What is
open when the code ends is sent then.
"""

import io
from typing import Any, Dict

from matplotlib import _pylab_helpers
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

_told: Dict[int, bool] = {}


class FigureManager(FigureManagerBase):
    pass


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager

    def start_event_loop(self, timeout: float = 0) -> None:
        """Of `pyplot.pause`: no window has events here, it only waits."""
        import time

        time.sleep(timeout)


def png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", facecolor=figure.get_facecolor())
    return file.getvalue()


def _send(manager: Any) -> None:
    from IPython.display import display

    figure = manager.canvas.figure
    name = f"figure-{id(figure)}"
    if not figure.axes and not figure.lines and not figure.texts:
        return
    bundle = {"image/png": png(figure), "text/plain": repr(figure)}
    display(bundle, raw=True, display_id=name, update=_told.get(id(figure), False))
    _told[id(figure)] = True
    figure.stale = False


def show(*_: Any, block: Any = None, **__: Any) -> None:
    """`block=False` is what `pause` asks."""
    for manager in _pylab_helpers.Gcf.get_all_fig_managers():
        _send(manager)
    if block is not False:
        close()


def close() -> None:
    import matplotlib.pyplot

    matplotlib.pyplot.close("all")
    _told.clear()


def flush() -> None:
    """After the code: what is open, as far as it was not sent as it is now."""
    for manager in _pylab_helpers.Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
        if figure.stale or not _told.get(id(figure)):
            _send(manager)
    close()
