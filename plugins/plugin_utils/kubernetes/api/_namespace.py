# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One namespace of one cluster: its objects, and what goes on in its pods and behind its Services."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from urllib3.exceptions import HTTPError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import BrokenOff, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd, end_of
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import BODY_LIMIT

from ..login import _review as _kube_review
from ..login._login import Login, open_way, way_to
from ..login._rights import Right
from . import _exec, _logs, _received
from ._answers import TooLong, pieces
from ._client import FIELD_MANAGER, Objects
from ._errors import NotFound, Unreachable
from ._exec import ExecResult
from ._http import ANSWER_TIMEOUT, Answer, Call, Http
from ._paths import KNOWN, path_of
from ._proxy import ask_service
from ._retry import PATIENCE

_FORWARD_TIMEOUT = 5.0
#: a kubelet keeps a longer line as several entries; with its stamp
_ENTRY = 17_000

__all__ = ["FIELD_MANAGER", "Cluster", "ExecResult", "Right"]


class Cluster(Objects):
    """One namespace of one cluster. Nothing is asked of it before the first call; thread safe, and safe to fork.

    ``options`` is ``app_cluster``: namespace, and kubeconfig and context, or host and ca_cert; validate_certs,
    is_development. Without a way in it, K8S_AUTH_*, KUBECONFIG, ~/.kube/config and the pod's service account are taken,
    in this order. ``token`` goes before the one of a kubeconfig. ``patience`` is how long a request is tried again, in
    seconds, before Unreachable is raised.
    """

    def __init__(self, options: Mapping[str, object], *, token: str = "", patience: float = PATIENCE) -> None:
        namespace = str(options.get("namespace") or "")
        if not namespace:
            raise Refused("Expected app_cluster.namespace, found none.", hint="Set it in the inventory.")

        def opened() -> Login:
            at_home = Path("~/.kube/config").expanduser().exists()
            return open_way(way_to(options, token, os.environ, has_home_config=at_home))

        super().__init__(Http(opened, patience), namespace)

    def close(self) -> None:
        """Give the connections back; the next call opens new ones."""
        self._http.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def server(self) -> str:
        """The address of the API server."""
        return self._http.login().server

    def now(self) -> float:
        """The time by the server's clock, in seconds since 1970, as far as its answers have told."""
        return time.time() + self._http.clock.ahead

    def version(self) -> str:
        """The version of the server, as ``v1.31.2``."""
        said = self._http.ask(Call("GET", "/version", "get", "version")).json()
        return str(_received.other(said, "version")["gitVersion"])

    def missing_rights(self, rights: Sequence[Right]) -> list[Right]:
        """Say which of the rights this login does not have in the namespace; one request where it has them all."""
        rules = self._review(_kube_review.rules_review(self.namespace)).get("resourceRules") or []
        asked = _kube_review.untold(rules, rights)
        return [
            one for one in asked if not self._review(_kube_review.access_review(one, self.namespace)).get("allowed")
        ]

    def read(self, path: str, resource: str, what: str, *, accept_missing: bool = False) -> dict[str, Any] | None:
        """Read a path that is not an object of the namespace, of the shape of ``what``; None where it is not there and
        may be missing."""
        try:
            return _received.other(self._http.ask(Call("GET", path, "get", resource)).json(), what)
        except NotFound:
            if accept_missing:
                return None
            raise

    def _review(self, review: Mapping[str, Any]) -> dict[str, Any]:
        plural = f"{str(review['kind']).lower()}s"
        path = f"/apis/{review['apiVersion']}/{plural}"
        said = self._http.ask(Call("POST", path, "review", plural, body=review)).json()
        status: dict[str, Any] = _received.other(said, "review")["status"]
        return status

    def log(
        self, pod: str, container: str, *, since: float = 0.0, previous: bool = False, limit_bytes: int = 1_000_000,
        timestamps: bool = False, tail_lines: int | None = None,
    ) -> Iterator[str]:  # fmt: skip
        """Read what a container has logged up to now, oldest first; never waits for more.

        ``since`` is in seconds since 1970, exact to the fraction. Reading stops after ``limit_bytes``, so the newest is
        what is missing then; ``tail_lines`` bounds it from the other end. A container that has not logged anything, or
        has no ``previous``, gives nothing; a pod that is gone raises NotFound.
        """
        query = _logs.query(container, since, previous, limit_bytes, tail_lines)
        yield from _logs.told(self._log(pod, query, limit_bytes), since, timestamps)

    def log_end(
        self, pod: str, container: str, *, since: float = 0.0, previous: bool = False, limit_bytes: int = 1_000_000
    ) -> LogEnd:
        """Read the end of what a container has logged; ``since`` to the second. Otherwise as :meth:`log`."""

        def read(entries: int) -> Iterator[bytes]:
            most = entries * _ENTRY
            query = _logs.query(container, since, previous, most, entries, timestamps=False)
            return self._log(pod, query, most)

        return end_of(read, limit_bytes)

    def _log(self, pod: str, query: Sequence[tuple[str, str]], limit_bytes: int) -> Iterator[bytes]:
        try:
            response = self._http.open(self._call("GET", "get", "v1", "Pod", pod, "log", query=query, accept="*/*"))
        except Refused as error:
            if _logs.is_silent(error.message):
                return
            raise
        try:
            # the limit that was asked for is one of the server; this one holds whatever it does
            yield from pieces(response, limit_bytes, time.monotonic() + ANSWER_TIMEOUT)
        except (HTTPError, OSError, TooLong) as error:
            raise BrokenOff(f"The log of {pod} was cut off: {error}.") from error
        finally:
            response.close()

    def exec(
        self, pod: str, container: str, argv: Sequence[str], *, timeout: float, stdin: BinaryIO | None = None,
        stdin_bytes: int = 0, stdout: BinaryIO | None = None,
    ) -> ExecResult:  # fmt: skip
        """Run a command in a container, for at most ``timeout`` seconds in all; raises TimedOut.

        ``stdout`` takes what the command writes, as it comes and never whole in memory; ``output`` of the result then
        is its standard error alone. ``stdin`` is sent piece by piece: exactly ``stdin_bytes``, or with 0 all there is.
        The command does not see its end: it has to read as many bytes as are sent and no more (``head -c N``).
        Raises OpsError where the command cannot be run or the container ended under it.
        """
        deadline = time.monotonic() + timeout
        streams = [("stdin", "true")] * (stdin is not None) + [("stdout", "true"), ("stderr", "true")]
        query = [("container", container), *streams, *(("command", one) for one in argv)]
        call = self._call("GET", "exec", "v1", "Pod", pod, "exec")
        named = f"{argv[0]} in {pod}/{container}"
        received = _exec.Received(stdout)
        sent = _exec.pieces(stdin, stdin_bytes) if stdin is not None else iter(())
        patience = min(timeout, self._http.patience)
        try:
            socket = self._http.attempts(
                "exec",
                lambda login: _exec.connect(login, call.path, query, call.asked(login.server), timeout),
                patience,
            )
            _exec.converse(socket, received, sent, deadline=deadline, named=named)
        except _exec.Cut as error:
            raise self._broken_off(named, pod, str(error), self._http.patience) from error
        except Unreachable as error:  # it may have begun
            spent = time.monotonic() - (deadline - timeout)
            raise self._broken_off(named, pod, error.message, max(0.0, patience - spent)) from error
        return received.result(named)

    def _broken_off(self, named: str, pod: str, reason: str, patience: float) -> OpsError:
        """The error for a command whose connection is gone; where the server is gone as well, that is raised."""
        try:
            said = self._http.ask(self._call("GET", "get", "v1", "Pod", pod), patience=patience).json()
            found = _received.thing(said, "Pod")
        except NotFound:
            found = {}
        phase = (found.get("status") or {}).get("phase")
        return (BrokenOff if phase == "Running" else OpsError)(
            f"The connection to {named} broke off before it ended: {reason}; the pod is {phase or 'gone'}.",
            hint="Check the pod's events and its previous log, then re-run.",
        )

    def forward(self, pod: str, port: int) -> Any:
        """Open one connection to a port of a pod: a websocket of the port-forward protocol, which the caller closes."""
        call = self._call("GET", "portforward", "v1", "Pod", pod, "portforward")
        query = [("ports", str(port))]
        return self._http.attempts(
            "get",  # a connection that was opened without success does no harm
            lambda login: _exec.connect(login, call.path, query, call.asked(login.server), _FORWARD_TIMEOUT),
            _FORWARD_TIMEOUT,
        )

    def service_get(
        self, service: str, port: int | str, path: str, *, method: str = "GET",
        headers: Mapping[str, str] | None = None, timeout: float = 5.0, scheme: str = "http", limit: int = BODY_LIMIT,
    ) -> Answer:  # fmt: skip
        """Ask a Service through the API server, for at most ``timeout`` seconds and ``limit`` bytes of its answer.

        A Service without ready endpoints, or one that cannot be reached, is a 503 here; one that is silent raises
        TimedOut. Raises NotFound where there is no such Service, Refused where the right ``services/proxy`` is missing.
        """
        named = f"{'https:' if scheme == 'https' else ''}{service}:{port}"
        where = path_of("v1", KNOWN["v1", "Service"], self.namespace, named, "proxy")
        asked = quote(path.lstrip("/"), safe="/?&=%:@!$,;~*+()'")
        call = Call(
            method, f"{where}/{asked}", method.lower(), "services/proxy", service, self.namespace,
            accept="*/*", headers=headers, read_timeout=timeout, timeout=timeout, limit=limit, may_be_cut=True,
        )  # fmt: skip
        return ask_service(self._http, call, timeout)
