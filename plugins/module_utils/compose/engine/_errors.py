# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way to the engine, and what to say when it is closed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

try:  # at the top, so that the controller pays for it once, before it forks
    import docker
    import docker.errors
    import requests.exceptions

    _SDK_ERRORS: tuple[type[Exception], ...] = (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        OSError,
    )
except ImportError:
    docker = None  # type: ignore[assignment]  # where it is missing, preflight says so
    _SDK_ERRORS = (OSError,)

from ...core._deadline import within
from ...core._errors import NotThere, OpsError, Refused
from ...core._user import user_name
from . import _endpoints, _interpreter

_REQUEST_TIMEOUT = 30
#: for all of an answer, in seconds and in bytes: the author of an image decides how long its labels are
_ANSWER_TIMEOUT = 120.0
_ANSWER_LIMIT = 64 * 1024 * 1024
_PIECE = 65536


def connect() -> Any:
    """Open the engine that DOCKER_HOST or the docker context names, or the local one."""
    if docker is None:
        raise Refused(
            f"The Python interpreter {_interpreter.path()} has no library docker, which the Docker Engine is reached "
            "with.",
            reason="program_missing",
            hint=_interpreter.fix("docker", "python3-docker"),
        )
    way = _endpoints.of_sdk() if _endpoints.context() else None
    # of one that is not on this host an SDK that knows contexts also finds the certificates
    is_given = way is not None and (way.endpoint.startswith("unix:") or not hasattr(docker, "from_context"))
    client_of = partial(docker.DockerClient, base_url=way.endpoint) if way and is_given else docker.from_env
    with engine_errors("connect"):
        # the SDK's timeout is for each read: not for a name that is looked up, nor for a head that comes in drips
        opened = partial(client_of, version="auto", timeout=_REQUEST_TIMEOUT)
        client = within(2 * _REQUEST_TIMEOUT, opened, "connect to the Docker Engine")
    client.api.hooks["response"].append(bounded)
    return client


def bounded(response: Any, *_: Any, stream: bool = False, **__: Any) -> None:
    """Read an answer of the engine within its limits, before the SDK reads all there is; streams are for their readers.

    This is a hook of ``requests``, whose ``content`` it fills.
    """
    if stream:
        return
    deadline = time.monotonic() + _ANSWER_TIMEOUT
    content = bytearray()
    for piece in response.iter_content(_PIECE):
        content += piece
        if len(content) > _ANSWER_LIMIT or time.monotonic() > deadline:
            response.close()
            raise OpsError(
                f"An answer of the engine has more than {_ANSWER_LIMIT} bytes, or takes longer than "
                f"{_ANSWER_TIMEOUT:g} s.",
                reason="invalid_response",
                hint="Check the labels and the environment of the containers and images (docker inspect).",
            )
    response._content = bytes(content)


@contextmanager
def engine_errors(wanted: str) -> Iterator[None]:
    """Turn whatever the SDK raises into one of ours; ``wanted`` says what was being done."""
    try:
        yield
    except _SDK_ERRORS as error:
        raise explained(error, wanted) from error


def explained(error: BaseException, wanted: str) -> OpsError:
    """Say what the engine, or the way to it, refused."""
    cause = _cause(error)
    if isinstance(error, docker.errors.NotFound):
        return NotThere(f"Could not {wanted}: {error.explanation or error}.")
    if isinstance(error, docker.errors.APIError):
        text = f"Could not {wanted}: the engine answered: {error.explanation or error}."
        if error.response is not None and error.response.status_code in (401, 403):
            return Refused(text, reason="forbidden")
        return OpsError(text, reason="engine_failed")
    where = _endpoints.of_sdk()
    if isinstance(cause, PermissionError):
        return Refused(
            f"The user {user_name()} may not use the Docker Engine at {where}: permission denied.",
            reason="forbidden",
            hint=f"Run on the target: sudo usermod -aG docker {user_name()}, then log in again; or run with become.",
        )
    if isinstance(cause, FileNotFoundError):
        return Refused(
            f"There is no Docker Engine at {where}: the socket does not exist.",
            reason="engine_unreachable",
            hint="Install and start it (playbooks/prepare.yml does both), or set DOCKER_HOST to where it listens.",
        )
    if isinstance(cause, ConnectionRefusedError):
        return Refused(
            f"Cannot connect to the Docker Engine at {where}. Is it running?",
            reason="engine_unreachable",
            hint="Start it (systemctl start docker), then re-run.",
        )
    return OpsError(
        f"Could not {wanted}: {error}.",
        reason="engine_unreachable",
        hint=f"Check that the Docker Engine at {where} answers.",
    )


#: what makes a log readable, for whoever has one that is not
READABLE_LOGS = (
    "Use a logging driver whose logs docker logs can show (json-file, local, journald), or name other services in "
    "the checks of kind logs."
)


def unreadable_log(seen: Mapping[str, Any]) -> Refused:
    """What to say of a container, as the engine inspects it, whose logging driver keeps nothing to be read."""
    name = str(seen.get("Name", "")).lstrip("/")
    driver = ((seen.get("HostConfig") or {}).get("LogConfig") or {}).get("Type") or "unknown"
    return Refused(
        f"The log of {name} cannot be read: its logging driver is {driver}.", reason="engine_failed", hint=READABLE_LOGS
    )


def _cause(error: BaseException) -> BaseException | None:
    """Find the operating system's own error, which the libraries wrap several times."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (PermissionError, FileNotFoundError, ConnectionRefusedError)):
            return one
        waiting += [one.__cause__, one.__context__, *one.args]
    return None
