"""One attempt of a task as a process: its own process group, its output as bytes as they come.

Standard error goes into the same pipe, so the order is the one it was written in. When the main
process ends, what it left behind in its group is ended too, as a container would.
"""

import contextlib
import errno
import os
import selectors
import signal
import subprocess
import threading
import time
from typing import Callable, Dict, List, Optional

READ_BYTES = 64 * 1024
# After the main process has ended, a process that left the group may still hold the pipe: how long
# its silence is waited out.
_LINGER_S = 0.5
_AUTOGROUP_TRIES = 20
_AUTOGROUP_WAIT_S = 0.1


class TaskProcess:
    """Lives on the thread that runs the task; `stop` may be called from any."""

    def __init__(self, command: List[str], env: Dict[str, str], directory: str, nice: int) -> None:
        if nice > 0:
            command = ["nice", "-n", str(nice), *command]
        read_fd, write_fd = os.pipe()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=write_fd,
                stderr=write_fd,
                env=env,
                cwd=directory,
                start_new_session=True,
            )
        except OSError:
            os.close(read_fd)
            raise
        finally:
            os.close(write_fd)
        self._read_fd = read_fd
        self._nice = nice
        self._ended = threading.Event()
        threading.Thread(target=self._reap, name="reap", daemon=True).start()

    def _reap(self) -> None:
        if self._nice > 0:
            _nice_session(self._process.pid, self._nice)
        self._process.wait()
        self._signal_group(signal.SIGKILL)
        self._ended.set()

    def _signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def run(self, on_bytes: Callable[[bytes], None]) -> int:
        """Hands over output until the end, and nothing (b"") in silences.

        Answers the exit status, negative for a signal.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._read_fd, selectors.EVENT_READ)
            while True:
                ended = self._ended.is_set()
                if not selector.select(_LINGER_S):
                    if ended:
                        break
                    on_bytes(b"")
                    continue
                data = os.read(self._read_fd, READ_BYTES)
                if not data:
                    break
                on_bytes(data)
        os.close(self._read_fd)
        self._ended.wait()
        return self._process.returncode

    def stop(self, grace_s: float) -> None:
        """SIGTERM to the group, SIGKILL when it is still there after the grace. Returns at once."""
        if self._ended.is_set():
            return
        self._signal_group(signal.SIGTERM)
        timer = threading.Timer(grace_s, self._kill)
        timer.daemon = True
        timer.start()

    def _kill(self) -> None:
        if not self._ended.is_set():
            self._signal_group(signal.SIGKILL)


def _nice_session(pid: int, nice: int) -> None:
    """Sets the niceness of the whole session that `pid` leads, where the kernel keeps one.

    Linux with autogroups shares the processors between sessions first and looks at the niceness of
    processes only within one (sched(7)): a task, which has a session of its own, would weigh as
    much as the page that watches it, however nice it is.
    """
    for _ in range(_AUTOGROUP_TRIES):
        try:
            with open(f"/proc/{pid}/autogroup", "w") as file:
                file.write(str(nice))
            return
        except OSError as error:
            # EAGAIN: the kernel takes ten such wishes a second from all who are not root.
            if error.errno != errno.EAGAIN:
                return
        time.sleep(_AUTOGROUP_WAIT_S)


def find_signal(code: int) -> Optional[str]:
    """The signal's name when an exit status tells of one (a shell adds 128 to its child's)."""
    number = -code if code < 0 else code - 128
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return None
