# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a Service through the API server, and telling its answers from those of the API server."""

from __future__ import annotations

from urllib3.exceptions import ReadTimeoutError

from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_errors import TimedOut, Unreachable, status_from
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_http import Answer, Call, Http


def is_of_the_service(answer: Answer) -> bool:
    """Whether the answer tells of the Service: its own, or the word that it cannot be reached (503)."""
    said = status_from(answer.body) if answer.status >= 400 else {}
    return not said or answer.status == 503


def ask_service(http: Http, call: Call, timeout: float) -> Answer:
    """Send a request to a Service; raises TimedOut where it is silent, Unreachable where the API server is."""
    try:
        return http.ask(call, patience=min(timeout, 1.0), accepts=is_of_the_service)
    except Unreachable as error:
        if isinstance(error.__cause__, ReadTimeoutError):
            raise TimedOut(f"The Service {call.name} gave no answer to {call.path} within {timeout:g} s.") from error
        raise
