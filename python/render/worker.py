"""Takes visualization jobs from a Telltale server and runs them in this machine's pool.

    python -m render.worker --url http://127.0.0.1:8080 [--types FOLDER]

The token stands in the file that TELLTALE_TOKEN_FILE names, or in TELLTALE_TOKEN; neither reaches
the process that jobs are forked from.
"""

import argparse
import hashlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from importlib import metadata
from typing import Any, Dict, List, Optional

from render import options
from render.connection import Connection
from render.leased_job import LeasedJob
from render.pool import Pool
from render.registry import Registry
from render.sandbox import Limits

_POLL_S = 20
_LOOK_S = 1.0
_TELL_AGAIN_S = 15.0
_PAUSE_MOST_S = 5.0


def environment_digest() -> str:
    """Of the packages that are installed beside this one."""
    found = sorted({f"{d.metadata['Name']}=={d.version}" for d in metadata.distributions()})
    return "sha256:" + hashlib.sha256("\n".join([sys.version, *found]).encode()).hexdigest()


class Worker:
    def __init__(
        self, connection: Connection, pool: Pool, registry: Registry, slots: int, most: Limits
    ) -> None:
        self._connection = connection
        self._pool = pool
        self._registry = registry
        self._most = most
        self._slots = slots
        self._running: Dict[str, LeasedJob] = {}
        self._changed = threading.Condition()
        self._environment = environment_digest()
        self.name = f"{socket.gethostname()}-{os.getpid()}"

    def run(self) -> None:
        """For ever. A worker that ends just ends: its leases expire, and others get the jobs."""
        threading.Thread(target=self._tell_types, daemon=True).start()
        pause = 0.1
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._free() > 0)
            try:
                self._take()
                pause = 0.1
            except (OSError, ValueError, KeyError, TypeError) as error:
                logging.warning("no jobs: %s", error)
                time.sleep(pause)
                pause = min(_PAUSE_MOST_S, 2 * pause)

    def _free(self) -> int:
        return self._slots - len(self._running)

    def _take(self) -> None:
        wanted = {"worker": self.name, "slots": self._free(), "wait_s": _POLL_S}
        answer = self._connection.ask("POST", "/leases", wanted)
        if answer.status != 200:
            raise OSError(f"the server answers {answer.status} to a wish for jobs")
        for lease in answer.json()["leases"]:
            job = LeasedJob(lease, self._connection, self._pool, self._registry)
            with self._changed:
                self._running[str(lease["lease"])] = job
            threading.Thread(target=self._run, args=(str(lease["lease"]), job), daemon=True).start()

    def _run(self, lease: str, job: LeasedJob) -> None:
        try:
            job.run(self._most)
        except Exception:
            logging.exception("a job went wrong")
        finally:
            with self._changed:
                del self._running[lease]
                self._changed.notify_all()

    def _tell_types(self) -> None:
        """At start, when a file changed, and now and then: a server keeps them in memory."""
        told, at = "", 0.0
        while True:
            types = [kind.told() for kind in self._registry.types().values()]
            now: Dict[str, Any] = {
                "worker": self.name,
                "environment": self._environment,
                "types": types,
            }
            text = json.dumps(now)
            if text != told or time.monotonic() - at > _TELL_AGAIN_S:
                try:
                    if self._connection.ask("PUT", "/types", now).status < 300:
                        told, at = text, time.monotonic()
                except OSError as error:
                    logging.info("types are told again: %s", error)
            time.sleep(_LOOK_S)


def parse_arguments(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m render.worker", description=__doc__)
    parser.add_argument("--url", required=True)
    options.add(parser, slots=64)
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    token_file = os.environ.pop("TELLTALE_TOKEN_FILE", "")
    connection = Connection(chosen.url, token_file, os.environ.pop("TELLTALE_TOKEN", ""))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    pool = options.start_pool(chosen)
    registry = Registry([os.path.abspath(folder) for folder in chosen.types])
    worker = Worker(connection, pool, registry, chosen.slots, options.limits(chosen))
    threading.Thread(target=worker.run, daemon=True).start()
    stopped.wait()
    pool.stop()
    os._exit(0)  # whatever its threads wait for


if __name__ == "__main__":
    main()
