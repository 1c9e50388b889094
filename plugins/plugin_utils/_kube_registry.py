# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The digest that a registry has for a reference, by its HTTP API, logged in as docker does; nothing is pulled."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from ipaddress import ip_address
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_errors import Unreachable
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_images import HUB, Reference, parse

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
_CHALLENGE = re.compile(r'\b(\w+)="([^"]*)"')


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
        raise OpsError(f"Expected a digest of {reference} from its registry, found something else.")
    if wanted.digest and wanted.digest != told:
        raise OpsError(f"Expected the registry to give {reference} under its digest, found {told}.")
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
                hint="Use a registry whose token endpoint has a certificate.",
            )
        query = {"scope": asked.get("scope") or f"repository:{self._path}:pull"}
        query |= {"service": asked["service"]} if "service" in asked else {}
        joined = "&".join(filter(None, (realm.query, urllib.parse.urlencode(query))))
        answer = self._ask("GET", realm._replace(query=joined, fragment="").geturl(), self._login.basic)
        if answer.status != 200:
            return ""
        try:
            found = json.loads(answer.body)
            return f"Bearer {found.get('token') or found['access_token']}"
        except (ValueError, KeyError, AttributeError):
            raise OpsError(f"Expected a token from {realm.netloc}, found something else.") from None

    def _ask(self, method: str, url: str, authorization: str) -> _Answer:
        request = urllib.request.Request(url, method=method, headers={"Accept": _ACCEPT})  # noqa: S310 (http or https)
        if authorization:  # unredirected: nobody else gets it
            request.add_unredirected_header("Authorization", authorization)
        answer = _Answer(0, Message(), b"")
        for attempt in range(1, _ATTEMPTS + 1):
            is_last = attempt == _ATTEMPTS
            try:
                answer = self._once(request)
            except (OSError, http.client.HTTPException) as error:
                if is_last or isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                    raise self._unreachable(error) from None
                time.sleep(0.2 * attempt)
                continue
            if answer.status not in (429, 500, 502, 503, 504) or is_last:
                break
            time.sleep(_pause(answer.headers.get("Retry-After", ""), attempt))
        return answer

    def _once(self, request: urllib.request.Request) -> _Answer:
        handlers: list[Any] = [urllib.request.ProxyHandler({})] if self._local else []
        opener = urllib.request.build_opener(*handlers)
        try:
            with opener.open(request, timeout=self._timeout) as response:
                return _Answer(response.status, response.headers, response.read(_LARGEST))
        except urllib.error.HTTPError as error:
            with error:
                return _Answer(error.code, error.headers, b"")

    def _unreachable(self, error: Exception) -> OpsError:
        reason = getattr(error, "reason", None) or error
        return Unreachable(
            f"Expected an answer of the registry {self._host}, found {type(reason).__name__}: {reason}.",
            hint="Check its address in app_images, its certificate, and that this controller reaches it.",
        )


def _pause(asked: str, attempt: int) -> float:
    return min(float(asked), _LONGEST_PAUSE) if asked.isdigit() else 0.3 * attempt


def _refusal(reference: str, wanted: Reference, status: int, has_login: bool) -> OpsError:
    if status == 404:
        return Refused(
            f"Expected the image {reference} in the registry {wanted.registry}, found none.",
            hint="Push it, or give a version that was pushed; the name of the repository is in app_images.",
        )
    if status in (401, 403):
        found = "that this login is not taken" if has_login else "that it asks for a login"
        return Refused(
            f"Expected to read {reference} from the registry {wanted.registry}, found {found} ({status}).",
            hint="Give a user of the registry who may pull it; some registries also answer so for a missing image.",
        )
    return OpsError(
        f"Expected the registry {wanted.registry} to know {reference}, found status {status}.",
        hint="Run it again later, or look at the registry.",
    )
