"""Tables as a page of their own: reads data files, writes HTML that sorts and filters without
loading anything.
"""

import glob
import html
import json
import os
from typing import Any, List

from render.assets import TABLE_SCRIPT, TABLE_STYLE


def files(source: str) -> List[str]:
    """The files that a path or a pattern names, in order. Raises FileNotFoundError if none."""
    found = [source] if os.path.isfile(source) else sorted(glob.glob(source, recursive=True))
    found = [path for path in found if os.path.isfile(path)]
    if not found:
        raise FileNotFoundError(f"nothing is at {source}")
    return found


def read(source: str, headers: List[str], most: int) -> Any:
    """At most `most` rows, of all files one after another, and whether there are more."""
    import pandas

    pieces, left = [], most + 1
    for path in files(source):
        piece = _read_file(path, headers, left)
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            break
    frame = pieces[0] if len(pieces) == 1 else pandas.concat(pieces, ignore_index=True)
    return frame.head(most), len(frame) > most


def _read_file(path: str, headers: List[str], most: int) -> Any:
    import pandas

    if path.endswith(".parquet"):
        return _read_parquet(path, most)
    if path.endswith((".jsonl", ".ndjson")):
        return pandas.read_json(path, lines=True, nrows=most)
    separator = "\t" if path.endswith(".tsv") else ","
    if headers:
        return pandas.read_csv(path, sep=separator, header=None, names=headers, nrows=most)
    return pandas.read_csv(path, sep=separator, nrows=most)


def _read_parquet(path: str, most: int) -> Any:
    import pandas
    import pyarrow.parquet

    pieces, left = [], most
    for batch in pyarrow.parquet.ParquetFile(path).iter_batches(min(most, 65_536)):
        pieces.append(batch.slice(0, left).to_pandas())
        left -= len(pieces[-1])
        if left <= 0:
            break
    return pandas.concat(pieces, ignore_index=True) if pieces else pandas.DataFrame()


def page(frame: Any, more: bool) -> str:
    rows = frame.to_json(orient="values", date_format="iso", default_handler=str)
    data = f'{{"columns":{json.dumps([str(c) for c in frame.columns])},"rows":{rows}}}'
    # Within a script element, nothing but its end can end it.
    data = data.replace("<", "\\u003c")
    note = f"the first {len(frame):,} rows" if more else f"{len(frame):,} rows"
    return (
        f'<div class="telltale-table"><style>{TABLE_STYLE}</style>'
        f'<script type="application/json" class="data">{data}</script>'
        f'<p><input type="search" placeholder="Filter" aria-label="Filter"> '
        f'<span class="count">{html.escape(note)}</span></p>'
        f'<table><thead></thead><tbody></tbody></table><p class="pages"></p>'
        f"<script>{TABLE_SCRIPT}</script></div>"
    )


def show(source: str, headers: List[str], most: int) -> None:
    from IPython.display import HTML, display

    frame, more = read(source, [str(name) for name in headers], max(1, most))
    display(HTML(page(frame, more)))
