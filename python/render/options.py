"""What the drop-in server and the worker are both told on their command lines, and the pool that
follows from it.
"""

import argparse
import sys

from render import sandbox
from render.pool import Pool
from render.sandbox import Limits


def add(parser: argparse.ArgumentParser, slots: int) -> None:
    most = Limits()
    parser.add_argument("--types", action="append", default=[], metavar="FOLDER")
    parser.add_argument("--slots", type=int, default=slots, help="jobs at once")
    parser.add_argument("--memory-bytes", type=int, default=most.memory_bytes, help="of a job")
    parser.add_argument("--processes", type=int, default=most.processes, help="of a job")
    parser.add_argument("--output-bytes", type=int, default=most.output_bytes, help="of a job")
    parser.add_argument("--cpu-s", type=int, default=most.cpu_s, help="of a process; 0: no limit")
    parser.add_argument("--render-unconfined", action="store_true", help="without a sandbox")


def limits(options: argparse.Namespace) -> Limits:
    return Limits(options.memory_bytes, options.cpu_s, options.processes, options.output_bytes)


def start_pool(options: argparse.Namespace) -> Pool:
    """Ends the program where jobs cannot be confined and nobody said that they need not be."""
    if not options.render_unconfined:
        reason = sandbox.available()
        if reason:
            sys.exit(f"no sandbox here ({reason}); --render-unconfined runs jobs all the same")
    pool = Pool(confined=not options.render_unconfined)
    pool.start()
    return pool
