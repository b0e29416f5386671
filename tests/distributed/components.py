"""Kafka and MinIO as a user would start them, and what faults do to them.

Started by tests/component/kafka.py and minio.py, each in a folder of its own, on loopback. Killed,
they start again with the data they had.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List, Optional

from balancer import Balancer

COMPONENT = Path(__file__).resolve().parents[1] / "component"


def _run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(COMPONENT / script), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _signal(pid_file: Path, what: signal.Signals) -> None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it does not run
        os.kill(int(pid_file.read_text()), what)


class Kafka:
    """A cluster in KRaft mode. Brokers are numbered from 1. `lasting`: see kafka.py."""

    def __init__(self, folder: Path, brokers: int, lasting: bool = False) -> None:
        self._folder = folder
        self._options = ["--brokers", str(brokers), *(["--lasting"] if lasting else [])]
        self.brokers = list(range(1, brokers + 1))
        self.addresses = ""

    def start(self) -> None:
        """What does not run; returns when all answer."""
        self.addresses = _run("kafka.py", "start", str(self._folder), *self._options)

    def kill(self, brokers: List[int]) -> None:
        for number in brokers:
            _signal(self._folder / f"broker-{number}" / "pid", signal.SIGKILL)

    def stop(self) -> None:
        _run("kafka.py", "stop", str(self._folder))


class Minio:
    """Its answers are late by `late_s`."""

    def __init__(self, folder: Path, late_s: float = 0.0) -> None:
        self._folder = folder
        self._endpoint = ""
        self._late_s = late_s
        self._late: Optional[Balancer] = None

    @property
    def store(self) -> str:
        credentials = self._folder / "credentials"
        return f"s3://telltale?endpoint={self._endpoint}&credentials={credentials}"

    def start(self) -> None:
        self._endpoint = _run("minio.py", "start", str(self._folder))
        if self._late_s > 0:
            self._late = self._late or Balancer(self._late_s)
            self._late.ports = [int(self._endpoint.rsplit(":", 1)[1])]
            self._endpoint = self._late.url

    def kill(self) -> None:
        _signal(self._folder / "pid", signal.SIGKILL)

    def freeze(self) -> None:
        """It listens and does not answer."""
        _signal(self._folder / "pid", signal.SIGSTOP)

    def thaw(self) -> None:
        _signal(self._folder / "pid", signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        _run("minio.py", "stop", str(self._folder))
        if self._late is not None:
            self._late.close()
