# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a Service through the API server, and telling its answers from those of the API server."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from urllib3.exceptions import ReadTimeoutError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled, Refused

from ._answers import Unending, is_of_the_sender
from ._errors import TimedOut, Unreachable, status_from
from ._http import Answer, Call, Http


def is_out_of_reach(answer: Answer) -> bool:
    """Whether the API server says that it cannot reach the Service: 503, and 500 before Kubernetes 1.21."""
    said = status_from(answer.body) if answer.status >= 500 else {}
    return bool(said) and (answer.status == 503 or "trying to reach service" in str(said.get("message")))


def is_of_the_service(answer: Answer) -> bool:
    """Whether the answer tells of the Service: its own, or the API server's word that it cannot be reached."""
    return answer.status < 400 or not status_from(answer.body) or is_out_of_reach(answer)


def ask_service(http: Http, call: Call, timeout: float) -> Answer:
    """Send a request to a Service; 503 where it is out of reach, TimedOut where it is silent, not the API server.

    Raises Garbled where the answer cannot be read while the API server itself is well.
    """
    try:
        answer = http.ask(call, patience=min(timeout, 1.0), accepts=is_of_the_service)
    except Unreachable as error:
        cause = error.__cause__
        if isinstance(cause, (ReadTimeoutError, Unending)):
            words = f"The Service {call.name} gave no whole answer to {call.path} within {timeout:g} s."
            raise TimedOut(words) from error
        if not is_of_the_sender(cause):
            raise
        with contextlib.suppress(Refused):  # where the server is not well, that is raised
            http.ask(Call("GET", "/version", "get", "version"), patience=0.0)
        raise Garbled(f"the answer of the Service {call.name} cannot be read: {cause}") from error
    return replace(answer, status=503) if is_out_of_reach(answer) else answer
