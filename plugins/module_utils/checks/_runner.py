# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All checks of a checklist side by side in one event loop. Waiting is watching: an event of the engine ends a wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from ..core._deadline import Deadline
from ..core._errors import OpsError
from ..core._progress import tell
from ..core._side_by_side import in_thread
from ..core._verdicts import PASS, REQUIRED, SKIPPED, Outcome
from ..running._containers import Event
from ..running._project import Closing
from ..running._scene import Scene
from ._attempts import attempt_of, explained, patience
from ._checklist import Check, needs_engine
from ._judge import Judge, Result
from .kinds._kind import Attempt

#: attempts at the same time: more sockets only wait for each other
_AT_ONCE = 200
#: how long an attempt that is under way may go on after everything has been decided
_LAST_LOOK = 0.5
#: how many checks are named of those that are waited for
_MOST_NAMES = 4


def run_checks(checks: Sequence[Check], scene: Scene, more: Sequence[tuple[Check, Attempt]] = ()) -> list[Result]:
    """Run a checklist to its end and give the verdicts in its order; ``more`` are checks that bring their own probe."""
    attempts = [attempt_of(check, scene) for check in checks]
    every = [*checks, *(check for check, _ in more)]
    return asyncio.run(_Run(every, [*attempts, *(attempt for _, attempt in more)], scene).results())


class _Run:
    """The judges of the checks, who of them sleeps, and who was told to stop."""

    def __init__(self, checks: Sequence[Check], attempts: Sequence[Attempt], scene: Scene) -> None:
        now = time.monotonic()
        self._attempts = {Judge(check, now): attempt for check, attempt in zip(checks, attempts)}
        self._open = dict.fromkeys(self._attempts)
        self._guards = [judge for judge in self._attempts if judge.check.guards]
        self._project = scene.project
        self._worth_watching = any(needs_engine(check) for check in checks)
        self._sleepers: dict[asyncio.Future[None], Judge] = {}
        self._stopped: dict[Judge, str] = {}
        self._tasks: dict[Judge, asyncio.Future[None]] = {}
        self._watching: asyncio.Future[Closing | None] | None = None

    async def results(self) -> list[Result]:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks = {judge: asyncio.ensure_future(self._follow(judge)) for judge in self._attempts}
        try:
            await asyncio.gather(*self._tasks.values())
        finally:
            await self._stop_watching()
        return [judge.result() for judge in self._attempts]

    async def _follow(self, judge: Judge) -> None:
        try:
            wait: float | None = 0.0
            while wait is not None:
                if wait:
                    await self._sleep(judge, wait)
                wait = self._take_in(judge, await self._look(judge))
                tell(self._waited_for)
        except asyncio.CancelledError:
            if judge not in self._stopped:
                raise
            judge.stop(self._stopped[judge], time.monotonic())
        self._tell_others(judge)

    def _waited_for(self) -> str:
        """Which checks have not passed yet; names only, as what they see may hold secrets."""
        missing = [judge.check.name for judge in self._open if judge.passed_at is None and not judge.decided]
        if not missing:
            return "every check passes, which is watched for a while"
        every, more = len(self._attempts), len(missing) - _MOST_NAMES
        names = ", ".join(missing[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        return f"{every - len(missing)} of {every} checks done, waiting for {names}"

    async def _look(self, judge: Judge) -> Outcome:
        async with self._slots:
            seconds = judge.attempt_timeout(time.monotonic())
            began = time.perf_counter()
            try:
                async with Deadline(patience(judge.check, seconds)):
                    return (await self._attempts[judge](seconds)).timed(time.perf_counter() - began)
            except Exception as error:  # whatever it is, it must not take the other checks along
                return explained(error, judge.check, seconds).timed(time.perf_counter() - began)

    def _take_in(self, judge: Judge, outcome: Outcome) -> float | None:
        now = time.monotonic()
        wait = judge.after(outcome, now, may_end=not self._is_needed(judge, now))
        if wait is not None and judge in self._stopped:
            judge.stop(self._stopped[judge], now)
            return None
        if wait is not None and outcome.state != PASS:
            self._start_watching()
        return wait

    def _is_needed(self, guard: Judge, now: float) -> bool:
        """Whether a check that guards the others still has somebody to guard."""
        if not guard.check.guards:
            return False
        return any(other is not guard and not (other.check.guards and other.held(now)) for other in self._open)

    def _tell_others(self, judge: Judge) -> None:
        """Let the end of one check end what has become useless."""
        now = time.monotonic()
        del self._open[judge]
        if judge.severity == REQUIRED and judge.state not in (PASS, SKIPPED):
            for other in list(self._open):
                if judge.ends_all or other.holding(now) or other.check.watches:
                    self._stop(other, judge.ends_all or f"{judge.check.name} failed")
        guards = [guard for guard in self._guards if guard in self._open]
        self._wake([guard for guard in guards if guard in self._stopped or not self._is_needed(guard, now)])

    def _stop(self, judge: Judge, why: str) -> None:
        self._stopped.setdefault(judge, why)
        if judge.check.guards:  # it looks once more: it may know the cause
            return
        if judge in self._sleepers.values():
            self._tasks[judge].cancel()
        else:  # who is just looking may tell what it sees, if it is quick
            asyncio.get_running_loop().call_later(_LAST_LOOK, self._tasks[judge].cancel)

    # sleeping and watching

    async def _sleep(self, judge: Judge, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        self._sleepers[sleeper] = judge
        alarm = loop.call_later(seconds, _rouse, sleeper)
        try:
            await sleeper
        finally:
            alarm.cancel()
            del self._sleepers[sleeper]

    def _wake(self, judges: Sequence[Judge]) -> None:
        for sleeper, judge in self._sleepers.items():
            if judge in judges:
                _rouse(sleeper)

    def _on_event(self) -> None:
        # Who has just passed keeps to its interval: several successes in a row are to be spread over time.
        waiting = [judge for judge in self._attempts if judge.last and judge.last.state != PASS]
        self._wake([*waiting, *self._guards])

    def _start_watching(self) -> None:
        if self._watching is None and self._worth_watching:
            self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> Closing | None:
        loop = asyncio.get_running_loop()

        def heard(event: Event) -> None:
            if event.changes_something:
                loop.call_soon_threadsafe(self._on_event)

        with suppress(OpsError):  # the intervals do without
            watcher = await in_thread(lambda: self._project.watch(heard))
            self._on_event()
            return watcher
        return None

    async def _stop_watching(self) -> None:
        if self._watching is None:
            return
        await asyncio.wait([self._watching], timeout=1)
        watcher = self._watching.result() if self._watching.done() else None
        if watcher is not None:
            await in_thread(watcher.close)


def _rouse(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
