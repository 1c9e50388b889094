# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What does not count while a release starts: pods that end within their grace period, and crashes of a program that
does without something else of the release that is not ready yet. Both are bounded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from ..api._objects import Object, controller_of
from ._pods import is_leaving, restarts_of
from ._scene import Readiness

#: what a kubelet needs beside the grace period itself: to hear of it, and to clean up, in seconds
_CLEANING = 15.0
#: what the kubelet gives where a pod does not say, in seconds
_GRACE = 30.0
_CRASHES = ("Error", "CrashLoopBackOff")


class Draining:
    """Until when pods that are on their way out may still be there, on the clock of this process."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._looked = 0.0
        self._held = False

    def see(self, pods: Sequence[Object], now: float) -> None:
        """Note the pods that are leaving by now."""
        for pod in filter(is_leaving, pods):
            grace = pod["metadata"].get("deletionGracePeriodSeconds", _GRACE)
            self._until.setdefault(str(pod["metadata"]["uid"]), now + grace + _CLEANING)

    def held(self, verdicts: Sequence[Readiness], now: float) -> float:
        """For how many seconds since the last look nothing could start, as a pod before it was still ending."""
        spent, self._looked = (now - self._looked if self._held else 0.0), now
        self._held = any(one.leaving and not one.serves and self._is_in_time(one, now) for one in verdicts)
        return spent

    def _is_in_time(self, one: Readiness, now: float) -> bool:
        return any(self._until.get(uid, 0.0) > now for uid in one.leaving)


class Pardons:
    """Crashes that do not count, as restarts by ``uid/name``, and until when what was not ready."""

    def __init__(self) -> None:
        self.restarts: dict[str, int] = {}
        self._awaited: dict[str, str] = {}

    def given(self, verdicts: Sequence[Readiness], pods: Sequence[Object]) -> list[Readiness]:
        """The verdicts without the crashes of workloads that may lack another one, which is still starting.

        What has crashed itself is not waited for: it may never start. The attempt that runs when the last of the others
        gets ready may have begun too early, so its crash does not count either.
        """
        pending = [one for one in verdicts if one.state == "waiting" and not _is_crash(one) and not one.serves]
        return [self._pardoned(one, pending[0], pods) if pending and _is_crash(one) else one for one in verdicts]

    def note_of(self, workload: str) -> str:
        """That a workload had crashed, and for want of what."""
        awaited = self._awaited.get(workload)
        return f"it crashed while {awaited} was not ready" if awaited else ""

    def _pardoned(self, one: Readiness, other: Readiness, pods: Sequence[Object]) -> Readiness:
        crashed = next((pod for pod in pods if pod["metadata"]["name"] == one.pod), None)
        if crashed is None:
            return one
        owner = controller_of(crashed)
        siblings = [pod for pod in pods if owner and controller_of(pod) == owner]
        found = itertools.chain.from_iterable(restarts_of(pod).items() for pod in siblings or [crashed])
        self.restarts.update({name: count + 1 for name, count in found})
        self._awaited[one.workload] = other.workload
        return replace(one, state="waiting", detail=f"{one.detail}; {other.workload} is not ready yet", patience=None)


def _is_crash(one: Readiness) -> bool:
    return one.reason.removeprefix("Init:") in _CRASHES
