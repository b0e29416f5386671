"""What a job's code may try against its neighbours and the machine: the table of
docs/visualizations.md, each cell a test. A neighbour runs through all of it and must not notice.
"""

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from render_support import finish, run, work

from render.pool import Limits, Pool

MODES = ("confined", "unconfined")


@pytest.fixture(scope="module")
def pools() -> Iterator[Dict[str, Pool]]:
    pools = {mode: Pool(confined=mode == "confined") for mode in MODES}
    for pool in pools.values():
        pool.start()
    yield pools
    for pool in pools.values():
        pool.stop()


@pytest.fixture(params=MODES)
def pool(pools: Dict[str, Pool], request: Any) -> Iterator[Pool]:
    """A pool whose parent and whose other jobs are as they were when the attack is over."""
    pool = pools[request.param]
    parent = pool.parent_pid
    neighbour = pool.submit(work("import time\nprint('begun')\ntime.sleep(1e6)"))
    events = neighbour.events()
    assert next(e.body for e in events if e.kind == "part") == b"begun"
    yield pool
    assert pool.parent_pid == parent and pool.alive()
    assert run(pool, "6 * 7").text == "42"
    neighbour.cancel()
    assert list(events) is not None and neighbour.end.cancelled
    deadline = time.monotonic() + 300
    while processes_of(parent):
        assert time.monotonic() < deadline, processes_of(parent)
        time.sleep(0.01)


@pytest.fixture
def confined(pools: Dict[str, Pool]) -> Pool:
    return pools["confined"]


def processes_of(parent: int) -> List[str]:
    return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()


def test_a_loop_without_end_is_cancelled(pool: Pool) -> None:
    job = pool.submit(work("print('x')\nwhile True: pass"))
    events = job.events()
    next(events)
    job.cancel()
    list(events)
    assert job.end.cancelled


def test_sigterm_and_the_like_are_ignored_in_vain(pool: Pool) -> None:
    code = (
        "import signal\nfor n in range(1, 32):\n"
        "  try: signal.signal(n, signal.SIG_IGN)\n  except OSError: pass\n"
        "print('deaf')\nwhile True: pass"
    )
    job = pool.submit(work(code))
    events = job.events()
    assert next(e.body for e in events if e.kind == "part") == b"deaf"
    job.cancel()
    list(events)
    assert job.end.cancelled


def test_processor_time_ends_where_the_operator_says(pool: Pool) -> None:
    outcome = run(pool, "while True: pass", limits=Limits(cpu_s=1))
    assert not outcome.job.end.ok and "signal" in outcome.job.end.message


BOMB = (
    "import os, time\nfor _ in range(1000):\n  if os.fork() == 0: time.sleep(1e6)\ntime.sleep(1e6)"
)


def test_a_thousand_children_are_not_had(pool: Pool) -> None:
    outcome = run(pool, BOMB, limits=Limits(processes=20))
    assert not outcome.job.end.ok
    told = outcome.job.end.message
    assert "BlockingIOError" in told or "more than 20 processes" in told


def test_memory_has_an_end_in_one_process_and_over_several(pool: Pool) -> None:
    limits = Limits(memory_bytes=400 << 20)
    outcome = run(pool, "kept = []\nwhile True: kept.append(bytearray(8 << 20))", limits=limits)
    assert not outcome.job.end.ok
    code = (
        "import os, time\nfor _ in range(6):\n  if os.fork() == 0: break\n"
        "kept = bytearray(150 << 20)\ntime.sleep(1e6)"
    )
    outcome = run(pool, code, limits=limits)
    assert outcome.job.end.message == "the job used more than 400 MiB of memory"


def test_shared_memory_counts_too(pool: Pool) -> None:
    code = (
        "import mmap\nkept = mmap.mmap(-1, 800 << 20)\n"
        "for at in range(0, 800 << 20, 4096): kept[at] = 1\nimport time\ntime.sleep(1e6)"
    )
    outcome = run(pool, code, limits=Limits(memory_bytes=400 << 20))
    assert outcome.job.end.message == "the job used more than 400 MiB of memory"


@pytest.mark.parametrize("write", ["print('x' * 10000)", "os.write(1, b'x' * 10000)"])
def test_output_has_an_end(pool: Pool, write: str) -> None:
    job = pool.submit(work(f"import os\nwhile True: {write}", limits=Limits(output_bytes=5 << 20)))
    got = sum(len(event.body) for event in job.events())
    assert got <= 5 << 20
    assert job.end.message == f"the job wrote more than {5 << 20} bytes"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os\nos._exit(3)", "status 3"),
        ("import ctypes\nctypes.string_at(0)", "signal 11"),
        ("import sys\nsys.exit(5)", "SystemExit: 5"),
        ("def f(): f()\nf()", "RecursionError"),
    ],
)
def test_an_end_of_its_own_is_told(pool: Pool, code: str, told: str) -> None:
    outcome = run(pool, code)
    assert not outcome.job.end.ok and told in outcome.job.end.message


def test_a_parent_is_not_killed(confined: Pool) -> None:
    code = (
        "import os, signal\ntold = [os.getppid()]\n"
        f"for pid in ({confined.parent_pid}, {os.getpid()}, os.getppid() or 999999):\n"
        "  try: os.kill(pid, 9)\n  except OSError as error: told.append(type(error).__name__)\n"
        "told"
    )
    assert run(confined, code).text == "[0" + ", 'ProcessLookupError'" * 3 + "]"
    assert confined.alive()


def test_a_process_left_behind_is_gone(pool: Pool) -> None:
    """In sessions of their own, with nothing of the job open, they are found all the same."""
    code = (
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n"
        "  if os.fork() == 0:\n    os.closerange(0, 100)\n    time.sleep(1e6)\n  os._exit(0)\n"
        "print('left')"
    )
    outcome = run(pool, code)
    assert outcome.text == "left\n"


def test_no_socket_leads_anywhere(confined: Pool) -> None:
    with socket.socket() as listener, contextlib.closing(socket.socket(socket.AF_UNIX)) as named:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        named.bind(f"\0telltale-test-{os.getpid()}")
        named.listen()
        port = listener.getsockname()[1]
        code = (
            "import socket\ntold = []\n"
            f"places = [(socket.AF_INET, ('127.0.0.1', {port})), (socket.AF_INET, ('8.8.8.8', 53)),"
            f" (socket.AF_UNIX, '\\0telltale-test-{os.getpid()}')]\n"
            "for family, place in places:\n"
            "  try: socket.socket(family).connect(place)\n"
            "  except OSError as error: told.append(error.errno)\n"
            "len(told)"
        )
        assert run(confined, code).text == "3"


def test_others_files_are_not_there_and_nothing_can_be_written(
    confined: Pool, tmp_path: Path
) -> None:
    secret = tmp_path / "token"
    secret.write_text("secret")
    own = Path(__file__)
    code = (
        "import os, sys\ntold = []\n"
        f"for path in ({str(secret)!r}, {str(own)!r}, '/etc/shadow', '/proc/2/environ',\n"
        f"             {os.path.expanduser('~/.ssh')!r}, '/var', '/home', '/run'):\n"
        "  told.append(os.path.exists(path))\n"
        "for path in ('/x', '/usr/x', sys.prefix + '/x', '/etc/x', '/proc/sys/kernel/hostname'):\n"
        "  try: open(path, 'w'); told.append(path)\n"
        "  except OSError: pass\n"
        "told"
    )
    assert run(confined, code).text == str([False] * 8)


def test_a_source_is_read_and_not_written(confined: Pool, tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text("1")
    code = (
        "print(open(source).read())\n"
        "try: open(source, 'a')\nexcept OSError: print('refused')\n"
        "import os\nprint(os.listdir(os.path.dirname(source)))"
    )
    (tmp_path / "other").write_text("2")
    outcome = run(confined, code, paths=[source], source=str(source))
    assert outcome.text == "1\nrefused\n['source.csv']\n"


def test_only_its_own_processes_are_seen_and_it_is_nobody(confined: Pool) -> None:
    code = (
        "import os\npids = [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "status = open('/proc/self/status').read()\n"
        "caps = [l.split()[1] for l in status.splitlines() if l.startswith(('CapEff', 'CapPrm'))]\n"
        "(pids, os.getuid(), set(caps))"
    )
    assert run(confined, code).text == "(['1'], 1000, {'0000000000000000'})"


def test_new_namespaces_give_nothing_back(confined: Pool) -> None:
    """Root in a namespace of its own still cannot write, nor mount what was hidden."""
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.unshare(0x10000000 | 0x00020000)\n"
        "told = libc.mount(None, b'/usr', None, 4096 | 32, None)\n"
        "try: open('/usr/x', 'w'); told = 0\nexcept OSError: pass\ntold"
    )
    assert run(confined, code).text == "-1"


def test_garbage_on_the_display_socket_is_its_own_job_s_alone(pool: Pool) -> None:
    code = (
        "import os, socket, stat\nfor n in range(3, 64):\n"
        "  try:\n    if stat.S_ISSOCK(os.fstat(n).st_mode):\n"
        "      s = socket.socket(fileno=os.dup(n))\n"
        "      for junk in (b'junk', b'{}', b'[1]\\n', b'{\"kind\":\"part\",\"index\":-5}\\nx',\n"
        '                   b\'{"kind":"part","index":"a"}\\nx\', b\'[\' * 60000):\n'
        "        s.send(junk)\n  except OSError: pass\n'still'"
    )
    assert run(pool, code).text == "'still'"


def test_a_hundred_jobs_at_once_all_end(pool: Pool) -> None:
    jobs = [pool.submit(work(f"print({number})")) for number in range(100)]
    assert [finish(job).text for job in jobs] == [f"{number}\n" for number in range(100)]
