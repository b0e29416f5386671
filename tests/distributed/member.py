"""One process of the system: `telltale serve` with some of the roles, and what faults do to it."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import List, Optional, Sequence

from kafka import free_ports
from waiting import PATIENCE_S, ask, await_that

# Whatever runs a server starts it again when it ended, a moment later.
RESTART_S = 0.5
TEND_S = 0.02
LAST_WORDS_BYTES = 2_000


class Member:
    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        """`command`: all but where it listens and what it is given as its folder."""
        self.name = name
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.trouble = ""  # the first end that nobody asked for
        self._log = folder / f"{name}.log"
        self._command = [*command, "--listen", f"127.0.0.1:{self.port}"]
        self._command += ["--data", str(folder / name)]
        # What it leaves for commands of the same user stays out of his own folder.
        self._environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._was_ready = False
        self._start_at = 0.0
        self._frozen = False

    def tend(self) -> None:
        """Starts it when it is due. Called again and again, by one thread."""
        if self._process is not None and self._process.poll() is not None:
            self._ended(self._process.returncode)
        if self._process is None and time.monotonic() >= self._start_at:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command, stdout=log, stderr=log, env=self._environment
                )
        elif not self._was_ready and not self._frozen:
            self._was_ready = self.is_ready()

    def _ended(self, status: int) -> None:
        self._process = None
        if status != -signal.SIGKILL:
            if not self.trouble:
                self.trouble = f"{self.name} ended with {status}: {self.last_words()}"
            self._start_at = time.monotonic() + RESTART_S
        self._was_ready = False

    def kill(self, away_s: float) -> None:
        """kill -9; it starts again after so many seconds."""
        self._start_at = time.monotonic() + away_s
        self._signal(signal.SIGKILL)

    def end(self) -> None:
        """In good order, for good. Only when nobody tends it any more."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None

    def freeze(self) -> None:
        self._frozen = True
        assert self._signal(signal.SIGSTOP), f"{self.name} does not run"

    def thaw(self) -> None:
        if self._frozen:
            self._signal(signal.SIGCONT)
        self._frozen = False

    def _signal(self, what: signal.Signals) -> bool:
        process = self._process  # the tender's thread takes it away when it has ended
        if process is not None:
            process.send_signal(what)
        return process is not None

    @property
    def pid(self) -> int:
        process = self._process
        return 0 if process is None else process.pid

    def is_ready(self) -> bool:
        try:
            return ask(self.url + "/readyz", timeout_s=5).status == 200
        except OSError:
            return False

    def await_ready(self) -> None:
        await_that(self.is_ready, f"{self.name} is ready; its last words: {self.last_words()}")

    def counter(self, name: str) -> int:
        """One of its counters; 0 where it does not answer."""
        try:
            text = ask(self.url + "/metrics", timeout_s=5).body.decode()
        except OSError:
            return 0
        found = re.search(rf"^telltale_{name}_total{{.*}} (\d+)$", text, re.MULTILINE)
        return int(found.group(1)) if found else 0

    def last_words(self) -> str:
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[-LAST_WORDS_BYTES:].decode("utf-8", "replace")


class Tender:
    """Keeps members running, on a thread of its own, until close() ends them in good order."""

    def __init__(self, members: List[Member]) -> None:
        self._members = members
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tend)
        self._thread.start()

    def _tend(self) -> None:
        while not self._over.wait(TEND_S):
            for member in self._members:
                member.tend()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for member in self._members:
            member.thaw()
            member.end()
