# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a compose host needs, what of it is missing, and which packages bring it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ...core import _command
from ...core._errors import OpsError, Refused
from ...operations._specs import TARGET_REQUIREMENTS
from ...operations._step import Step
from ..engine import _cli, _interpreter
from ..target._target import ComposeTarget

#: need → the packages that bring it, the best first, with the least version where an older one is of no use
DEBIAN = {
    "engine": [("docker-ce", 0), ("docker.io", 0)],
    "compose": [("docker-compose-plugin", 0), ("docker-compose-v2", 0), ("docker-compose", 2)],
    "sdk": [("python3-docker", 0)],
    "git": [("git", 0)],
}
REDHAT = {
    "engine": [("docker-ce", 0), ("moby-engine", 0)],
    "compose": [("docker-compose-plugin", 0), ("docker-compose", 2)],
    "sdk": [("python3-docker", 0)],
    "git": [("git", 0)],
}
WORDS = {
    "engine": "the Docker Engine with its docker command",
    "compose": "the Compose v2 plugin of the docker command",
    "sdk": "the docker SDK of Python",
    "git": "git",
}
#: where no package is available
ADVICE = {
    "engine": "Add Docker's own package repository",
    "compose": "Add Docker's own package repository, or put the plugin into /usr/local/lib/docker/cli-plugins",
    "sdk": "Install it with pip for the interpreter that ansible_python_interpreter names",
    "git": "Switch the distribution's own repository on",
}


def parse_apt(policy: str) -> dict[str, int]:
    """``apt-cache policy`` as package → major version of the candidate."""
    found: dict[str, int] = {}
    name = ""
    for line in policy.splitlines():
        if line and not line.startswith(" "):
            name = line.rstrip(":")
        match = re.match(r"\s+Candidate:\s+(?:\d+:)?(\d+)", line)
        if match:
            found[name] = int(match.group(1))
    return found


def parse_dnf(listing: str) -> dict[str, int]:
    """``dnf repoquery`` lines of name and version as package → major version."""
    pairs = (line.split() for line in listing.splitlines())
    return {pair[0]: int(re.match(r"\d*", pair[1]).group() or 0) for pair in pairs if len(pair) == 2}  # type: ignore[union-attr]  # \d* matches anything


def choose(
    missing: Sequence[str], known: Mapping[str, Sequence[tuple[str, int]]], available: Mapping[str, int]
) -> tuple[list[str], list[str]]:
    """The packages to install, and the needs that no available package meets."""
    packages: list[str] = []
    unmet: list[str] = []
    for need in missing:
        fitting = [name for name, least in known[need] if available.get(name, -1) >= least]
        if fitting:
            packages.append(fitting[0])
        else:
            unmet.append(need)
    return packages, unmet


def _is_missing(need: str) -> bool:
    if need == "engine":
        return shutil.which("docker") is None
    if need == "git":
        return shutil.which("git") is None
    if need == "sdk":
        return importlib.util.find_spec("docker") is None
    try:
        _cli.version()
    except Refused:
        return True
    return False


def _available(names: Sequence[str]) -> tuple[Mapping[str, Any], dict[str, int]]:
    if shutil.which("apt-cache"):
        return DEBIAN, parse_apt(_command.run(["apt-cache", "policy", *names], doing="Asking apt", timeout=60))
    if shutil.which("dnf"):
        query = ["dnf", "--quiet", "repoquery", "--queryformat", "%{name} %{version}\n", *names]
        return REDHAT, parse_dnf(_command.run(query, doing="Asking dnf", timeout=300))
    raise Refused(
        "The target has neither apt nor dnf, expected a Debian or RHEL family.",
        reason="package_unavailable",
        hint=f"Install by hand: {', '.join(WORDS.values())}.",
    )


def _choose(missing: Sequence[str], may_update: bool) -> tuple[list[str], list[str]]:
    every = sorted({name for known in (DEBIAN, REDHAT) for options in known.values() for name, _ in options})
    packages, unmet = choose(missing, *_available(every))
    if unmet and may_update and shutil.which("apt-get"):
        # a new machine has no lists of packages yet
        _command.run(["apt-get", "update", "-qq"], doing="Updating the lists of packages", timeout=600)
        packages, unmet = choose(missing, *_available(every))
    return packages, unmet


def run(target: ComposeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Say which packages are to be installed."""
    del target, params
    missing = [need for need in WORDS if _is_missing(need)]
    if not missing:
        return {"changed": False, "missing": [], "packages": [], "summary": "Nothing is missing."}
    if "sdk" in missing and not _interpreter.sees_packages():
        raise OpsError(
            f"The Python interpreter {_interpreter.path()} has no library docker, and packages of the distribution do "
            "not bring it there.",
            reason="package_unavailable",
            hint=_interpreter.fix("docker", "python3-docker"),
            missing=missing,
        )
    packages, unmet = _choose(missing, may_update=not check_mode and os.geteuid() == 0)
    if unmet:
        lacking = ", ".join(WORDS[need] for need in unmet)
        raise OpsError(
            f"The target lacks {lacking}, and no package in its repositories provides it.",
            reason="package_unavailable",
            hint=". ".join(ADVICE[need] for need in unmet) + ", then re-run. Are its package lists up to date?",
            missing=missing,
        )
    summary = f"It needs {', '.join(packages)}."
    return {"changed": False, "missing": missing, "packages": packages, "summary": summary}


REQUIREMENTS = Step(spec=TARGET_REQUIREMENTS, run=run)
