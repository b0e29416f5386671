"""The whole system: Kafka, MinIO, and processes of each role that start again when they end."""

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Optional, Type

from balancer import Balancer
from components import Kafka, Minio
from member import Member, Tender

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("TELLTALE_BINARY") or str(ROOT / "build" / "telltale")


class Cluster:
    """`roles`: how many processes of each. `named`: they have a name in their groups, so that
    partitions wait for one that starts again. `lasting`: its brokers, see kafka.py. All starts with
    it and ends with it."""

    def __init__(
        self,
        folder: Path,
        roles: Dict[str, int],
        brokers: int = 3,
        partitions: int = 8,
        *,
        named: bool = False,
        lasting: bool = False,
        store_late_s: float = 0.0,
    ) -> None:
        self.kafka = Kafka(folder / "kafka", brokers, lasting)
        self.minio = Minio(folder / "minio", store_late_s)
        with contextlib.ExitStack() as ending:  # what has started, where the rest does not
            self._start(ending)
            self.balancer = Balancer()
            ending.callback(self.balancer.close)
            self.members = self._members(folder, roles, partitions, named)
            self.balancer.ports = [member.port for member in self.members["collect"]]
            ending.callback(Tender(self.all()).close)
            self.close = ending.pop_all().close

    def _start(self, ending: contextlib.ExitStack) -> None:
        ending.callback(self.kafka.stop)
        self.kafka.start()
        ending.callback(self.minio.stop)
        self.minio.start()

    def _members(
        self, folder: Path, roles: Dict[str, int], partitions: int, named: bool
    ) -> Dict[str, List[Member]]:
        log = f"kafka://{self.kafka.addresses}?telltale.partitions={partitions}"

        def member(role: str, number: int) -> Member:
            name = f"{role}-{number}"
            its_log = f"{log}&group.instance.id={name}" if named else log
            command = [BINARY, "serve", "--roles", role, "--log", its_log]
            command += ["--host", self.balancer.address]  # senders know that one
            return Member(name, [*command, "--store", self.minio.store], folder)

        return {role: [member(role, i + 1) for i in range(n)] for role, n in roles.items()}

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def all(self) -> List[Member]:
        return [member for members in self.members.values() for member in members]

    def await_ready(self) -> None:
        for member in self.all():
            member.await_ready()

    def check_alive(self) -> None:
        """No process may have ended by itself."""
        for member in self.all():
            assert not member.trouble, member.trouble
