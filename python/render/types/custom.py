"""Custom Python

Your own code, run as a notebook's cell: `source` and `variables` are defined, what it displays,
prints or ends with is shown."""

source: str = ""
code: "text" = ""  # Python, as text or as a list of lines
