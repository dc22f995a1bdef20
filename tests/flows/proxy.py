"""A server that is slow, drops connections or is too busy: what stands between it and whoever asks."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Hands on what is said to a port of 127.0.0.1, and makes it worse.

    Parameters
    ----------
    port : int
        Of the server.

    Attributes
    ----------
    delay : (float, float)
        Least and most time until an answer [s].
    drop : float
        Part of the requests whose connection is closed: half of them before the server hears of it, half after.
    busy : bool
        Answer 503.
    requests : int
        How many there were.
    """

    def __init__(self, port: int) -> None:
        self.delay, self.drop, self.busy, self.requests, self.port = (0.0, 0.0), 0.0, False, 0, 0
        self._server, self._chance = port, random.Random(5)

    async def serve(self, ready: threading.Event, ended: asyncio.Event) -> None:
        """Serve until it has ended."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ended.wait()
        server.close()

    async def _connection(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        ends = [answer]
        try:
            there, server = await asyncio.open_connection("127.0.0.1", self._server)
            ends.append(server)
            asked = asyncio.Event()
            ways = [self._ask(client, server, answer, asked), self._answer(there, answer, asked)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass
        finally:  # also where serving ends meanwhile
            for end in ends:
                end.close()
            await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)

    async def _ask(
        self,
        client: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        answer: asyncio.StreamWriter,
        asked: asyncio.Event,
    ) -> None:
        while said := await client.read(1 << 16):
            self.requests += 1
            chance = self._chance.random()
            if self.busy:
                answer.write(_BUSY)
                return
            if chance < self.drop / 2:
                return
            server.write(said)
            await server.drain()
            if chance < self.drop:
                await asyncio.sleep(0.1)
                return
            asked.set()

    async def _answer(self, there: asyncio.StreamReader, answer: asyncio.StreamWriter, asked: asyncio.Event) -> None:
        while said := await there.read(1 << 16):
            if asked.is_set():
                asked.clear()
                await asyncio.sleep(self._chance.uniform(*self.delay))
            answer.write(said)
            await answer.drain()


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Have a proxy before a server."""
    made, ready, loop = Proxy(port), threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    async def run() -> None:
        await made.serve(ready, ended)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    ready.wait()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
