"""What `telltale.show` makes of an object: a type and bytes, as a notebook would show it. Imports
nothing that the caller's program has not: an object brings its own library.
"""

import importlib
import io
import json
import mimetypes
import os
import re
from typing import Any, Callable, List, NamedTuple, Optional

# A figure or a page; what is larger belongs into an artifact.
BYTES_LIMIT = 32 << 20
_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; *[a-z0-9-]+=[A-Za-z0-9._-]+)?\Z", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<[!?a-zA-Z].*>\s*\Z", re.DOTALL)
_OWN = (
    ("_repr_html_", "text/html"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_json_", "application/json"),
)


class Shown(NamedTuple):
    content_type: str
    data: bytes


def as_shown(thing: Any, content_type: str = "") -> Shown:
    """Raises whatever the object does, and ValueError where it is too large."""
    if content_type and not _TYPE.match(content_type):
        raise ValueError(f"{content_type!r} is no type like text/html")
    shown = _as_shown(thing)
    if len(shown.data) > BYTES_LIMIT:
        raise ValueError(f"{len(shown.data)} bytes; up to {BYTES_LIMIT} can be shown at a time")
    return shown._replace(content_type=content_type) if content_type else shown


def _as_shown(thing: Any) -> Shown:
    if isinstance(thing, (bytes, bytearray, memoryview)):
        return Shown("application/octet-stream", bytes(thing))
    if isinstance(thing, str):
        return Shown("text/html" if _MARKUP.match(thing) else "text/plain", _encoded(thing))
    if isinstance(thing, os.PathLike):
        return _file(os.fspath(thing))
    for show in (_page, _picture, _bundle, _representation):
        shown: Optional[Shown] = show(thing)
        if shown is not None:
            return shown
    return Shown("text/plain", _encoded(repr(thing)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _file(path: Any) -> Shown:
    with open(path, "rb") as file:
        data = file.read(BYTES_LIMIT + 1)
    guessed = mimetypes.guess_type(os.fsdecode(path))[0]
    return Shown(guessed or "application/octet-stream", data)


def _library(thing: Any) -> str:
    return str(type(thing).__module__).partition(".")[0]


def _page(thing: Any) -> Optional[Shown]:
    """Of libraries whose own page would load its scripts from elsewhere."""
    library = _library(thing)
    if library == "plotly" and hasattr(thing, "to_html"):
        page = thing.to_html(include_plotlyjs=True, full_html=True)
    elif library == "altair" and hasattr(thing, "to_html"):
        page = thing.to_html(inline=True)
    elif library == "bokeh" and hasattr(thing, "document"):
        inline = importlib.import_module("bokeh.resources").INLINE
        page = importlib.import_module("bokeh.embed").file_html(thing, inline)
    else:
        return None
    return Shown("text/html", _encoded(page))


def _picture(thing: Any) -> Optional[Shown]:
    """matplotlib's: a figure, what has one (axes, seaborn's grids), or pyplot itself."""
    save: Optional[Callable[..., Any]] = getattr(thing, "savefig", None)
    if save is None:
        save = getattr(getattr(thing, "figure", None), "savefig", None)
    if save is None or isinstance(thing, type):
        return None
    file = io.BytesIO()
    save(file, format="png", bbox_inches="tight")
    return Shown("image/png", file.getvalue())


def _bundle(thing: Any) -> Optional[Shown]:
    make = getattr(thing, "_repr_mimebundle_", None)
    if make is None or isinstance(thing, type):
        return None
    told = make()
    bundle = told[0] if isinstance(told, tuple) else told
    for _, content_type in _OWN:
        if bundle and content_type in bundle:
            return _told(content_type, bundle[content_type])
    return None


def _representation(thing: Any) -> Optional[Shown]:
    if isinstance(thing, type):
        return None
    for name, content_type in _OWN:
        make = getattr(thing, name, None)
        told = make() if callable(make) else None
        if told is not None:
            return _told(content_type, told)
    return None


def _told(content_type: str, told: Any) -> Shown:
    if isinstance(told, tuple):
        told = told[0]
    if isinstance(told, bytes):
        return Shown(content_type, told)
    if content_type in ("image/png", "image/jpeg"):
        import base64

        return Shown(content_type, base64.b64decode(told))
    return Shown(content_type, _encoded(told if isinstance(told, str) else json.dumps(told)))


__all__: List[str] = ["BYTES_LIMIT", "Shown", "as_shown"]
