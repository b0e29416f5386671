"""Where the tests of this folder find what they share. Run by `tools/test.sh --only kubernetes`."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "component"):
    sys.path.insert(0, str(folder))
