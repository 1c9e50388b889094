# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in headers of checks and of sources of metrics, named as ``${NAME}``: values of env files, in no output."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..app import _env_files
from ..core._errors import Refused
from ._checklist import Check

_NAMED = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)


def filled(checks: Sequence[Check], paths: Sequence[str]) -> list[Check]:
    """The checks with what their headers name; the env files are only read where one does."""
    options = {str(place): check.options for place, check in enumerate(checks)}
    found = _filled(options, paths, lambda place: f"the check {checks[int(place)].name!r}")
    return [replace(check, options=found[str(place)]) for place, check in enumerate(checks)]


def filled_sources(sources: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """The sources of metrics, by kind, with what their headers name."""
    return _filled(sources, paths, lambda kind: f"the source of metrics {kind!r}")


def _filled(things: Mapping[str, Any], paths: Sequence[str], called: Callable[[str], str]) -> dict[str, Any]:
    if not any(_NAMED.search(str(value)) for options in things.values() for value in _headers(options).values()):
        return dict(things)
    variables = _env_files.read_all(paths)
    return {
        name: {**options, "headers": _with_values(_headers(options), variables, called(name))}
        if _headers(options)
        else options
        for name, options in things.items()
    }


def _headers(options: Any) -> Mapping[str, object]:
    headers = options.get("headers") if isinstance(options, Mapping) else None
    return headers if isinstance(headers, Mapping) else {}


def _with_values(headers: Mapping[str, object], variables: Mapping[str, str], called: str) -> dict[str, str]:
    def value(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise Refused(
                f"A header of {called} names {found[1]}, which is in no env file.",
                reason="env_value_missing",
                hint="Add it to one of app_env_files, or correct the name.",
            )
        return variables[found[1]]

    return {name: _NAMED.sub(value, str(text)) for name, text in headers.items()}
