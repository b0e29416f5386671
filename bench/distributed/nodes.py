"""What one more serving node reads from Kafka, though nobody watches."""

import re
import subprocess
import time
from typing import List

from load import EVENTS_A_BATCH, POINTS_AN_EVENT, Batches, send_steadily
from member import Member
from runs import OpenRuns
from system import System, cpu_s, distributed

SECONDS = 20.0
A_SECOND = 20  # batches
RUNS = 16
SERVE = 3


def nodes() -> None:
    print(f"\n{SERVE} serving nodes that nobody watches, {EVENTS_A_BATCH * A_SECOND:,.0f} events/s")
    with distributed(serve=SERVE) as system:
        print(_nodes(system), flush=True)


def _nodes(system: System) -> str:
    members = system.members["serve"]
    runs = OpenRuns(system, RUNS)
    before = [_received(member, system.kafka) for member in members]
    cpu = [cpu_s(member) for member in members]
    sent = send_steadily(system.collect, runs.keys, A_SECOND, SECONDS)
    runs.end()
    runs.await_shown()
    time.sleep(1)  # the other nodes are as far
    events = len(sent) * EVENTS_A_BATCH
    sent_bytes = len(sent) * len(Batches(runs.keys[0]).body(0))
    read = [_received(member, system.kafka) - was for member, was in zip(members, before)]
    spent = [(cpu_s(member) - was) / events * 1e6 for member, was in zip(members, cpu)]
    megabytes = ", ".join(f"{size / 1e6:.1f}" for size in read)
    seconds = ", ".join(f"{each:.1f}" for each in spent)
    return (
        f"{events:,} events of {POINTS_AN_EVENT} points, sent as {sent_bytes / 1e6:.1f} MB; "
        f"read from Kafka by each node: {megabytes} MB ({read[-1] / events:.0f} bytes an event); "
        f"processor time a million events: {seconds} s"
    )


def _received(member: Member, addresses: str) -> int:
    """Bytes that the process was sent over its open connections to the brokers."""
    ports = " or ".join(f"dport = :{each.rsplit(':', 1)[1]}" for each in addresses.split(","))
    command: List[str] = ["ss", "--tcp", "--numeric", "--info", "--processes", "--no-header"]
    lines = subprocess.run(
        [*command, "--oneline", f"( {ports} )"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    mine = [line for line in lines if f"pid={member.pid}," in line]
    return sum(int(found) for line in mine for found in re.findall(r"bytes_received:(\d+)", line))
