#!/usr/bin/env python3
"""kafka.py: a real Kafka for tests and trials: KRaft mode, loopback only, free ports.

    kafka.py fetch                  its jars from Maven Central, once; prints their folder
    kafka.py start DIR [--brokers N] [--lasting]
                                    starts what is not running; prints host:port,host:port
    kafka.py stop DIR               ends all of it, in good order

Brokers start quickly; with --lasting they take longer until Java has compiled them well, and need
less of a processor from then on, as those do that run for days.

DIR keeps the brokers' data, ports and pids, so what was stopped or killed starts again as it was.
Needs Java 17 or later, and for the first fetch also Maven. The jars are kept outside the clone, in
${XDG_CACHE_HOME:-~/.cache}/telltale. Each broker has a second listener that speaks TLS and asks
for a password (SASL_SSL, PLAIN, user "telltale", password "secret"); DIR/sasl has its addresses,
DIR/ca.pem the certificate to trust. It is made by openssl.
"""
import argparse
import base64
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from typing import Any, Dict, List

VERSION = "4.3.1"
START_SECONDS = 300  # one takes about 5 s on an idle machine, minutes on one that is flooded
STOP_SECONDS = 30
JAVA = ["java", "-Xmx512m", "-Xms64m", "-XX:+UseSerialGC"]
QUICK = "-XX:TieredStopAtLevel=1"  # what starts a second sooner costs half as much again later

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>telltale</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

PROPERTIES = """process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=PLAIN://127.0.0.1:{plain},SASL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAIN://127.0.0.1:{plain},SASL://127.0.0.1:{sasl}
listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.sasl.ssl.keystore.type=PEM
listener.name.sasl.ssl.keystore.location={keystore}
inter.broker.listener.name=PLAIN
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_telltale="secret";
log.dirs={folder}/data
default.replication.factor={replication}
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.cleaner.dedupe.buffer.size=16777216
"""


def cache() -> pathlib.Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(home) / "telltale" / f"kafka-{VERSION}"


def fetch() -> pathlib.Path:
    folder = cache()
    if folder.is_dir():
        return folder
    for program, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if shutil.which(program) is None:
            raise SystemExit(f"Kafka needs {program} (Debian: apt-get install {package}).")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        pom = pathlib.Path(work) / "pom.xml"
        pom.write_text(POM)
        subprocess.run(
            ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
             "-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"],
            check=True, stdout=sys.stderr)
        os.rename(f"{work}/jars", folder)  # whole or not at all
    return folder


def free_ports(count: int) -> List[int]:
    """Below those that the system gives to outgoing connections: a client that keeps trying to
    reach a dead server would at last be connected to itself there, and the server could not come
    back."""
    ports: List[int] = []
    while len(ports) < count:
        port = random.randrange(10_240, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def new_cluster_id() -> str:
    """16 random bytes as Kafka writes them; never one that looks like an option."""
    while True:
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not name.startswith("-"):
            return name


def plan(folder: pathlib.Path, brokers: int) -> Dict[str, Any]:
    """The ports and the id of the cluster of this folder, chosen at its first start."""
    file = folder / "cluster.json"
    if file.exists():
        return json.loads(file.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    ports = free_ports(brokers * 3)
    cluster = {
        "id": new_cluster_id(),
        "plain": ports[:brokers],
        "sasl": ports[brokers:2 * brokers],
        "controller": ports[2 * brokers:],
    }
    file.write_text(json.dumps(cluster))
    return cluster


def make_certificate(folder: pathlib.Path) -> pathlib.Path:
    """A self-signed one in ca.pem; returns the file that also has its key, as brokers want it."""
    keystore = folder / "keystore.pem"
    if not keystore.exists():
        if shutil.which("openssl") is None:
            raise SystemExit("Kafka's TLS needs openssl (Debian: apt-get install openssl).")
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
             "-subj", "/CN=kafka", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")],
            check=False, capture_output=True, text=True)
        if made.returncode != 0:
            raise SystemExit(f"openssl makes no certificate: {made.stderr}")
        keystore.write_text((folder / "key.pem").read_text() + (folder / "ca.pem").read_text())
    return keystore


def java(jars: pathlib.Path, *arguments: str, lasting: bool = False) -> List[str]:
    return [*JAVA, *([] if lasting else [QUICK]), "-cp", f"{jars}/*", *arguments]


def format_storage(jars: pathlib.Path, folder: pathlib.Path, cluster: Dict[str, Any]) -> None:
    brokers = len(cluster["plain"])
    voters = ",".join(f"{i + 1}@127.0.0.1:{port}" for i, port in enumerate(cluster["controller"]))
    keystore = make_certificate(folder)
    running = []
    for i in range(brokers):
        own = folder / f"broker-{i + 1}"
        if (own / "data").exists():
            continue
        own.mkdir(exist_ok=True)
        (own / "server.properties").write_text(PROPERTIES.format(
            number=i + 1, voters=voters, folder=own, replication=min(brokers, 3),
            keystore=keystore, plain=cluster["plain"][i], sasl=cluster["sasl"][i],
            controller=cluster["controller"][i]))
        with open(own / "format.log", "wb") as log:
            running.append(subprocess.Popen(
                java(jars, "kafka.tools.StorageTool", "format", "-t", cluster["id"], "-c",
                     str(own / "server.properties")),
                stdout=subprocess.DEVNULL, stderr=log))
    if any(each.wait() != 0 for each in running):
        raise SystemExit(f"Kafka's storage cannot be formatted; see {folder}/broker-*/format.log.")


def is_kafka(pid: int) -> bool:
    """Whether the process is a broker and not another one that got its number."""
    try:
        return b"kafka.Kafka" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def pid_of(own: pathlib.Path) -> int:
    try:
        pid = int((own / "pid").read_text())
    except (OSError, ValueError):
        return 0
    return pid if is_kafka(pid) else 0


def answers(port: int) -> bool:
    """Asks for the versions of the protocol; a broker that is not ready yet keeps silent."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(8)) > 0
    except OSError:
        return False


def start(folder: pathlib.Path, brokers: int, lasting: bool) -> str:
    jars = fetch()
    folder = folder.resolve()
    cluster = plan(folder, brokers)
    format_storage(jars, folder, cluster)
    own = [folder / f"broker-{i + 1}" for i in range(len(cluster["plain"]))]
    started = {}
    for each in own:
        if pid_of(each) != 0:
            continue
        with open(each / "out.log", "ab") as log:
            program = java(jars, "kafka.Kafka", str(each / "server.properties"), lasting=lasting)
            process = subprocess.Popen(program,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        (each / "pid").write_text(str(process.pid))
        started[each] = process
    until = time.monotonic() + START_SECONDS
    for each, port in zip(own, cluster["plain"]):
        while not answers(port):
            # Its command line is empty for a moment while it becomes java: its own word counts.
            ended = started[each].poll() is not None if each in started else pid_of(each) == 0
            if time.monotonic() > until or ended:
                raise SystemExit(f"Kafka does not start; see {each}/out.log.")
            time.sleep(0.1)
    (folder / "sasl").write_text(",".join(f"127.0.0.1:{port}" for port in cluster["sasl"]))
    return ",".join(f"127.0.0.1:{port}" for port in cluster["plain"])


def stop(folder: pathlib.Path) -> None:
    pids = [pid_of(own) for own in folder.glob("broker-*")]
    for pid in filter(None, pids):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    for pid in filter(None, pids):
        while is_kafka(pid):
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fetch")
    starting = verbs.add_parser("start")
    starting.add_argument("folder", type=pathlib.Path)
    starting.add_argument("--brokers", type=int, default=1)
    starting.add_argument("--lasting", action="store_true")
    stopping = verbs.add_parser("stop")
    stopping.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.verb == "fetch":
        print(fetch())
    elif arguments.verb == "start":
        print(start(arguments.folder, arguments.brokers, arguments.lasting))
    else:
        stop(arguments.folder)


if __name__ == "__main__":
    main()
