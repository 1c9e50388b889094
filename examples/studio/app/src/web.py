"""A small HTTP server: one function answers, what it raises becomes a 500 and one line in the log."""

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    body: str
    status: int = 200
    content_type: str = "text/html; charset=utf-8"


def as_json(data: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(data) + "\n", status, "application/json")


def serve(
    port: int,
    answer: Callable[[Request], Answer],
    observe: Callable[..., None] = lambda *_: None,
    count_connections: Callable[[int], None] = lambda _: None,
) -> None:
    """Answer until the process is told to stop; then what is being answered is still finished."""

    class Handler(_Handler):
        def handle(self) -> None:
            count_connections(1)
            try:
                super().handle()
            finally:
                count_connections(-1)

        def respond(self, request: Request) -> Answer:
            started = time.perf_counter()
            try:
                answered = answer(request)
            except Exception as error:
                _log.exception("%s %s: %s", request.method, request.path, error)
                answered = as_json({"error": "internal error"}, 500)
            observe(request, answered, time.perf_counter() - started)
            return answered

    with _Server(("", port), Handler) as server:
        _log.info("listening on port %s", port)
        server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    timeout = 2  # a client that says nothing must not hold a stop up

    def respond(self, request: Request) -> Answer:
        raise NotImplementedError

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self.command, self.path.partition("?")[0], self.rfile.read(length))
        answer = self.respond(request)
        body = answer.body.encode()
        # the client may have gone
        with suppress(ConnectionError):
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing of what went well: the metrics count it."""
