#!/usr/bin/env python3
"""figures.py [PART...]: see README.md. All parts without arguments."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tests/distributed", "tests/component", "python"):
    sys.path.insert(0, str(ROOT / folder))


def main() -> None:
    from away import away
    from before import before
    from burst import burst
    from ingest import ingest
    from memory import memory
    from nodes import nodes
    from recovery import recovery
    from seen import seen
    from slow import slow
    from viewers import viewers

    every = (seen, ingest, burst, slow, away, recovery, memory, viewers, nodes)
    parts = {part.__name__: part for part in (*every, before)}
    for name in sys.argv[1:] or [part.__name__ for part in every]:
        parts[name]()


if __name__ == "__main__":
    main()
