# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a caller may give with ``-e``, read as it was typed: never templated, refused when it does not fit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.text._visible import hidden

_SHOWN = 220


@dataclass(frozen=True)
class Input:
    """One input: what its text must look like, in a regular expression and in words."""

    pattern: str
    expected: str
    example: str
    default: str = ""


INPUTS: dict[str, Input] = {
    "version": Input(
        r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+/:@-]{0,199}",
        "a tag, branch, commit or digest: letters, digits and . _ + / : @ - only, starting with a letter or digit",
        "v0.2.0",
    ),
    "release": Input(
        r"[A-Za-z0-9][A-Za-z0-9 ._+/:@-]{0,199}",
        "a release's id or version, 'previous' or 'last good'",
        "0003-v0.2.0",
        default="last good",
    ),
    "reason": Input(
        r"(?s:.{0,500})", "one line of at most 500 characters that can all be seen", "errors since the release"
    ),
    "backup": Input(r"[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9._-]{1,80}", "a backup's id", "20261123T204105Z-0002"),
    "adopt": Input(r"yes|no", "yes, to take over what runs already, or no", "yes"),
    "confirm": Input(r"[A-Za-z0-9._-]{0,80}", "the name of the application, to say that you mean it", "shop"),
}


def read(names: Sequence[str], variables: Mapping[str, Any], app_name: str) -> dict[str, str]:
    """The inputs called ``names`` (``name!`` where one must be given) out of the play's raw variables.

    Raises :class:`Refused` for the first that does not fit, and for a backup that is to be restored unconfirmed.
    """
    found = {name.rstrip("!"): _read_one(name.rstrip("!"), name.endswith("!"), variables) for name in names}
    if found.get("backup") and found["confirm"] != app_name:
        raise Refused(
            f"Restoring backup {found['backup']} replaces all data of the application; "
            f"confirm must be {app_name!r} and is {found['confirm']!r}.",
            reason="confirmation_required",
            hint=f"If you mean it, add -e confirm={app_name}.",
        )
    return found


def _read_one(name: str, is_required: bool, variables: Mapping[str, Any]) -> str:
    given = INPUTS[name]
    value = variables.get(name)
    # ansible splits key=value at spaces once more after the shell did
    quoted = f"'{name}=\"{given.example}\"'" if " " in given.example else f"{name}={given.example}"
    usage = f"Give it as -e {quoted}."
    if value is None or value == "":
        if is_required:
            others = [other for other in variables if other not in INPUTS]
            similar = difflib.get_close_matches(name, others, n=1, cutoff=0.7)
            found = f"nothing was given, but there is {similar[0]!r}" if similar else "nothing was given"
            raise Refused(f"{name} is required and {found}.", hint=usage)
        return given.default
    if not isinstance(value, str):
        # Ansible hands out subclasses of its own
        plain = next(one.__name__ for one in type(value).__mro__ if one.__module__ == "builtins")
        raise Refused(f"{name} must be text and is {_shown(value)} ({plain}).", hint=usage)
    if not re.fullmatch(given.pattern, value):
        raise Refused(f"{name} must be {given.expected}; given was {_shown(value)}.", hint=usage)
    unseen = hidden(value)
    if unseen:
        raise Refused(f"{name} must be {given.expected}; {unseen} in {_shown(value)} cannot.", hint=usage)
    # a plain copy: what Ansible knows of the original (that it may be a template) does not come along
    return "".join(list(value))


def _shown(value: Any) -> str:
    """As much of a value as a person reads."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "a number of too many digits"
    return text if len(text) < _SHOWN else f"{text[:_SHOWN]} and more"
