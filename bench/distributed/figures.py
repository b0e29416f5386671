#!/usr/bin/env python3
"""figures.py [seen] [ingest] [away] [recovery] [memory]: see README.md. All without arguments."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tests/distributed", "tests/component", "python"):
    sys.path.insert(0, str(ROOT / folder))


def main() -> None:
    from away import away
    from ingest import ingest
    from memory import memory
    from recovery import recovery
    from seen import seen

    parts = {part.__name__: part for part in (seen, ingest, away, recovery, memory)}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
