# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prometheus and Alertmanager as the target reaches them: what they answer, and how they read their files again."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..core._deadline import Deadline, Late
from ..core._errors import OpsError
from ..http import _sockets
from ..http._client import fetch, request_for
from ..http._response import Response
from ..text import _foreign

#: for a whole answer: seconds, and bytes, as the targets of a large Prometheus are many
ANSWER_WITHIN = 10.0
ANSWER_LIMIT = 32 * 1024 * 1024
#: an error of a server is shown, so it is kept short
_SAID_AT_MOST = 500
#: how long between two looks whether a signal was heeded, in seconds
_PAUSE = 0.25
_OF_RELOADS = re.compile(
    r"^prometheus_config_last_reload_(successful|success_timestamp_seconds) ([0-9.eE+-]{1,40})$", re.MULTILINE
)


class Reloads(NamedTuple):
    """What Prometheus says of its last reload."""

    is_good: bool
    #: when it last took its files
    taken: float


class Signal(NamedTuple):
    """A way to have files read again that answers nothing."""

    send: Callable[[], object]
    #: what the server said of it since a moment; empty where nobody knows
    said: Callable[[float], str] = lambda _since: ""


def reloads(metrics: str) -> Reloads:
    """What Prometheus' own metrics say of its last reload."""
    found = dict(_OF_RELOADS.findall(metrics))
    return Reloads(float(found.get("successful", 0)) == 1, float(found.get("success_timestamp_seconds", 0)))


def verdict(before: Reloads, now: Reloads) -> bool | None:
    """Whether the files were taken since; None while nothing is known."""
    if now.taken != before.taken:
        return now.is_good
    return False if before.is_good and not now.is_good else None


class Server:
    """Prometheus or Alertmanager, by the address at which the target reaches it."""

    def __init__(self, name: str, url: str, signal: Signal | None = None) -> None:
        self.name, self.url, self._signal = name, url.rstrip("/"), signal

    def ask(self, path: str, method: str = "GET") -> bytes:
        """Its answer; an error has what it said."""
        place = f"{self.name} at {self.url}"
        try:
            answer = asyncio.run(self._answer(path, method))
        except Late:
            raise OpsError(
                f"{place} did not respond completely within {ANSWER_WITHIN:g} s.", reason="monitoring_unreachable"
            ) from None
        except OpsError as error:
            raise OpsError(f"{place}: {error.message}", reason="monitoring_unreachable") from error
        except (OSError, EOFError, UnicodeError) as error:
            raise OpsError(
                f"{place} cannot be reached: {_sockets.refusal(error, self.url).reason}.",
                reason="monitoring_unreachable",
            ) from error
        if not 200 <= answer.status < 300:
            said = answer.body[:_SAID_AT_MOST].decode("utf-8", "replace").strip()
            raise OpsError(
                f"{place} answered {answer.status}: {said}", reason="monitoring_failed", status=answer.status
            )
        return answer.body

    async def _answer(self, path: str, method: str) -> Response:
        # a server behind a proxy may want to know that nothing follows
        headers = {"Content-Length": "0"} if method == "POST" else {}
        options = {"url": f"{self.url}{path}", "method": method, "headers": headers}
        async with Deadline(ANSWER_WITHIN):
            return await fetch(request_for({**options, "validate_certs": True, "ca_file": None}), ANSWER_LIMIT)
        raise AssertionError

    def read(self, path: str) -> Any:
        """Its answer as data."""
        return answer_of(f"{self.name} at {self.url}", self.ask(path))

    def reload(self, timeout: float) -> None:
        """Have it read its files again; raises where it refuses them."""
        if self._signal is not None:
            self._reload_by(self._signal, timeout)
            return
        try:
            self.ask("/-/reload", "POST")
        except OpsError as error:
            if error.data.get("status") in (403, 405):
                error.hint = (
                    "Set observe_reload_command, such as [systemctl, reload, prometheus], or start it with "
                    "--web.enable-lifecycle if its port is not reachable from outside."
                )
            raise

    def _reload_by(self, signal: Signal, timeout: float) -> None:
        """A signal answers nothing: its metrics say whether the files were taken."""
        before, since = self._reloads(), time.time()
        signal.send()
        deadline = time.monotonic() + timeout
        while (found := verdict(before, self._reloads())) is None and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        if found:
            return
        what = f"did not read its files within {timeout:g} s" if found is None else "refused its files"
        said = signal.said(since)
        raise OpsError(
            f"{self.name} at {self.url} {what}{f': {said}' if said else '.'}",
            reason="monitoring_failed",
            hint="It keeps the files it had. See its log, fix the inventory, and re-run.",
        )

    def _reloads(self) -> Reloads:
        return reloads(self.ask("/metrics").decode("utf-8", "replace"))


def answer_of(place: str, body: bytes) -> dict[str, Any]:
    """The object in an answer."""
    try:
        return _foreign.read_object(body, limit=ANSWER_LIMIT)
    except _foreign.Unreadable as error:
        raise OpsError(f"The answer of {place} cannot be used: {error}.", reason="invalid_response") from error
