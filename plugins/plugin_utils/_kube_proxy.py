# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a Service through the API server, and telling its answers from those of the API server."""

from __future__ import annotations

from dataclasses import replace

from urllib3.exceptions import ReadTimeoutError

from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_errors import TimedOut, Unreachable, status_from
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_http import Answer, Call, Http


def is_out_of_reach(answer: Answer) -> bool:
    """Whether the API server says that it cannot reach the Service: 503, and 500 before Kubernetes 1.21."""
    said = status_from(answer.body) if answer.status >= 500 else {}
    return bool(said) and (answer.status == 503 or "trying to reach service" in str(said.get("message")))


def is_of_the_service(answer: Answer) -> bool:
    """Whether the answer tells of the Service: its own, or the API server's word that it cannot be reached."""
    return answer.status < 400 or not status_from(answer.body) or is_out_of_reach(answer)


def ask_service(http: Http, call: Call, timeout: float) -> Answer:
    """Send a request to a Service; 503 where it is out of reach, TimedOut where it is silent, not the API server."""
    try:
        answer = http.ask(call, patience=min(timeout, 1.0), accepts=is_of_the_service)
    except Unreachable as error:
        if isinstance(error.__cause__, ReadTimeoutError):
            raise TimedOut(f"The Service {call.name} gave no answer to {call.path} within {timeout:g} s.") from error
        raise
    return replace(answer, status=503) if is_out_of_reach(answer) else answer
