"""Every file parses as each Python from 3.9 on; the SDK needs only the standard library."""

import ast
import sys
from pathlib import Path

import pytest

PYTHON_DIRECTORY = Path(__file__).resolve().parents[1]
FILES = sorted(
    file
    for folder in ("telltale", "local_target")
    for file in PYTHON_DIRECTORY.glob(f"{folder}/*.py")
)
SDK = [file for file in FILES if file.parent.name == "telltale"]
# What the set-up needs before anything is installed.
BARE = [
    PYTHON_DIRECTORY / "local_target" / name
    for name in (
        "setup_environment.py",
        "failure.py",
        "run_tracker.py",
        "pipeline_graph.py",
        "task_process.py",
    )
]


@pytest.mark.parametrize("minor", [9, 10, 11, 12, 13])
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_parses(file: Path, minor: int) -> None:
    ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, minor))


@pytest.mark.parametrize("file", [*SDK, *BARE], ids=lambda file: f"{file.parent.name}/{file.name}")
def test_imports_only_the_standard_library(file: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    own = {"telltale"} if file in SDK else {"telltale", "local_target"}
    assert names <= set(sys.stdlib_module_names) | own


def test_the_sdk_uses_nothing_newer_than_3_9() -> None:
    vermin = pytest.importorskip("vermin")
    config = vermin.Config()
    config.set_eval_annotations(False)
    for file in FILES:
        visitor = vermin.visit(file.read_text(encoding="utf-8"), config)
        versions = visitor.minimum_versions()
        assert versions[1] is not None and versions[1] <= (3, 9), (file.name, versions)
