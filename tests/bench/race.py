"""Two clients of one server, in turns: a bare one, and ours."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection

ROUNDS = 31


def response(body: bytes) -> bytes:
    """An answer with a body of JSON."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def serve(tell: Connection, answer: bytes) -> None:
    """Answer every request, and nothing else; a client that wants the connection closed gets that."""

    class Answer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.write(answer)
            if b"Connection: close" in data:
                self.transport.close()

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0, backlog=1000)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """The port of a server that runs for the length of the block, in a process of its own."""
    listen, tell = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=serve, args=(tell, answer), daemon=True)
    process.start()
    try:
        yield listen.recv()
    finally:
        process.terminate()
        process.join()
        listen.close()
        tell.close()


def timed(work: Callable[[int], None], port: int) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work(port)
    return time.perf_counter() - began


def raced(
    running: AbstractContextManager[int], bare: Callable[[int], None], ours: Callable[[int], None]
) -> tuple[float, float, float]:
    """Medians of the bare client and of ours, in seconds, and their ratio; both ask the port of what is running."""
    with running as port:
        timed(bare, port)
        timed(ours, port)
        pairs = [(timed(bare, port), timed(ours, port)) for _ in range(ROUNDS)]
    by_hand, task = (statistics.median(times) for times in zip(*pairs, strict=True))
    return by_hand, task, task / by_hand
