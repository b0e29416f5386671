"""A job's displays as the page that Kubeflow's server of 1.8.22 made of them: the same elements and
classes, without scripts from elsewhere. It is made piece by piece, as the displays come.
"""

import base64
import html
import re
from typing import List, Tuple

from render import frames, shell

_STYLE = """
body{font:14px system-ui,sans-serif;margin:0}
.output_area{margin:.4em 0}.output_subarea{overflow-x:auto;padding:.2em .4em}
pre{font:13px ui-monospace,monospace;margin:0;white-space:pre-wrap}
.output_error pre,.output_stderr pre{color:#b00}
table.dataframe{border-collapse:collapse}table.dataframe td,table.dataframe th{padding:2px 8px}
.ansi-red-fg,.ansi-red-intense-fg{color:#b22b31}.ansi-green-fg,.ansi-green-intense-fg{color:#007427}
.ansi-yellow-fg,.ansi-yellow-intense-fg{color:#b27d12}
.ansi-blue-fg,.ansi-blue-intense-fg{color:#0065ca}
.ansi-magenta-fg,.ansi-magenta-intense-fg{color:#a03196}
.ansi-cyan-fg,.ansi-cyan-intense-fg{color:#258f8f}
.ansi-bold{font-weight:bold}
"""
HEAD = (
    f'<!DOCTYPE html>\n<html><head><meta charset="utf-8" /><style>{_STYLE}</style></head>\n'
    f'<body><div class="output_wrapper"><div class="output">\n'
)
FOOT = "</div></div></body></html>\n"

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_ANSI = re.compile(r"\x1b\[([0-9;]*)m")


def ansi(text: str) -> str:
    """A terminal's colours as the classes a notebook's page has for them."""
    out: List[str] = []
    classes: List[str] = []
    at = 0
    for found in _ANSI.finditer(text):
        out.append(_span(text[at : found.start()], classes))
        classes = _classes(found.group(1), classes)
        at = found.end()
    out.append(_span(text[at:], classes))
    return shell.plain("".join(out))


def _span(text: str, classes: List[str]) -> str:
    if not text or not classes:
        return html.escape(text)
    return f'<span class="{" ".join(classes)}">{html.escape(text)}</span>'


def _classes(codes: str, before: List[str]) -> List[str]:
    classes = list(before)
    for code in codes.split(";"):
        number = int(code or 0) if len(code) < 4 else -1
        if number == 0:
            classes = []
        elif number == 1:
            classes.append("ansi-bold")
        elif 30 <= number <= 37 or 90 <= number <= 97:
            intense = "-intense" if number >= 90 else ""
            classes = [name for name in classes if not name.endswith("-fg")]
            classes.append(f"ansi-{_COLOURS[number % 10]}{intense}-fg")
        elif number == 39:
            classes = [name for name in classes if not name.endswith("-fg")]
    return classes


def around(frame: frames.Frame) -> Tuple[str, str]:
    """What stands before and after a display's own bytes."""
    kind, tag = _kind(frame)
    before = (
        '<div class="output_area"><div class="prompt"></div>\n'
        f'<div class="output_subarea {kind}">\n'
    )
    after = "\n</div></div>\n"
    if tag == "pre":
        return before + "<pre>", "</pre>" + after
    if tag == "img":
        return before + f'<img src="data:{frame.mime};base64,', '">' + after
    if tag == "script":
        return before + "<script>", "</script>" + after
    return before, after


_KINDS = {
    "image/svg+xml": ("output_svg", ""),
    "application/javascript": ("output_javascript", "script"),
    "text/html": ("output_html rendered_html", ""),
    "text/markdown": ("output_markdown rendered_html", "pre"),
}


def _kind(frame: frames.Frame) -> Tuple[str, str]:
    """Its classes, and the element that its bytes stand in."""
    if frame.name == "error":
        return "output_error", "pre"
    if frame.name in ("stdout", "stderr"):
        return f"output_stream output_{frame.name} output_text", "pre"
    if frame.mime in _KINDS:
        return _KINDS[frame.mime]
    if frame.mime.startswith("image/"):
        return f"output_{frame.mime[6:]}", "img"
    return "output_text", "pre"


def inside(frame: frames.Frame, body: bytes) -> str:
    _, tag = _kind(frame)
    if tag == "img":
        return base64.b64encode(body).decode()
    text = body.decode("utf-8", "replace")
    return ansi(text) if tag == "pre" else text
