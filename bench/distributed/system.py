"""What is measured: the embedded program, or the system of several processes."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Callable, ContextManager, Dict, Iterator, List, NamedTuple, Optional

from cluster import BINARY, ROOT, Cluster
from components import Minio
from member import Member, Tender


class System(NamedTuple):
    members: Dict[str, List[Member]]  # by role; the embedded program has all of them
    minio: Optional[Minio] = None
    kafka: str = ""  # addresses of the brokers

    @property
    def collect(self) -> int:
        """Port of a process that takes events."""
        return self.members["collect"][0].port

    @property
    def serve(self) -> List[int]:
        return [member.port for member in self.members["serve"]]

    def processes(self) -> Dict[str, Member]:
        """Each once, by its name."""
        return {member.name: member for each in self.members.values() for member in each}


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="distributed-", dir=ROOT / "build") as folder:
        yield Path(folder)


@contextlib.contextmanager
def _one(
    folder: Path, *options: str, binary: str = BINARY
) -> Iterator[Dict[str, List[Member]]]:
    one = Member("embedded", [binary, "serve", *options], folder)
    tender = Tender([one])
    try:
        one.await_ready()
        yield {"collect": [one], "fold": [one], "serve": [one]}
    finally:
        tender.close()


@contextlib.contextmanager
def embedded(binary: str = BINARY) -> Iterator[System]:
    with _folder() as folder, _one(folder, binary=binary) as members:
        yield System(members)


@contextlib.contextmanager
def embedded_over_minio(late_s: float = 0.0) -> Iterator[System]:
    """The log in a file, the store in MinIO: as the distributed system without its queue."""
    with _folder() as folder:
        minio = Minio(folder / "minio", late_s)
        try:
            minio.start()
            with _one(folder, "--store", minio.store) as members:
                yield System(members, minio)
        finally:
            minio.stop()


@contextlib.contextmanager
def distributed(
    fold: int = 1, serve: int = 1, named: bool = False, late_s: float = 0.0
) -> Iterator[System]:
    """`late_s`: of the store's answers."""
    with _folder() as folder:
        roles = {"collect": 1, "fold": fold, "serve": serve}
        with Cluster(
            folder, roles, 1, named=named, lasting=True, store_late_s=late_s
        ) as cluster:
            cluster.await_ready()
            yield System(cluster.members, cluster.minio, cluster.kafka.addresses)


Start = Callable[[], ContextManager[System]]


def cpu_s(member: Member) -> float:
    """Processor time the process has had."""
    with open(f"/proc/{member.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(member: Member) -> float:
    """Resident."""
    with open(f"/proc/{member.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
