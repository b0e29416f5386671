"""What a job's process enters before it runs anything: its own user, mount, PID, network, IPC and
host name namespaces, a file system that shows the libraries alone and cannot be written, limits.

Linux's calls by ctypes, since Python 3.9 has none of them. `clone` runs in the forking parent,
`enter` in the process that it made. Nothing here ever runs a program.
"""

import ctypes
import os
import platform
import resource
import signal
import socket
import sys
from typing import Any, Dict, List, NamedTuple, Optional

_libc = ctypes.CDLL(None, use_errno=True)
_NAMESPACES = 0x00020000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
_CLONE = {"x86_64": 56, "aarch64": 220}
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR = 442
_CAPSET = {"x86_64": 126, "aarch64": 91}
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 0x1, 0x2, 0x4
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_PR_GET_TID_ADDRESS = 40
_CLONE_CHILD_SETTID, _CLONE_CHILD_CLEARTID = 0x01000000, 0x00200000
_MNT_DETACH = 2
# Root's processes are not counted by RLIMIT_NPROC, so a job of root's is nobody's.
_NOBODY = 65534
INSIDE_UID = 1000
TMP_BYTES = 256 << 20
# Parts of /etc that libraries read; nothing there is anybody's secret.
_ETC = ("ld.so.cache", "alternatives", "fonts", "localtime", "mime.types", "ssl/certs")
_DEVICES = ("null", "zero", "full", "random", "urandom")


class Limits(NamedTuple):
    """Of one job; 0: no limit."""

    memory_bytes: int = 2 << 30
    cpu_s: int = 0
    processes: int = 64
    output_bytes: int = 1 << 30

    @staticmethod
    def of(told: Dict[str, Any], most: "Limits") -> "Limits":
        """What a job is told, within what the operator allows."""
        chosen = []
        for name, limit in zip(Limits._fields, most):
            wish = told.get(name)
            wished = wish if isinstance(wish, int) and wish > 0 else limit
            chosen.append(min(wished, limit) if limit else wished)
        return Limits(*chosen)


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns", ctypes.c_uint64),
    )


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def _mount(source: str, target: str, kind: Optional[str], flags: int, data: str = "") -> None:
    _checked(
        _libc.mount(
            source.encode(),
            target.encode(),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            data.encode() or None,
        ),
        f"mount {target}",
    )


def _read_only(target: str, recursive: bool, devices: bool = False) -> None:
    attributes = _MountAttr(_ATTR_RDONLY | _ATTR_NOSUID | (0 if devices else _ATTR_NODEV), 0, 0, 0)
    _checked(
        _libc.syscall(
            _MOUNT_SETATTR,
            _AT_FDCWD,
            target.encode(),
            _AT_RECURSIVE if recursive else 0,
            ctypes.byref(attributes),
            ctypes.sizeof(attributes),
        ),
        f"make {target} read-only",
    )


def clone() -> int:
    """As os.fork, into new namespaces: 0 in the child, which waits to be `admit`ted."""
    machine = platform.machine()
    # glibc keeps the thread's id beside its stack, and its fork says the child's there; so must we.
    thread_id = ctypes.c_void_p()
    flags = _NAMESPACES | signal.SIGCHLD
    if _libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(thread_id), 0, 0, 0) == 0:
        flags |= _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID
    last = (thread_id, None) if machine == "x86_64" else (None, thread_id)
    ctypes.pythonapi.PyOS_BeforeFork()
    pid: int = _libc.syscall(_CLONE[machine], flags, None, None, *last)
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    return _checked(pid, "clone")


def admit(pid: int) -> None:
    """The parent says whom the child is outside."""
    outside = os.getuid() or _NOBODY
    group = os.getgid() or _NOBODY
    with open(f"/proc/{pid}/setgroups", "w", encoding="utf-8") as file:
        file.write("deny")
    for name, identity in (("gid_map", group), ("uid_map", outside)):
        with open(f"/proc/{pid}/{name}", "w", encoding="utf-8") as file:
            file.write(f"{INSIDE_UID} {identity} 1")


def die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def library_paths() -> List[str]:
    """What a job sees: the system's libraries, this Python with its packages, and our own code."""
    package = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.join(os.path.dirname(package), "telltale")
    found = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"]
    found += [f"/etc/{name}" for name in _ETC]
    found += [sys.prefix, sys.base_prefix, package, beside]
    covered: List[str] = []
    for path in found:
        if os.path.lexists(path) and not any(path.startswith(c + "/") for c in ["/usr"]):
            covered.append(path)
    return list(dict.fromkeys(covered))


class _Place(NamedTuple):
    path: str
    descriptor: int
    folder: bool


def _open_places(paths: List[str]) -> List[_Place]:
    places = []
    for path in paths:
        if os.path.islink(path):
            continue
        try:
            descriptor = os.open(path, os.O_PATH)
        except OSError:
            continue  # a source that does not exist is told by the code that opens it
        places.append(_Place(path, descriptor, os.path.isdir(path)))
    return places


def _touch(path: str, folder: bool) -> None:
    os.makedirs(path if folder else os.path.dirname(path), mode=0o755, exist_ok=True)
    if not folder and not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _build_root(root: str, paths: List[str], places: List[_Place], devices: List[_Place]) -> None:
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=4m,mode=755")
    for name in ("tmp", "proc", "dev", "etc"):
        os.makedirs(f"{root}/{name}")
    for folder, size in (("tmp", TMP_BYTES), ("dev/shm", TMP_BYTES // 4)):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
        flags = _MS_NOSUID | _MS_NODEV
        _mount("tmpfs", f"{root}/{folder}", "tmpfs", flags, f"size={size},mode=1777")
    for path in paths:
        if os.path.islink(path) and not os.path.lexists(root + path):
            os.symlink(os.readlink(path), root + path)
    for place in [*places, *devices]:
        _touch(root + place.path, place.folder)
        source = f"/proc/self/fd/{place.descriptor}"
        _mount(source, root + place.path, None, _MS_BIND | _MS_REC)
        _read_only(root + place.path, recursive=True, devices=place in devices)
        os.close(place.descriptor)
    os.makedirs(f"{root}/dev/pts")
    _mount("devpts", f"{root}/dev/pts", "devpts", _MS_NOSUID, "newinstance,ptmxmode=0666,mode=600")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    with open(f"{root}/etc/passwd", "w", encoding="utf-8") as file:
        file.write(f"job:x:{INSIDE_UID}:{INSIDE_UID}:job:/tmp:/bin/sh\n")
    _mount("proc", f"{root}/proc", "proc", _MS_NOSUID | _MS_NODEV | 8)


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    number = _CAPSET[platform.machine()]
    _checked(_libc.syscall(number, ctypes.byref(header), ctypes.byref(none)), "drop capabilities")
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


def enter(paths: List[str]) -> None:
    """Of the cloned child, once admitted: leaves all it could see but `paths`, read-only."""
    devices = _open_places([f"/dev/{name}" for name in _DEVICES])
    places = _open_places(paths)
    _checked(_libc.setresgid(INSIDE_UID, INSIDE_UID, INSIDE_UID), "setresgid")
    _checked(_libc.setresuid(INSIDE_UID, INSIDE_UID, INSIDE_UID), "setresuid")
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    die_with_parent()
    socket.sethostname("job")
    _build_root("/tmp", paths, places, devices)
    os.chdir("/tmp")
    _checked(_libc.syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", _MNT_DETACH), "leave the old root")
    _read_only("/", recursive=False)
    os.chdir("/tmp")
    _drop_capabilities()


def limit(limits: Limits) -> None:
    """What the kernel keeps; the sum over a job's processes is watched by the forking parent."""
    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 1024)]
    if limits.memory_bytes:
        wanted.append((resource.RLIMIT_DATA, limits.memory_bytes))
    if limits.cpu_s:
        wanted.append((resource.RLIMIT_CPU, limits.cpu_s))
    if limits.processes:
        wanted.append((resource.RLIMIT_NPROC, limits.processes))
    for kind, wish in wanted:
        hard = resource.getrlimit(kind)[1]
        value = wish if hard == resource.RLIM_INFINITY else min(wish, hard)
        resource.setrlimit(kind, (value, value))


def available() -> str:
    """ "" where this kernel lets a process enter all of it, else the reason it does not."""
    if platform.machine() not in _CLONE:
        return f"no sandbox for {platform.machine()}"
    ready, go = os.pipe()
    said, say = os.pipe()
    try:
        pid = clone()
    except OSError as error:
        return str(error)
    if pid == 0:
        try:
            os.read(ready, 1)
            enter(library_paths())
        except BaseException as error:
            os.write(say, str(error).encode() or b"unknown")
        os._exit(0)
    os.close(say)
    try:
        admit(pid)
    except OSError as error:
        os.kill(pid, signal.SIGKILL)
        return str(error)
    finally:
        os.write(go, b"g")
        os.waitpid(pid, 0)
    reason = os.read(said, 500).decode()
    for descriptor in (ready, go, said):
        os.close(descriptor)
    return reason
