"""A file that one process holds: the kernel lets go of it when that process ends, anyhow."""

import fcntl
import os


def lock(path: str, create: bool) -> int:
    """The descriptor that holds it; closing it lets go. Raises OSError: there is no such file, it
    can't be opened, or (BlockingIOError) another process holds it."""
    fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd
