"""The dashboard: asks the targets again and again with verbs that only look, and shows on a page what they say."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, cast
from urllib.parse import urlsplit

from doppelganger_ops import _given, api
from doppelganger_ops.board import Board
from doppelganger_ops.errors import InputError, OpsError
from doppelganger_ops.executor import ProcessExecutor
from doppelganger_ops.handle import Handle
from doppelganger_ops.options import Options

if TYPE_CHECKING:
    from doppelganger_ops._board_server import BoardServer

#: how often the targets are asked, in seconds, unless the caller says so; and the least that makes sense
EVERY, LEAST = 15.0, 2.0
#: what is asked side by side. Metrics come alone: what the others take of the processor would be measured as well
STAGES = (("releases", "verify"), ("monitor",))
VERBS: dict[str, Any] = {"releases": api.releases, "verify": api.verify, "monitor": api.monitor}
#: a look that takes longer is ended, in seconds
DEADLINE = 60.0
#: how long looks may take to end when the dashboard does, before their processes are ended
PATIENCE = 0.5


class Dashboard:
    """A page about the targets of an inventory. It runs from ``start()``, or the begin of a ``with`` block, on.

    Where ``port`` is not given it is 3000, or the next one that is free; 0 takes any.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        address: str = "127.0.0.1",
        every: float = EVERY,
        grafana_url: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._every = _given.seconds("every", every, LEAST)
        if grafana_url is not None:
            grafana_url = _address(grafana_url)
        if options.get("check"):
            raise InputError("A dashboard only looks, so there is nothing to be checked.", hint="Leave check out.")
        self._options = cast(Options, {"deadline": DEADLINE, "executor": ProcessExecutor(most=2), **options})
        self._address, self._port = address, port
        self._board = Board(every=self._every, grafana=grafana_url or None)
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._handles: dict[str, Handle[Any]] = {}
        self._server: BoardServer | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> Self:
        """Serve the page, and begin to ask. Raises what keeps it from either, as :class:`NeverRan`."""
        # what serves is nothing that every user of this package needs
        from doppelganger_ops import _board_server

        try:
            self._server = _board_server.serve(self._board, self._address, self._port)
            for verb in STAGES[0]:
                self._begin(verb)
        except BaseException:
            self.stop()
            raise
        for name, function in (("server", self._serve), ("rounds", lambda: self._ask(dict(self._handles)))):
            thread = threading.Thread(target=function, name=f"dashboard {name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    @property
    def url(self) -> str:
        """Where the page is."""
        if self._server is None:
            raise RuntimeError("The dashboard was not started.")
        return self._server.url

    @property
    def data(self) -> dict[str, Any]:
        """What it knows, as ``schemas/dashboard.schema.json`` describes it; the page is made from the same."""
        return self._board.to_dict()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until somebody stops it; false where it still runs after ``timeout`` seconds."""
        return self._ending.wait(timeout)

    def stop(self) -> None:
        """End it: the looks that are under way, their processes, and the server."""
        self._ending.set()
        with self._lock:
            handles = list(self._handles.values())
        for handle in handles:
            handle.cancel()
        self._board.close()
        if self._server is not None and self._threads:
            self._server.shutdown()
        if self._server is not None:
            self._server.server_close()
        _end(handles)
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        if self._server is not None:
            self._server.serve_forever(poll_interval=0.1)

    def _ask(self, under_way: dict[str, Handle[Any]]) -> None:
        """Round after round, each ``every`` seconds after the one before began, or at once where that took longer."""
        while True:
            began = time.monotonic()
            for place, stage in enumerate(STAGES):
                handles = under_way if under_way and place == 0 else self._begin_or_tell(stage)
                for verb, handle in handles.items():
                    self._take(verb, handle)
                if self._ending.is_set():
                    return
            under_way = {}
            if self._ending.wait(max(0.0, began + self._every - time.monotonic())):
                return

    def _begin(self, verb: str) -> None:
        with self._lock:
            if not self._ending.is_set():
                self._board.began(verb)
                self._handles[verb] = VERBS[verb].start(**self._options)

    def _begin_or_tell(self, stage: tuple[str, ...]) -> dict[str, Handle[Any]]:
        self._handles = {}
        for verb in stage:
            try:
                self._begin(verb)
            except Exception as error:
                self._tell(verb, error)
        return dict(self._handles)

    def _tell(self, verb: str, error: Exception) -> None:
        """Whatever keeps a look from something is shown on the page: it may be fixed, and the next one is tried."""
        if isinstance(error, OpsError):
            self._board.failed(verb, error.message, error.hint)
        else:
            self._board.failed(verb, f"{type(error).__name__}: {error}")

    def _take(self, verb: str, handle: Handle[Any]) -> None:
        try:
            outcome = handle.wait()
            if not self._ending.is_set():
                self._board.took(verb, outcome, handle.events())
        except Exception as error:
            self._tell(verb, error)


def _address(given: Any) -> str:
    """The address of a page that others open."""
    expected = "an http or https address"
    found = _given.line("grafana_url", given, expected)
    try:
        is_web = not found or urlsplit(found).scheme in ("http", "https")
    except ValueError:
        is_web = False
    if not is_web:
        raise _given.refused("grafana_url", expected, given)
    return found


def _end(handles: list[Handle[Any]]) -> None:
    """Wait for looks that were cancelled; the processes of one that does not end are ended."""
    until = time.monotonic() + PATIENCE
    for handle in handles:
        with contextlib.suppress(Exception):  # how it ended is of no interest any more
            handle.wait(max(0.0, until - time.monotonic()))
    from doppelganger_ops import _processes

    for handle in handles:
        if not handle.done():
            _processes.end_all(handle.id, patience=0.2)
            with contextlib.suppress(Exception):
                handle.wait(PATIENCE)
