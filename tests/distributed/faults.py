"""Faults: each does something to the system while events flow, for a while, and mends it again."""

import json
import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Optional

from cluster import Cluster
from member import Member
from waiting import ask, await_that

PROBE_KEY = "chaosprobe" + 16 * "a"
KILL_GAP_S = (0.3, 4.0)
AWAY_S = (0.0, 4.0)  # until what was killed is started again


class Faults:
    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self._cluster = cluster
        self._chance = chance

    def kills(self, seconds: float) -> None:
        """kill -9 of any process, of several at a time too, and of one broker at a time."""
        kafka = self._cluster.kafka
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(1) as pool:
            restart: Optional[Future[None]] = None
            while time.monotonic() < until:
                time.sleep(self._chance.uniform(*KILL_GAP_S))
                away_s = self._chance.uniform(*AWAY_S)
                broker = self._chance.choice(kafka.brokers)
                member = self._chance.choice([None, *self._cluster.all()])
                if member is not None:
                    member.kill(away_s)
                elif restart is None or restart.done():
                    _finish(restart)
                    kafka.kill([broker])
                    restart = pool.submit(self._start_later, away_s)
            _finish(restart)

    def _start_later(self, away_s: float) -> None:
        time.sleep(away_s)
        self._cluster.kafka.start()

    def store_gone(self, seconds: float) -> None:
        self._cluster.minio.kill()
        self._meanwhile(seconds)
        self._cluster.minio.start()

    def store_frozen(self, seconds: float) -> None:
        self._cluster.minio.freeze()
        self._meanwhile(seconds)
        self._cluster.minio.thaw()

    def _meanwhile(self, seconds: float) -> None:
        """A fault seldom comes alone, yet it may."""
        if self._chance.random() < 0.5:
            time.sleep(seconds)
        else:
            self.kills(seconds)

    def log_gone(self, seconds: float) -> None:
        """All brokers at once. Senders are told to wait, and who asks is told why."""
        kafka = self._cluster.kafka
        until = time.monotonic() + seconds
        kafka.kill(kafka.brokers)
        for member in self._cluster.members["collect"]:
            await_that(partial(refuses, member), f"{member.name} answers 503")
            assert refuses(member), f"{member.name} answers 503 once and then something else"
        for member in self._cluster.all():
            await_that(partial(says_why, member), f"{member.name} says what is away")
        time.sleep(max(0.0, until - time.monotonic()))
        kafka.start()

    def zombie(self, seconds: float) -> None:
        """A fold worker sleeps until another one has its partitions, and wakes up later."""
        sleeper, other = self._chance.sample(self._cluster.members["fold"], 2)
        name = "partitions_taken"
        await_that(lambda: sleeper.counter(name) > 0, f"{sleeper.name} has partitions")
        before = other.counter(name)
        sleeper.freeze()
        await_that(lambda: other.counter(name) > before, f"{other.name} takes partitions over")
        time.sleep(self._chance.uniform(0, seconds))
        sleeper.thaw()

    def sleeper(self, seconds: float) -> None:
        """Any process stands still for a while, as a virtual machine does that is moved."""
        member = self._chance.choice(self._cluster.all())
        member.freeze()
        time.sleep(seconds)
        member.thaw()


def refuses(member: Member) -> bool:
    """Whether it refuses an event as one does whose log is away: 503, and when to come again."""
    event = {"run_key": PROBE_KEY, "heartbeat": {}}
    try:
        answer = ask(f"{member.url}/api/v1/events", json.dumps(event).encode())
    except OSError:
        return False
    return answer.status == 503 and float(answer.headers.get("retry-after", "0")) > 0


def says_why(member: Member) -> bool:
    try:
        answer = ask(f"{member.url}/readyz")
    except OSError:
        return False
    return answer.status == 503 and b"log: " in answer.body


def _finish(restart: "Optional[Future[None]]") -> None:
    """Raises what a broker's restart has raised."""
    if restart is not None:
        restart.result()
