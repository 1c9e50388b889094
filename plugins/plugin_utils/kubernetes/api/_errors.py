# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an API server refuses, or the way to it, in sentences that say what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import UNREACHABLE, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import gist

#: a manifest may be wrong in many places at once
_EXCERPT = 2000
#: what the manifest itself is to server-side apply: the server answers 500, and will do so however often it is asked
_TYPED = re.compile(r"failed to create (?:typed|manager for)")
#: the value that it quotes may be a secret
_QUOTED = re.compile(r", got &value\.[^\n]*")
#: which verb the API server decided on, in what it says
_VERB = re.compile(r" cannot (\w+) resource ")


class Unreachable(OpsError):
    """The API server did not answer for as long as it was worth waiting."""

    kind = UNREACHABLE
    reason = "cluster_unreachable"


class LoginRefused(Refused):
    """The API server does not know the login, or no longer: nothing can be seen or changed, nor undone."""

    kind = UNREACHABLE
    reason = "unauthorized"


class NotFound(OpsError):
    """The cluster has no such object, or no such kind of object."""

    reason = "not_found"


class NoSuchKind(NotFound):
    """The cluster has no such kind of object: nothing of it was read, and nothing can be written."""

    kind = "refused"
    reason = "kind_not_found"


class Expired(OpsError):
    """The moment that a list or a watch was to go on from is no longer known: list again."""

    reason = "watch_expired"


class TimedOut(OpsError):
    """A command inside a container took longer than it may; it is left to itself."""

    reason = "timed_out"


class Conflict(OpsError):
    """The object is there already, has changed since it was read, or another manager owns one of its fields.

    ``causes`` has, for each field that another manager owns, its ``field`` and the server's ``message``.
    """

    reason = "conflict"

    def __init__(self, message: str, *, hint: str = "", causes: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message, hint=hint)
        self.causes = [dict(cause) for cause in causes]


class Untyped(Refused):
    """A manifest that has not the types of its schema: each place of it is in the message."""

    reason = "cluster_refused"


class Immutable(Refused):
    """A field that cannot be changed was to be."""

    reason = "immutable_field"


@dataclass(frozen=True)
class Asked:
    """A request in the words of the API: what it wanted (``get``, ``list``, ``patch``, ...) of which resource."""

    server: str
    verb: str
    resource: str
    name: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        named = f"{self.verb} {self.resource} {self.name}".strip()
        return f"{named} in namespace {self.namespace}" if self.namespace else named


def status_from(body: bytes) -> dict[str, Any]:
    """The Status object of an answer, empty where the answer is none."""
    try:
        found = _foreign.read_object(body)
    except _foreign.Unreadable:
        return {}
    return found if found.get("kind") == "Status" else {}


def explained(asked: Asked, status: int, body: bytes) -> OpsError:
    """The error that an answer of 400 and above stands for."""
    said = status_from(body)
    message = _message(asked, status, said, body)
    details = said.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    causes = [one for one in causes if isinstance(one, dict)] if isinstance(causes, list) else []
    if status == 401:
        return LoginRefused(
            f"API server {asked.server} rejected this login: its token or certificate is wrong or has expired "
            f"(could not {asked}).",
            hint="Renew the token or the certificate in the kubeconfig or the credential, then re-run.",
        )
    if status == 403:
        return _forbidden(asked, str(said.get("message") or ""))
    if status == 404:
        return NotFound(f"Could not {asked}: {message}.")
    if status == 409:
        return Conflict(f"Could not {asked}: {message}.", causes=causes)
    if status == 410:
        return Expired(f"Could not {asked}: {message}.")
    if status == 500 and _TYPED.search(str(said.get("message"))):
        hint = "Fix the manifest: text needs quotes, and of a list no two items may have the same key."
        return Untyped(f"The cluster refused to {asked}: {message}.", hint=hint)
    if status in (400, 413, 422):
        # asked of the whole message: what is said of a pod is long, and this comes last
        words, hint = f"The cluster refused to {asked}: {message}.", "Fix the manifest, then re-run."
        if "immutable" in str(said.get("message")):
            return Immutable(words, hint=hint)
        return Refused(words, reason="cluster_refused", hint=hint)
    return OpsError(
        f"Could not {asked}: the API server {asked.server} answered {status}: {message}.", reason="cluster_failed"
    )


def no_answer(asked: Asked, reason: str, seconds: float) -> Unreachable:
    """The error for a server that gave no usable answer within ``seconds``."""
    return Unreachable(
        f"Could not {asked}: API server {asked.server} did not respond within {seconds:.0f} s ({reason}).",
        hint="Check that the cluster is up and that this controller reaches it (kubectl version), then re-run.",
    )


def untrusted(server: str, reason: str) -> Refused:
    """The error for a server whose certificate does not hold, or that does not take ours."""
    return Refused(
        f"TLS verification failed for API server {server}: {reason}.",
        reason="tls_failed",
        hint="Set ca_cert to its CA certificate, and check the host name and the client certificate.",
    )


def _forbidden(asked: Asked, message: str) -> Refused:
    if message and " cannot " not in message:  # a quota, a policy, a namespace that is going away
        return Refused(
            f"The cluster refused to {asked}: {message}.",
            reason="cluster_refused",
            hint="Fix what it names, then re-run.",
        )
    where = f"the namespace {asked.namespace}" if asked.namespace else "the whole cluster"
    decided = _VERB.search(message)
    verb = decided[1] if decided else asked.verb  # what is called exec or portforward here is a get for RBAC
    return Refused(
        f"Forbidden: cannot {verb} {asked.resource} in {where}: {message or 'no reason given'}.",
        reason="forbidden",
        hint=f"Grant this login `{verb}` on {asked.resource} in {where}, then re-run.",
    )


def _message(asked: Asked, status: int, said: Mapping[str, Any], body: bytes) -> str:
    text = gist(_QUOTED.sub("", str(said.get("message") or "")) or body, _EXCERPT) or f"status {status}"
    if asked.resource.startswith("secrets"):
        text = text.partition(", error found in")[0]  # the decoder quotes what it could not read
    return text.rstrip(".")
