"""Processes that are there before Kafka and the store are: they say so, wait, and go on."""

import contextlib
from pathlib import Path

from cluster import BINARY
from components import Kafka, Minio
from member import Member, Tender
from needs import needs_components
from waiting import await_that


@needs_components
def test_what_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    with contextlib.ExitStack() as ending:
        kafka = Kafka(tmp_path / "kafka", brokers=1)
        ending.callback(kafka.stop)
        kafka.start()
        kafka.kill(kafka.brokers)  # the address stays its own
        minio = Minio(tmp_path / "minio")
        ending.callback(minio.stop)
        minio.start()
        minio.kill()

        where = ["--log", f"kafka://{kafka.addresses}", "--store", f"{minio.store}&retry=1"]
        member = Member("all", [BINARY, "serve", *where], tmp_path)
        ending.callback(Tender([member]).close)

        def says(what: str) -> None:
            await_that(lambda: what in member.last_words(), f"it says {what!r}")

        says("Kafka does not answer.")
        says("Waiting for it.")
        kafka.start()
        says("does not answer: Failed to connect")
        assert not member.is_ready()
        minio.start()
        member.await_ready()
        assert not member.trouble, member.trouble
