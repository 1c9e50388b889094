# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The digest that a registry has for a reference, by its HTTP API, logged in as docker does; nothing is pulled."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from ipaddress import ip_address
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import within
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused, TimedOut
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign

from ..api._errors import Unreachable
from ._references import HUB, Reference, parse

_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DIGEST = "Docker-Content-Digest"
#: a manifest is a few kilobytes; registries refuse more than four megabytes
_LARGEST = 4 * 1024 * 1024
_ATTEMPTS = 3
_LONGEST_PAUSE = 5.0
_PIECE = 65536
#: what there is of a challenge is short
_CHALLENGE = re.compile(r'\b(\w{1,40})="([^"]{0,2000})"')
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Login:
    """A user of a registry, or nobody."""

    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The header of Basic authentication; empty for nobody."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}" if self.user else ""


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Message[str, str]
    body: bytes


def digest_of(reference: str, login: Login | None = None, *, timeout: float = 10.0) -> str:
    """Ask the registry for the digest that a reference stands for.

    Raises Refused where there is no such image or the login is not taken, Unreachable where the registry does not
    answer. A registry on this machine (127.0.0.0/8, ::1, localhost) is asked over plain http, any other over https.
    """
    wanted = parse(reference)
    asked = _Registry(wanted, login or Login(), timeout)
    answer = asked.manifest("HEAD")
    if (answer.status == 200 and not answer.headers.get(_DIGEST)) or answer.status == 405:
        answer = asked.manifest("GET")
    if answer.status != 200:
        raise _refusal(reference, wanted, answer.status, bool(login and login.user))
    told = answer.headers.get(_DIGEST) or f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    if not re.fullmatch(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", told):
        raise OpsError(
            f"Expected a digest of {reference} from its registry, found something else.", reason="registry_failed"
        )
    if wanted.digest and wanted.digest != told:
        raise OpsError(
            f"Expected the registry to give {reference} under its digest, found {told}.", reason="registry_failed"
        )
    return told


def has(reference: str, login: Login | None = None) -> bool:
    """Whether the registry has it; one that cannot be asked has not said that it is gone."""
    try:
        digest_of(reference, login)
    except Refused:
        return False
    except OpsError:
        return True
    return True


def pinned(repository: str, digest: str) -> str:
    """The reference of what a registry has under that digest."""
    return f"{parse(repository).repository}@{digest}"


def is_local(registry: str) -> bool:
    """Whether a registry is on this machine, so that nobody can listen."""
    host = urllib.parse.urlsplit(f"//{registry}").hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Registry:
    """One registry, asked for one image."""

    def __init__(self, wanted: Reference, login: Login, timeout: float) -> None:
        host = "registry-1.docker.io" if wanted.registry == HUB else wanted.registry
        self._local = is_local(wanted.registry)
        self._host = host
        self._url = f"{'http' if self._local else 'https'}://{host}/v2/{wanted.path}/manifests/{wanted.version}"
        self._path = wanted.path
        self._login = login
        self._timeout = timeout
        self._authorization = ""

    def manifest(self, method: str) -> _Answer:
        """Ask for the manifest, logging in where that is asked for."""
        answer = self._ask(method, self._url, self._authorization)
        if answer.status == 401 and not self._authorization:
            self._authorization = self._logged_in(answer.headers.get("WWW-Authenticate", ""))
            if self._authorization:
                answer = self._ask(method, self._url, self._authorization)
        return answer

    def _logged_in(self, challenge: str) -> str:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "bearer":
            return self._token(dict(_CHALLENGE.findall(rest)))
        return self._login.basic if scheme.lower() == "basic" else ""

    def _token(self, asked: Mapping[str, str]) -> str:
        realm = urllib.parse.urlsplit(asked.get("realm", ""))
        if realm.scheme != "https" and not (self._local and realm.scheme == "http" and is_local(realm.netloc)):
            raise Refused(
                f"Expected the registry {self._host} to take a login over https, found {realm.scheme or 'no address'}.",
                reason="tls_failed",
                hint="Use a registry whose token endpoint has a certificate.",
            )
        query = {"scope": asked.get("scope") or f"repository:{self._path}:pull"}
        query |= {"service": asked["service"]} if "service" in asked else {}
        joined = "&".join(filter(None, (realm.query, urllib.parse.urlencode(query))))
        answer = self._ask("GET", realm._replace(query=joined, fragment="").geturl(), self._login.basic)
        if answer.status != 200:
            return ""
        try:
            found = _foreign.read_object(answer.body)
            token = str(found.get("token") or found["access_token"])
            if not (token.isascii() and token.isprintable()):
                raise ValueError
            return f"Bearer {token}"
        except (ValueError, KeyError):
            raise OpsError(
                f"Expected a token from {realm.netloc}, found something else.", reason="registry_failed"
            ) from None

    def _ask(self, method: str, url: str, authorization: str) -> _Answer:
        request = urllib.request.Request(url, method=method, headers={"Accept": _ACCEPT})  # noqa: S310 (http or https)
        if authorization:  # unredirected: nobody else gets it
            request.add_unredirected_header("Authorization", authorization)
        answer = _Answer(0, Message(), b"")
        for attempt in range(1, _ATTEMPTS + 1):
            is_last = attempt == _ATTEMPTS
            try:
                answer = self._once(request)
            except (OSError, http.client.HTTPException, ValueError, TimedOut) as error:
                if is_last or isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                    raise self._unreachable(error) from None
                time.sleep(0.2 * attempt)
                continue
            if answer.status not in (429, 500, 502, 503, 504) or is_last:
                break
            time.sleep(_pause(answer.headers.get("Retry-After", ""), attempt))
        return answer

    def _once(self, request: urllib.request.Request) -> _Answer:
        deadline = time.monotonic() + self._timeout
        return within(self._timeout, lambda: self._opened(request, deadline), f"ask the registry {self._host}")

    def _opened(self, request: urllib.request.Request, deadline: float) -> _Answer:
        handlers: list[Any] = [urllib.request.ProxyHandler({})] if self._local else []
        opener = urllib.request.build_opener(_Redirects(self._local), *handlers)
        try:
            with opener.open(request, timeout=self._timeout) as response:
                return _Answer(response.status, response.headers, _body(response.read1, deadline))
        except urllib.error.HTTPError as error:
            with error:
                return _Answer(error.code, error.headers, b"")

    def _unreachable(self, error: Exception) -> OpsError:
        reason = getattr(error, "reason", None) or (error.message if isinstance(error, TimedOut) else error)
        return Unreachable(
            f"Registry {self._host} did not respond: {type(reason).__name__}: {reason}.",
            reason="registry_unreachable",
            hint="Check its address in app_images, its certificate, and that this controller reaches it.",
        )


def _pause(asked: str, attempt: int) -> float:
    return min(float(asked), _LONGEST_PAUSE) if _SECONDS.fullmatch(asked) else 0.3 * attempt


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects that stay on the web: over https, or within this machine."""

    max_redirections = 5

    def __init__(self, is_local: bool) -> None:
        self._is_local = is_local

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Follow, or give the redirect as the answer."""
        to = urllib.parse.urlsplit(newurl)
        if to.scheme != "https" and not (self._is_local and to.scheme == "http" and is_local(to.netloc)):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _body(read: Callable[[int], bytes], deadline: float) -> bytes:
    found = bytearray()
    while piece := read(_PIECE):
        found += piece
        if len(found) > _LARGEST:
            raise ValueError(f"an answer of more than {_LARGEST} bytes")
        if time.monotonic() > deadline:  # who asked has gone
            raise TimeoutError
    return bytes(found)


def _refusal(reference: str, wanted: Reference, status: int, has_login: bool) -> OpsError:
    if status == 404:
        return Refused(
            f"Image {reference} was not found in the registry {wanted.registry}.",
            reason="image_not_found",
            hint="Push it, or deploy a version that was pushed; the repository is in app_images.",
        )
    if status in (401, 403):
        found = "that this login is not taken" if has_login else "that it asks for a login"
        return Refused(
            f"Expected to read {reference} from the registry {wanted.registry}, found {found} ({status}).",
            reason="registry_denied",
            hint="Give a user of the registry who may pull it; some registries also answer so for a missing image.",
        )
    return OpsError(
        f"Expected the registry {wanted.registry} to know {reference}, found status {status}.",
        reason="registry_failed",
        hint="Try again later, or check the registry.",
    )
