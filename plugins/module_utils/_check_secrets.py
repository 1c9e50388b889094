# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in the headers of checks, named as ``${NAME}``: values of the env files, in no inventory and in no output."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ansible_collections.doppelganger.ops.plugins.module_utils import _envfile
from ansible_collections.doppelganger.ops.plugins.module_utils._checks import Check
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import Refused

_NAMED = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)


def filled(checks: Sequence[Check], paths: Sequence[str]) -> list[Check]:
    """The checks with what their headers name; the env files are only read where one does."""
    if not any(_NAMED.search(str(value)) for check in checks for value in _headers(check).values()):
        return list(checks)
    variables = _envfile.read_all(paths)
    return [_filled(check, variables) for check in checks]


def _headers(check: Check) -> Mapping[str, object]:
    headers: Mapping[str, object] = check.options.get("headers") or {}
    return headers


def _filled(check: Check, variables: Mapping[str, str]) -> Check:
    def value(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise Refused(
                f"A header of the check {check.name!r} names {found[1]}, which no env file has.",
                hint="Add it to one of app_env_files, or mend the name.",
            )
        return variables[found[1]]

    headers = {name: _NAMED.sub(value, str(text)) for name, text in _headers(check).items()}
    return replace(check, options={**check.options, "headers": headers}) if headers else check
