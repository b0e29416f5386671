import os
import socket
import sys
from pathlib import Path
from typing import Dict, Iterator

import pytest
from sink import Sink

PYTHON_DIRECTORY = Path(__file__).resolve().parents[1]
RUN_KEY = "x7geqg4u2wtcvg3mgoru54jyr4"


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    if sink.listening:
        sink.stop()


@pytest.fixture
def environment(sink: Sink, tmp_path: Path) -> Dict[str, str]:
    """Of a process that reports to the sink as task "train"; nothing leaks in from outside."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
    return {
        **kept,
        "PYTHONPATH": str(PYTHON_DIRECTORY),
        "TELLTALE_URL": sink.url,
        "TELLTALE_RUN_KEY": RUN_KEY,
        "TELLTALE_TASK_PATH": "train",
        "TELLTALE_SPOOL_DIR": str(tmp_path / "spool"),
        "TELLTALE_LOCAL_DIR": str(tmp_path / "local"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def python() -> str:
    return sys.executable


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
