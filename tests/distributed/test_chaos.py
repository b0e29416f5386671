"""Everything dies while events flow, by seed: what was acknowledged is shown by every node, once.

    TELLTALE_CHAOS_SEED=7 TELLTALE_CHAOS_MINUTES=10 tools/test.sh --only distributed

The seed draws the faults and what runs tell; when exactly things happen is the machine's. Without
MINUTES it is one round of each fault: 83 seconds of faults, and the checks between them.
"""

import os
import random
import time
from pathlib import Path
from typing import Callable, Iterator, Tuple

from audience import Audience
from checker import check_runs
from cluster import Cluster
from faults import Faults
from needs import needs_components
from producer import Producer

SEED = int(os.environ.get("TELLTALE_CHAOS_SEED", "1"))
MINUTES = float(os.environ.get("TELLTALE_CHAOS_MINUTES", "0"))
OUTAGE_S = 30.0  # of Kafka or MinIO
LATELY = 15  # runs that are looked at after each fault; at the end it is all of them

Round = Tuple[str, Callable[[float], None], float]


def rounds(faults: Faults, chance: random.Random) -> Iterator[Round]:
    away = chance.choice([faults.store_gone, faults.store_frozen])
    one_each = [(faults.kills, 15.0), (faults.zombie, 8.0), (away, OUTAGE_S)]
    one_each += [(faults.log_gone, OUTAGE_S)]
    for fault, seconds in one_each:
        yield fault.__name__, fault, seconds
    until = time.monotonic() + MINUTES * 60
    every = [faults.kills, faults.zombie, faults.store_gone, faults.store_frozen]
    every += [faults.log_gone, faults.sleeper, faults.kills]
    while time.monotonic() < until:
        fault = chance.choice(every)
        yield fault.__name__, fault, chance.uniform(3, OUTAGE_S)


@needs_components
def test_what_was_acknowledged_is_shown_by_every_node_once(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with Cluster(tmp_path, {"collect": 2, "fold": 2, "serve": 2}) as cluster:
        cluster.await_ready()
        serving = cluster.members["serve"]
        audience = Audience([member.port for member in serving])
        producer = Producer(cluster.balancer.url, tmp_path / "spool", SEED, audience.follow)
        urls = [member.url for member in serving]
        past = "the start"

        def check(everything: bool) -> None:
            cluster.await_ready()
            (producer.end if everything else producer.pause)()
            check_runs(producer.runs if everything else producer.runs[-LATELY:], urls)
            audience.check(producer.runs, urls[0])
            cluster.check_alive()

        try:
            for past, fault, seconds in rounds(Faults(cluster, chance), chance):
                print(f"seed {SEED}: {past} for {seconds:.0f} s, {len(producer.runs)} runs so far")
                producer.resume()
                time.sleep(chance.uniform(1, 5))
                fault(seconds)
                check(everything=False)
            check(everything=True)
        except Exception as error:
            raise AssertionError(f"seed {SEED}, after {past}: {error}") from error
        finally:
            producer.close()
            audience.close()
