# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to an API server: raw JSON over the SDK's connections, limited in time, and again where that is safe."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError, SSLError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import within
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, TimedOut
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign

from ..login._login import Login
from ._answers import ANSWER_LIMIT, Unending, pieces
from ._clock import ServerClock
from ._errors import Asked, Conflict, Unreachable, Untyped, explained, no_answer, untrusted
from ._retry import GIVEN_UP_PATIENCE, PATIENCE, Failure, retry_after, wait_before

#: seconds for a connection, and for each piece of an answer
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 30.0
#: seconds for all of an answer
ANSWER_TIMEOUT = 120.0
T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A request. ``verb`` is the API's word for it, which also says whether it may be sent twice."""

    method: str
    path: str
    verb: str
    resource: str
    name: str = ""
    namespace: str = ""
    query: Sequence[tuple[str, str]] = ()
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    headers: Mapping[str, str] | None = None
    read_timeout: float = READ_TIMEOUT
    #: of a longer answer no more is read; it is an error unless ``may_be_cut``
    limit: int = ANSWER_LIMIT
    may_be_cut: bool = False
    timeout: float = ANSWER_TIMEOUT

    def asked(self, server: str) -> Asked:
        """The request as errors name it."""
        return Asked(server, self.verb, self.resource, self.name, self.namespace)


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end or as far as it may be long."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False

    def json(self) -> dict[str, Any]:
        """The object in it."""
        try:
            return _foreign.read_object(self.body, limit=ANSWER_LIMIT)
        except _foreign.Unreadable as error:
            raise OpsError(
                f"Expected a JSON object from the API server, found {self.body[:40]!r}: {error}.",
                reason="invalid_response",
                hint="Check that app_cluster names an API server, and what is between it and this controller.",
            ) from error


class AttemptFailed(Exception):
    """One attempt failed: how, and the error to raise where there is no other."""

    def __init__(self, failure: Failure, error: Callable[[float], OpsError]) -> None:
        super().__init__(failure)
        self.failure = failure
        self.error = error


class Http:
    """The connections to one server. Opened by the first request, and again in a forked process; thread safe."""

    def __init__(self, opened: Callable[[], Login], patience: float = PATIENCE) -> None:
        self._open = opened
        self.patience = patience
        self._login: Login | None = None
        self._looked_up: Login | None = None
        self._process = 0
        self._lock = threading.Lock()
        self._was_given_up = False
        self.clock = ServerClock()

    def login(self) -> Login:
        """The login, read when it is first needed."""
        with self._lock:
            if self._login is None or self._process != os.getpid():
                self._login, self._process = self._open(), os.getpid()
            return self._login

    def close(self) -> None:
        """Give the connections back; the next request opens new ones."""
        with self._lock:
            if self._login is not None and self._process == os.getpid():
                self._login.close()
            self._login = None

    def ask(
        self, call: Call, *, patience: float | None = None, accepts: Callable[[Answer], bool] = lambda _: False
    ) -> Answer:
        """Send a request and read the answer to its end.

        Raises the error that a status of 400 and above stands for, unless ``accepts`` takes that answer as it is.
        """
        return self.attempts(call.verb, lambda login: self._whole(login, call, accepts), patience)

    def open(self, call: Call) -> Any:
        """Send a request and give the answer (urllib3) to be read as it comes; the caller closes it."""
        return self.attempts(call.verb, lambda login: self._begun(login, call))

    def attempts(self, verb: str, attempt: Callable[[Login], T], patience: float | None = None) -> T:
        """Make attempts until one succeeds or :func:`wait_before` sees no use in another.

        Once a request was given up, those after it do not wait as long again, until one is answered.
        """
        started = time.monotonic()
        is_patient = patience is None
        allowed = self.patience if patience is None else patience
        logged_in_anew = False
        for number in itertools.count():
            login = self.login()
            try:
                found = attempt(login)
            except AttemptFailed as failed:
                spent = time.monotonic() - started
                wait = wait_before(
                    number, failed.failure, verb, spent=spent, logged_in_anew=logged_in_anew,
                    patience=min(allowed, GIVEN_UP_PATIENCE) if self._was_given_up else allowed,
                )  # fmt: skip
                if wait is None:
                    error = failed.error(spent)
                    self._was_given_up |= is_patient and isinstance(error, Unreachable)
                    raise error from failed.__cause__
                if failed.failure.status == 401:
                    self._forget(login)
                    logged_in_anew = True
            else:
                self._was_given_up = False
                return found
            time.sleep(wait)
        raise AssertionError

    def _forget(self, login: Login) -> None:
        with self._lock:
            if self._login is login:
                self._login = None

    def _whole(self, login: Login, call: Call, accepts: Callable[[Answer], bool]) -> Answer:
        deadline = time.monotonic() + call.timeout
        answer = _read(self._sent(login, call), call, call.asked(login.server), deadline)
        if answer.status >= 400 and not accepts(answer):
            raise refused(call.asked(login.server), answer)
        return answer

    def _begun(self, login: Login, call: Call) -> Any:
        deadline = time.monotonic() + call.timeout
        response = self._sent(login, call)
        if response.status >= 400:
            asked = call.asked(login.server)
            raise refused(asked, _read(response, call, asked, deadline))
        return response

    def _sent(self, login: Login, call: Call) -> Any:
        body = call.body if call.body is None else json.dumps(call.body)
        sent = time.time()
        try:
            self._look_up(login)
            # each read has a timeout of its own; the clock is for a head that comes in drips
            response = within(call.timeout + CONNECT_TIMEOUT, lambda: _begin(login, call, body), "ask the API server")
        except TimedOut as error:
            raise broken(call.asked(login.server), error) from Unending(error.message)
        except (HTTPError, OSError) as error:
            raise broken(call.asked(login.server), error) from error
        self.clock.heard(response.headers.get("Date"), sent, time.time())
        return response

    def _look_up(self, login: Login) -> None:
        """Look the server's name up, once: the timeout of a connection is not for a resolver that is silent."""
        if self._looked_up is login or login.proxied is not None:
            return
        with contextlib.suppress(OSError):  # who connects says it better
            host = urlsplit(login.server).hostname
            within(CONNECT_TIMEOUT, lambda: socket.getaddrinfo(host, None), "look the name of the API server up")
        self._looked_up = login


def _begin(login: Login, call: Call, body: str | None) -> Any:
    return login.pool.request(
        call.method,
        f"{login.server}{call.path}{'?' if call.query else ''}{urlencode(call.query)}",
        body=body,
        headers=_headers(login, call),
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=call.read_timeout),
        preload_content=False,
        decode_content=False,  # it was not asked for, and may unpack to a thousand times its size
        retries=False,
        redirect=False,
    )


def _read(response: Any, call: Call, asked: Asked, deadline: float) -> Answer:
    body = bytearray()
    try:
        for piece in pieces(response, call.limit + 1, deadline):
            body += piece
    except (HTTPError, OSError) as error:
        response.close()
        raise broken(asked, error) from error
    cut = len(body) > call.limit
    if cut:
        response.close()
    else:
        response.release_conn()
    if cut and not call.may_be_cut:
        words = f"Could not {asked}: the answer has more than {call.limit} bytes."
        raise AttemptFailed(Failure(is_final=True), lambda _: OpsError(words, reason="invalid_response"))
    return Answer(response.status, dict(response.headers), bytes(body[: call.limit]), cut)


def _headers(login: Login, call: Call) -> dict[str, str]:
    headers = {"Accept": call.accept, "User-Agent": "doppelganger-ops", **(call.headers or {}), **login.headers()}
    return headers if call.body is None else {"Content-Type": call.content_type, **headers}


def refused(asked: Asked, answer: Answer) -> AttemptFailed:
    """The failure of an attempt that was answered with a status of 400 and above."""
    wait = retry_after({name.lower(): text for name, text in answer.headers.items()}.get("retry-after"))
    error = explained(asked, answer.status, answer.body)
    if answer.status in (429, 502, 503, 504):  # the server, or what is before it, is not fit to answer
        return AttemptFailed(
            Failure(answer.status, retry_after=wait),
            lambda spent: no_answer(asked, f"status {answer.status}, {error.message}", spent),
        )
    # a conflict over who owns a field stays one, however often it is tried
    was_outrun = isinstance(error, Conflict) and asked.verb in ("apply", "patch") and not error.causes
    is_final = isinstance(error, Untyped)
    return AttemptFailed(Failure(answer.status, True, is_final, was_outrun, wait), lambda _: error)


def broken(asked: Asked, error: Exception) -> AttemptFailed:
    """The failure of an attempt that got no answer, or only a part of one."""
    cause = error.args[0] if isinstance(error, SSLError) and error.args else error
    if isinstance(cause, ssl.SSLError) and not _is_cut(cause):
        return AttemptFailed(Failure(is_final=True), lambda _: untrusted(asked.server, str(cause)))
    was_sent = not isinstance(error, (ConnectTimeoutError, NewConnectionError, ConnectionRefusedError))
    return AttemptFailed(Failure(was_sent=was_sent), lambda spent: no_answer(asked, _reason(error), spent))


def _is_cut(error: ssl.SSLError) -> bool:
    """Whether a connection broke off or was garbled, and nothing is wrong with anybody's certificate."""
    garbled = ("UNEXPECTED_MESSAGE", "BAD_RECORD_MAC")
    is_garbled = any(word in (getattr(error, "reason", None) or "") for word in garbled)
    return is_garbled or isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def _reason(error: BaseException) -> str:
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "connection refused"
    if any(isinstance(cause, (TimeoutError, ReadTimeoutError, ConnectTimeoutError)) for cause in causes) and not any(
        isinstance(cause, NewConnectionError) for cause in causes
    ):
        return "silence"
    return f"{type(causes[-1]).__name__}: {causes[-1]}"
