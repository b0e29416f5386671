"""A balancer as it stands before several collectors: a connection goes to any that takes it.

A connection that breaks at one end breaks at the other: who sent through it sends again.
"""

import asyncio
import contextlib
import random
import threading
from typing import List

PIECE_BYTES = 65_536


class Balancer:
    """Serves on a thread of its own until close(). Sends to `ports`, once they are known; what they
    answer is late by `late_s`."""

    def __init__(self, late_s: float = 0.0) -> None:
        self.ports: List[int] = []
        self._late_s = late_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._started = threading.Event()
        self.address = ""
        self._thread.start()
        self._started.wait()

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0)
        )
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.close()

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        for port in random.sample(self.ports, len(self.ports)):
            try:
                server, requests = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            with contextlib.suppress(asyncio.CancelledError):
                there = _pump(client, requests, 0.0)
                await asyncio.gather(there, _pump(server, answers, self._late_s))
            return
        answers.close()


async def _pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, late_s: float
) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await source.read(PIECE_BYTES):
            await asyncio.sleep(late_s)
            sink.write(data)
            await sink.drain()
    sink.close()
