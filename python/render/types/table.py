"""Table

Rows of CSV, TSV, JSON lines or Parquet files, sorted and filtered in the page."""

source: str  # A path, or a pattern of several
headers: list = []  # Names of the columns, where the file has none in its first row
rows_most: int = 10000  # How many rows the page holds

from render import tables

tables.show(source, headers, rows_most)
