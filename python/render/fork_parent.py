"""The process that every job is forked from: single-threaded, with the libraries imported, and
without a secret. It never reads what a job is; the child does.

Started by pool.py with a socket as descriptor argv[1]. A packet there carries three descriptors of
one job: its control socket, its display socket and a pipe for what it writes to descriptors 1 and
2. The parent watches the control socket: once its other end is shut, the job's processes are
killed; once they are gone, the parent tells on it, as a line of JSON, how they ended.
"""

import array
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

from render import sandbox

_WATCH_S = 0.25


class _Job:
    """A forked job: its first process, of which all the others are children."""

    def __init__(self, pid: int, control: socket.socket) -> None:
        self.pid = pid
        self.control = control
        self.pidfd = os.pidfd_open(pid)
        self.limits: Optional[sandbox.Limits] = None
        self.reason = ""

    def kill(self, reason: str) -> None:
        self.reason = self.reason or reason
        for pid in reversed(_tree(self.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _tree(pid: int) -> List[int]:
    """A process and what descends from it, it first."""
    found = [pid]
    for parent in found:
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            continue
    return found


def _parent_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def _memory(pid: int) -> int:
    """Bytes of a process that no file backs."""
    total = 0
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("RssAnon:", "RssShmem:")):
                    total += int(line.split()[1]) << 10
    except OSError:
        return 0
    return total


class Parent:
    def __init__(self, requests: socket.socket, confined: bool) -> None:
        self._requests = requests
        self._confined = confined
        self._jobs: Dict[int, _Job] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ, None)
        self._own = _memory(os.getpid())
        self._paths = sandbox.library_paths()

    def run(self) -> None:
        """Until the pool is gone; the kernel then ends what still runs."""
        watched = time.monotonic()
        while True:
            for key, _ in self._selector.select(_WATCH_S if self._jobs else None):
                if key.data is None:
                    if not self._take():
                        return
                elif self._jobs.get(key.data.pid) is not key.data:
                    continue  # it ended by the event before this one
                elif key.fd == key.data.pidfd:
                    self._ended(key.data)
                else:
                    self._controlled(key.data)
            if time.monotonic() - watched > _WATCH_S:
                self._watch()
                watched = time.monotonic()

    def _take(self) -> bool:
        descriptors = array.array("i")
        packet, ancillary, _, _ = self._requests.recvmsg(100, socket.CMSG_SPACE(3 * 4))
        if not packet:
            return False
        for _, _, data in ancillary:
            descriptors.frombytes(data[: len(data) - len(data) % 4])
        control, displays, output = descriptors
        self._fork(socket.socket(fileno=control), displays, output)
        return True

    def _fork(self, control: socket.socket, displays: int, output: int) -> None:
        ready, go = os.pipe()
        try:
            pid = sandbox.clone() if self._confined else os.fork()
        except OSError as error:
            _tell(control, {"status": -1, "reason": f"no process for this job: {error}"})
            for descriptor in (ready, go, displays, output):
                os.close(descriptor)
            control.close()
            return
        if pid == 0:
            os.close(go)
            self._become_job(control, displays, output, ready)
        os.close(ready)
        job = _Job(pid, control)
        if self._confined:
            try:
                sandbox.admit(pid)
            except OSError as error:
                job.kill(f"the sandbox failed: {error}")
        os.close(go)
        os.close(displays)
        os.close(output)
        self._jobs[pid] = job
        self._selector.register(job.pidfd, selectors.EVENT_READ, job)
        self._selector.register(control, selectors.EVENT_READ, job)

    def _become_job(self, control: socket.socket, displays: int, output: int, ready: int) -> None:
        """Never returns: whatever happens, this process ends here."""
        status = 70
        try:
            # What other jobs are controlled by is none of this one's.
            self._selector.close()
            self._requests.close()
            for job in self._jobs.values():
                job.control.close()
                os.close(job.pidfd)
            os.read(ready, 1)
            os.close(ready)
            from render import job_process

            status = job_process.run(control, displays, output, self._confined, self._paths)
        finally:
            os._exit(status)

    def _controlled(self, job: _Job) -> None:
        """The pool tells the limits in one line; its end of the stream means: kill."""
        try:
            said = job.control.recv(4096)
        except OSError:
            said = b""
        if not said:
            self._selector.unregister(job.control)
            job.kill("cancelled")
            return
        with contextlib.suppress(ValueError, TypeError):
            job.limits = sandbox.Limits(**json.loads(said))

    def _ended(self, job: _Job) -> None:
        _, status = os.waitpid(job.pid, 0)
        self._selector.unregister(job.pidfd)
        with contextlib.suppress(KeyError):
            self._selector.unregister(job.control)
        os.close(job.pidfd)
        del self._jobs[job.pid]
        self._end_orphans()
        _tell(job.control, {"status": os.waitstatus_to_exitcode(status), "reason": job.reason})
        job.control.close()

    def _end_orphans(self) -> None:
        """Without namespaces, what a job left behind is this process's child now."""
        for pid in _tree(os.getpid())[1:]:
            with contextlib.suppress(OSError):
                if _parent_of(pid) == os.getpid() and pid not in self._jobs:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    def _watch(self) -> None:
        for job in self._jobs.values():
            if job.limits is None:
                continue
            tree = _tree(job.pid)
            most = job.limits.memory_bytes
            # A fork shares the parent's pages, which are not this job's.
            if most and sum(max(0, _memory(pid) - self._own) for pid in tree) > most:
                job.kill(f"the job used more than {most >> 20} MiB of memory")
            most = job.limits.processes
            if most and len(tree) > most + 1:
                job.kill(f"the job started more than {most} processes")


def _tell(control: socket.socket, said: Dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(said).encode() + b"\n")


def _start(arguments: List[str]) -> Tuple[socket.socket, bool]:
    requests = socket.socket(fileno=int(arguments[0]))
    confined = arguments[1] == "confined"
    sandbox.adopt_orphans()
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from render import prewarmed

    prewarmed.warm()
    return requests, confined


def main() -> None:
    requests, confined = _start(sys.argv[1:])
    threads = len(os.listdir("/proc/self/task"))
    assert threads == 1, f"a parent with {threads} threads cannot fork"
    gc.collect()
    gc.freeze()
    requests.send(b"ready")
    Parent(requests, confined).run()


if __name__ == "__main__":
    main()
