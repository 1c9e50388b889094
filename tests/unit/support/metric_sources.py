"""Sources of metrics for tests: a server that answers what it is told, and a project that is plain data."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, TypeVar

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import Response
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import ExecResult, Usage

T = TypeVar("T")
#: path (with its query) to status, content type and body
Answerer = Callable[[str], tuple[int, str, str]]


@contextmanager
def server(answer: Answerer) -> Iterator[str]:
    """The URL of a server that runs for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("X-Login", self.headers.get("Authorization", ""))
            self.end_headers()
            with suppress(ConnectionError):  # who has waited long enough is gone
                self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


def wait_for(work: Awaitable[T]) -> T:
    """Run a coroutine to its end."""

    async def main() -> T:
        return await work

    return asyncio.run(main())


@dataclass
class PlainProject:
    """What a platform would say; an error in a place is raised there."""

    found: list[Container] = field(default_factory=list)
    used: list[Usage] | OpsError = field(default_factory=list)
    machine: list[Usage] = field(default_factory=list)
    results: list[ExecResult | OpsError] = field(default_factory=list)
    addresses: list[tuple[str, tuple[str, int]]] | OpsError = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)

    def containers(self, include_oneoff: bool = False) -> list[Container]:
        return self.found

    def watch(self, on_event: Any) -> Any:
        return SimpleNamespace(close=lambda: None)

    def log_ends(self, service: str, **limits: Any) -> list[Any]:
        return []

    def usage(self) -> list[Usage]:
        return _given(self.used)

    def machine_usage(self) -> list[Usage]:
        return self.machine

    def instances(self, service: str, port: int) -> list[tuple[str, tuple[str, int]]]:
        return _given(self.addresses)

    def address(self, service: str, port: int) -> tuple[str, int]:
        return _given(self.addresses)[0][1]

    def broken_way(self, service: str, port: int) -> OpsError | None:
        return None

    def ask(self, service: str, port: int, request: Any, seconds: float) -> Response | None:
        return None

    def environment_of(self, service: str) -> dict[str, str]:
        return self.environment

    def exec(
        self, service: str, argv: list[str], timeout: float, environment: Any = None, borrowed: Any = None
    ) -> ExecResult:
        self.commands.append(argv)
        return _given(self.results.pop(0))


def plain_project(**given: Any) -> Any:
    """A project that is plain data, for whoever asks for one with more to it."""
    return PlainProject(**given)


def _given(found: T | OpsError) -> T:
    if isinstance(found, OpsError):
        raise found
    return found
