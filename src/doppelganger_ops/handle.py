"""A run that is under way: wait for it, cancel it, follow its events, read its result; also from asyncio."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self

from doppelganger_ops import diagnosis, reports, schemas
from doppelganger_ops.errors import StartError
from doppelganger_ops.events import Event, RunFinished, Translator, Waiting
from doppelganger_ops.executor import Executor, Running
from doppelganger_ops.feed import Feed, Handler
from doppelganger_ops.job import Ended, Job
from doppelganger_ops.outcome import NO_HOSTS_HINT, Judge, Seen, T
from doppelganger_ops.result import RunInfo
from doppelganger_ops.status import Status

logger = logging.getLogger("doppelganger_ops")

#: how often a phase that goes on says so, in seconds
TICK = 5.0


class Handle(Generic[T]):
    """One run. As a context manager it cancels the run where the block is left by an exception."""

    def __init__(
        self,
        verb: str,
        job: Job,
        executor: Executor,
        judge: Judge[T],
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self.id = job.ident
        self.operation = verb
        self._job = job
        self._executor = executor
        self._judge = judge
        self._feed = Feed()
        self._translator = Translator(verb, job.ident)
        self._seen = Seen()
        self._began = time.monotonic()
        self._started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._running: Running | None = None
        self._result: T | None = None
        self._error: BaseException | None = None
        self._handlers = [Handler(self._feed, on_event, job.ident)] if on_event else []
        threading.Thread(target=self._drive, name=job.ident, daemon=True).start()

    # what callers use

    def cancel(self) -> None:
        """Have the run ended; returns at once. ``wait`` then gives a result with the status ``cancelled``."""
        self._cancelled.set()
        running = self._running
        if running is not None:
            running.cancel()

    def done(self) -> bool:
        """Whether the run is over."""
        return self._over.is_set()

    def wait(self, timeout: float | None = None) -> T:
        """The result, once the run is over and ``on_event`` has seen every event.

        Raises TimeoutError after ``timeout`` seconds, which ends nothing; give a ``deadline`` for that.
        """
        until = None if timeout is None else time.monotonic() + timeout
        is_over = self._over.wait(timeout)
        for handler in self._handlers if is_over else []:
            is_over = handler.join(None if until is None else max(0.0, until - time.monotonic())) and is_over
        if not is_over:
            raise TimeoutError(f"{self.id} is not over after {timeout} s; it goes on.")
        return self.result

    @property
    def result(self) -> T:
        """The result of a run that is over; raises what kept it from running, and RuntimeError while it runs."""
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise RuntimeError(f"{self.id} is not over yet; wait for it first.")
        return self._result

    def events(self) -> Iterator[Event]:
        """All events from the first one on; ends with the run. Any number of readers may have their own."""
        return iter(self._feed)

    @property
    def handler_errors(self) -> tuple[Exception, ...]:
        """What ``on_event`` raised."""
        return tuple(error for handler in self._handlers for error in handler.errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.cancel()
        self._over.wait()

    async def events_async(self) -> AsyncIterator[Event]:
        """The same events for ``async for``."""
        more, position = asyncio.Event(), 0
        loop = asyncio.get_running_loop()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(more.set)

        self._feed.watch(tell)
        try:
            while True:
                more.clear()
                found, is_all = self._feed.after(position)
                position += len(found)
                for event in found:
                    yield event
                if is_all:
                    return
                await more.wait()
        finally:
            self._feed.unwatch(tell)

    async def finished(self) -> T:
        """The result, for ``await``. A task that is cancelled while it waits leaves the run alone."""
        async for _ in self.events_async():
            pass
        while not self._over.is_set():
            await asyncio.sleep(0.01)
        return self.result

    def __await__(self) -> Generator[Any, None, T]:
        return self.finished().__await__()

    # the thread of the run

    def _drive(self) -> None:
        try:
            slot = self._executor.slot()
            while not slot.acquire(timeout=0.1):
                if self._cancelled.is_set():
                    self._finish(Ended(None, "cancelled"))
                    return
            try:
                ended = self._run()
            finally:
                slot.release()
            self._finish(ended)
        except BaseException as error:
            self._error = error
        finally:
            shutil.rmtree(self._job.folder, ignore_errors=True)
            self._over.set()
            self._feed.close()

    def _run(self) -> Ended:
        if self._cancelled.is_set():
            return Ended(None, "cancelled")
        running = self._executor.start(self._job)
        self._running = running
        if self._cancelled.is_set():
            running.cancel()
        quiet = threading.Event()
        threading.Thread(target=self._tick, args=(quiet,), name=f"{self.id} ticks", daemon=True).start()
        try:
            # while Ansible starts there is time for it
            schemas.warm_up()
            for raw in running.reports():
                self._seen.take(raw)
                for event in self._translator.translate(raw):
                    self._feed.put(event)
        finally:
            quiet.set()
            ended = running.ended()
        return ended

    def _tick(self, quiet: threading.Event) -> None:
        """Say of each phase that takes long that it goes on."""
        since: dict[tuple[str, str], float] = {}
        while not quiet.wait(TICK):
            now = time.monotonic()
            under_way = list(self._translator.running())
            since = {(host, phase): since.get((host, phase), now - TICK) for host, phase, _ in under_way}
            for host, phase, detail in under_way:
                at, seconds = datetime.now(UTC).isoformat(), round(now - since[host, phase], 1)
                self._feed.put(Waiting(at=at, host=host, phase=phase, seconds=seconds, detail=detail))

    def _finish(self, ended: Ended) -> None:
        run = RunInfo(
            self.id, self._started, round(time.monotonic() - self._began, 3), ended.exit_code, self._job.kept,
            ended.survivors,
        )  # fmt: skip
        result = self._judged(ended, run)
        self._result = result
        at = datetime.now(UTC).isoformat()
        ended_as = RunFinished(
            at=at, operation=self.operation, run=self.id, status=result.status, message=result.message,
            reason=result.reason,
        )  # fmt: skip
        self._feed.put(ended_as)
        if self._job.kept:
            self._keep(result, Path(self._job.kept) / "result.json")

    def _keep(self, result: T, path: Path) -> None:
        """Leave the result beside what else is kept; where that cannot be, it is the result all the same."""
        text = result.to_json(indent=2)
        try:
            with reports.private(path) as stream:
                stream.write(text)
        except (OSError, ValueError) as error:
            logger.warning("The result of %s cannot be kept in %s: %s.", self.id, path, error)

    def _judged(self, ended: Ended, run: RunInfo) -> T:
        if self._seen.has_started or ended.stopped:
            return self._judge(self.operation, ended, self._seen, self._translator.phases(), run)
        if not diagnosis.has_no_hosts(self._job, ended):
            raise StartError("Ansible ended before the first play began.")
        empty = self._judge(self.operation, ended, self._seen, {}, run)
        said = "No host matched, so nothing was done."
        return dataclasses.replace(empty, status=Status.NO_HOSTS, message=said, hint=NO_HOSTS_HINT, reason="no_hosts")
