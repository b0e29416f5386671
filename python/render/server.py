"""The drop-in for Kubeflow's Python visualization server: GET / and the form POST / of its
container, by Flask under waitress.

    python -m render.server --port 8888 [--types FOLDER] [--source-root FOLDER]

A web page can send a form to any address that its reader's browser reaches; requests that a browser
marks as such, and those for a host that was not named, are refused.
"""

import argparse
import contextlib
import json
import logging
import os
import sys
import threading
from typing import Any, Dict, Iterator, List, Optional, Tuple

from flask import Flask, Response, request

from render import frames, options, page
from render.parts import Part, Parts
from render.pool import Pool, Work
from render.registry import BadArguments, Registry, Type, work_code
from render.sandbox import Limits

_FORM_BYTES_MAX = 64 << 20
_PIECE = 1 << 18
_BROWSER = ("Origin", "Sec-Fetch-Site")
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def error_page(status: int, reason: str) -> Response:
    """Tornado's, whose bytes callers compare; its reason is also the status line's."""
    title = f"{status}: {reason}"
    body = f"<html><title>{title}</title><body>{title}</body></html>"
    line = f"{status} {reason}".replace("\r", " ").replace("\n", " ")
    return Response(body, status=line, content_type="text/html; charset=UTF-8")


def _arguments() -> Dict[str, Any]:
    try:
        told = json.loads(request.form.get("arguments") or "{}")
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"Invalid JSON provided as arguments: {error}") from None
    if not isinstance(told, dict):
        raise Refused(400, "Invalid JSON provided as arguments!")
    return told


def _form() -> Tuple[str, str, Dict[str, Any]]:
    """Type, source and arguments, judged in the order in which the vanilla server does."""
    name = request.form.get("type") or ""
    if not name:
        raise Refused(400, "No type provided.")
    arguments = _arguments()
    source = request.form.get("source") or ""
    if not source and name != "custom":
        raise Refused(400, "No source provided.")
    return name, source, arguments


class Drawer:
    """Runs a request's job and gathers its page, in memory or, once it is large, in a file."""

    def __init__(self, pool: Pool, registry: Registry, roots: List[str], limits: Limits) -> None:
        self._pool = pool
        self._registry = registry
        self._roots = roots
        self._limits = limits

    def work(self, name: str, source: str, variables: Dict[str, Any]) -> Work:
        kind = self._registry.get(name)
        if kind is None:
            raise Refused(500, "Internal Server Error")
        code = work_code(kind, variables)
        names = self._names(kind, source, variables)
        return Work(code, names, self._roots, [kind.folder], self._limits)

    @staticmethod
    def _names(kind: Type, source: str, variables: Dict[str, Any]) -> Dict[str, Any]:
        try:
            if kind.name == "custom":
                return {"source": source, "variables": variables}
            return kind.names(source, variables)
        except BadArguments as error:
            raise Refused(400, str(error)) from None

    def draw(self, work: Work, show_prints: bool) -> Iterator[bytes]:
        job = self._pool.submit(work)
        parts = Parts()
        try:
            for frame in job.events():
                if show_prints or frame.name not in ("stdout", "stderr"):
                    parts.take(frame)
            if not job.end.ok and not parts.told_error:
                note = frames.Frame("part", 100_000, "text/plain", "error")
                parts.take(note._replace(body=job.end.message.encode()))
            yield page.HEAD.encode()
            for part in parts.ordered():
                yield from html_of(part)
            yield page.FOOT.encode()
        finally:
            parts.close()


def html_of(part: Part) -> Iterator[bytes]:
    if part.head.name == "cleared":
        return
    before, after = page.around(part.head)
    yield before.encode()
    if part.head.mime == "text/html":
        for at in range(0, part.size, _PIECE):
            yield part.read(at, _PIECE)
    else:
        yield page.inside(part.head, part.read(0, part.size)).encode("utf-8", "replace")
    yield after.encode()


def create_app(drawer: Drawer, slots: int, hosts: List[str]) -> Flask:
    app = Flask("render")
    app.config["MAX_CONTENT_LENGTH"] = _FORM_BYTES_MAX
    app.config["MAX_FORM_MEMORY_SIZE"] = _FORM_BYTES_MAX
    room = threading.BoundedSemaphore(slots)

    @app.before_request
    def refuse_browsers() -> Optional[Response]:
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if hosts and host not in hosts:
            return error_page(403, "This host is not known here.")
        if request.method != "GET" and any(name in request.headers for name in _BROWSER):
            return error_page(403, "A web page may not ask this.")
        return None

    @app.route("/", methods=["GET"], provide_automatic_options=False)
    def alive() -> Response:
        if request.method == "HEAD":
            return error_page(405, "Method Not Allowed")
        return Response("alive", content_type="text/html; charset=UTF-8")

    @app.route("/", methods=["POST"], provide_automatic_options=False)
    def draw() -> Response:
        try:
            name, source, variables = _form()
            work = drawer.work(name, source, variables)
        except Refused as refused:
            return error_page(refused.status, refused.reason)
        if not room.acquire(blocking=False):
            answer = error_page(503, "Service Unavailable")
            answer.headers["Retry-After"] = "1"
            return answer
        body = drawer.draw(work, show_prints=name == "custom")
        return _streamed(body, room)

    for status, reason in ((404, "Not Found"), (405, "Method Not Allowed"), (413, "Too Large")):
        app.register_error_handler(status, lambda _, s=status, r=reason: error_page(s, r))
    return app


def _streamed(body: Iterator[bytes], room: threading.BoundedSemaphore) -> Response:
    """The first piece is there once the job is over: a failure before it is still a status."""
    try:
        first = next(body)
    except BaseException:
        room.release()
        logging.exception("a job failed")
        return error_page(500, "Internal Server Error")

    def pieces() -> Iterator[bytes]:
        yield first
        yield from body

    answer = Response(pieces(), content_type="text/html; charset=UTF-8")
    answer.call_on_close(room.release)
    return answer


def parse_arguments(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m render.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME")
    parser.add_argument("--source-root", action="append", default=[], metavar="FOLDER")
    options.add(parser, slots=256)
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> None:
    import waitress

    chosen = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    pool = options.start_pool(chosen)
    roots = [os.path.realpath(root) for root in chosen.source_root or [os.getcwd()]]
    folders = [os.path.abspath(folder) for folder in chosen.types]
    drawer = Drawer(pool, Registry(folders), [*roots, *folders], options.limits(chosen))
    hosts = [*_LOCAL_HOSTS, chosen.host, *chosen.allow_host]
    app = create_app(drawer, chosen.slots, hosts)
    threading.stack_size(512 << 10)
    server = waitress.create_server(
        app,
        host=chosen.host,
        port=chosen.port,
        threads=chosen.slots + 8,
        connection_limit=4 * chosen.slots + 1000,
        asyncore_use_poll=True,
        max_request_body_size=_FORM_BYTES_MAX,
        ident=None,
    )
    print(f"listening on http://{chosen.host}:{server.effective_port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    pool.stop()


if __name__ == "__main__":
    main()
