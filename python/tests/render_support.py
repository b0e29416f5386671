"""What the tests of python/render share: a pool started once, and jobs run to their end."""

import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from render import frames
from render.pool import Job, Limits, Pool, Work
from render.registry import Registry, work_code

PYTHON_DIRECTORY = Path(__file__).resolve().parents[1]


class Shown(NamedTuple):
    mime: str
    name: str
    body: bytes


class Outcome(NamedTuple):
    job: Job
    parts: List[Shown]  # in order, as they are at the end
    frames: List[frames.Frame]

    @property
    def text(self) -> str:
        told = [p.body for p in self.parts if p.mime.startswith("text/") or "svg" in p.mime]
        return b"".join(told).decode("utf-8", "replace")


def work(code: str, paths: Any = (), limits: Limits = Limits(), **names: Any) -> Work:
    names = {"source": "", "variables": {}, **names}
    return Work(code, names, [str(path) for path in paths], [], limits)


def finish(job: Job) -> Outcome:
    parts: Dict[int, Shown] = {}
    told = [frame for frame in job.events() if frame.kind == "part"]
    for frame in told:
        before = parts[frame.index].body if frame.append and frame.index in parts else b""
        parts[frame.index] = Shown(frame.mime, frame.name, before + frame.body)
    return Outcome(job, [parts[index] for index in sorted(parts)], told)


def run(pool: Pool, code: str, **options: Any) -> Outcome:
    return finish(pool.submit(work(code, **options)))


def draw(pool: Pool, name: str, source: str, paths: Any = (), **variables: Any) -> Outcome:
    kind = Registry([]).types()[name]
    names = kind.names(source, variables)
    told = Work(work_code(kind, variables), names, [str(p) for p in paths], [kind.folder], Limits())
    return finish(pool.submit(told))


def served(arguments: List[str], environment: Dict[str, str]) -> Iterator[str]:
    """A server's address while it runs."""
    command = [sys.executable, "-m", "render.server", "--port", "0", *arguments]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, cwd="/tmp"
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert "listening on " in line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def environment() -> Dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PYTHON_DIRECTORY)}


def post(url: str, form: Dict[str, str], headers: Dict[str, str] = {}) -> Tuple[int, str, bytes]:
    """Status, reason and body of the form, sent as Kubeflow's API server sends it."""
    body = urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.reason, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.reason, error.read()
