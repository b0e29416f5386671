"""The set-up as make runs it: with the bare interpreter, from PyPI, told to the sink."""

import subprocess
from pathlib import Path
from typing import Dict

from conftest import PYTHON_DIRECTORY
from sink import Sink

SCRIPT = PYTHON_DIRECTORY / "local_target" / "setup_environment.py"


def set_up(
    python: str, environment: Dict[str, str], tmp_path: Path, requirements: str
) -> "subprocess.CompletedProcess[str]":
    file = tmp_path / "requirements.txt"
    file.write_text(requirements)
    command = [python, "-S", str(SCRIPT), str(tmp_path / "venv"), "--requirements", str(file)]
    bare = {k: v for k, v in environment.items() if k not in ("PYTHONPATH", "TELLTALE_RUN_KEY")}
    return subprocess.run(
        command, check=False, env=bare, capture_output=True, text=True, timeout=300
    )


def test_it_is_made_once_and_shows_itself(
    sink: Sink, python: str, environment: Dict[str, str], tmp_path: Path
) -> None:
    done = set_up(python, environment, tmp_path, "uv==0.13.9\nsix==1.17.0  # small\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[create environment] " in done.stdout
    assert sink.final_states() == {
        "install uv": "SUCCEEDED",
        "create environment": "SUCCEEDED",
        "install uv beside it": "SUCCEEDED",
        "install six": "SUCCEEDED",
    }
    assert list(sink.graph()["install six"]["depends_on"]) == ["install uv beside it"]
    assert b"six==1.17.0" in sink.log("install six")
    assert sink.run_states() == ["RUNNING", "SUCCEEDED"]
    run = sink.of_kind("run_state")[0]["run_state"]
    assert (run["source"], run["name"]) == ("setup", "Set up Python")
    interpreter = str(tmp_path / "venv" / "bin" / "python")
    code = "import six, telltale, local_target"
    assert subprocess.run([interpreter, "-c", code], check=False, cwd=tmp_path).returncode == 0

    before = len(sink.events)
    again = set_up(python, environment, tmp_path, "uv==0.13.9\nsix==1.17.0\n")
    assert (again.returncode, len(sink.events)) == (0, before)
    assert "up to date" in again.stdout

    failed = set_up(python, environment, tmp_path, "uv==0.13.9\nsix==0.0.0.99\npackaging\n")
    assert failed.returncode == 1
    assert sink.final_states()["install six"] == "FAILED"
    assert sink.final_states()["install packaging"] == "SKIPPED"
    assert sink.run_states()[-1] == "FAILED"
    assert "install six failed: " in failed.stderr
