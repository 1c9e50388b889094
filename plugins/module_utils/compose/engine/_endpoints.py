# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which engine is meant: the SDK and the docker command must use one, or one starts what the other does not see.

Both follow DOCKER_HOST. A context (DOCKER_CONTEXT, ``docker context use``) is followed by the command, and in part by
the SDK since 7.2; it is pointed at the same endpoint.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...core import _command, _files
from ...core._errors import OpsError, Refused

LOCAL = "unix:///var/run/docker.sock"
_DEFAULT = "default"
_TIMEOUT = 20
_SILENT = "which does not answer"
_LEAVE = "docker context use default, and unset DOCKER_CONTEXT."
#: bytes of the docker command's own settings, which also have logins
_SETTINGS = 1 << 20


@dataclass(frozen=True)
class Way:
    """How the docker command gets to its engine."""

    context: str
    endpoint: str

    def __str__(self) -> str:
        return self.endpoint if self.context == _DEFAULT else f"{self.endpoint} (docker context {self.context!r})"


def context() -> str:
    """The context that is in use; empty where it is the default, or DOCKER_HOST counts before it."""
    if os.environ.get("DOCKER_HOST"):
        return ""
    name = os.environ.get("DOCKER_CONTEXT") or _chosen()
    return "" if name == _DEFAULT else name


def _chosen() -> str:
    """What ``docker context use`` has written down."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    with suppress(OSError, ValueError):
        found = json.loads(_files.beginning(os.path.join(folder, "config.json"), _SETTINGS))
        if isinstance(found, dict) and isinstance(found.get("currentContext"), str):
            return str(found["currentContext"])
    return ""


def of_command() -> Way:
    """What the docker command would use; no engine is asked."""
    shown = "{{.Name}} {{.Endpoints.docker.Host}}"
    argv = ["docker", "context", "inspect", "--format", shown]
    name, _, found = _command.run(argv, doing="Reading the docker context", timeout=_TIMEOUT).strip().partition(" ")
    return Way(name, found)


def of_sdk() -> Way:
    """What the SDK is to use; refuses a context that is not there."""
    name = context()
    if not name:
        return Way(_DEFAULT, os.environ.get("DOCKER_HOST") or LOCAL)
    try:
        return of_command()
    except OpsError as error:
        raise Refused(
            f"The docker context {name!r} is in use and cannot be read; without it the engine at {LOCAL} would be "
            f"used. {error.message}",
            reason="engine_unreachable",
            hint=_LEAVE,
        ) from error


def one_engine(info: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the engine says about itself, which ``info`` asks the SDK for; refused where the docker command uses another
    one. Both endpoints are named, as are those of a context that does not answer and of the default."""
    try:
        found = info()
    except OpsError as error:
        if context() and LOCAL not in error.message:
            error.message += f" Without this docker context the engine at {LOCAL} would be used."
            error.hint = f"{error.hint} Or leave the context: {_LEAVE}"
        raise
    _require_same(found, info)
    return found


def _require_same(found: Mapping[str, Any], info: Callable[[], dict[str, Any]]) -> None:
    mine = of_sdk()
    try:
        way = of_command()
    except OpsError as error:
        if error.reason == "program_missing":  # which whoever needs it says better
            return
        raise
    # an endpoint may have several names; without a context, the same name is the same endpoint
    problem = "" if way == mine and not context() else _problem(found.get("ID"))
    # podman has another id each time
    if problem and (problem == _SILENT or info().get("ID") == found.get("ID")):
        raise Refused(
            f"The docker command and the SDK must use one engine. The command uses {way}, {problem}; "
            f"the SDK uses {mine}.",
            reason="engines_differ",
            hint=f"Set DOCKER_HOST to one of the two, which both follow, or: {_LEAVE}",
        )


def _problem(engine: Any) -> str:
    """What is wrong with the engine of the docker command; empty where it is the one with this id."""
    argv = ["docker", "info", "--format", "{{.ID}}"]
    try:
        found = _command.run(argv, doing="Asking the engine of the docker command", timeout=_TIMEOUT).strip()
    except OpsError:
        found = ""
    if not found:  # an old command ends with 0 all the same
        return _SILENT
    return "" if found == engine else "which is another engine"
