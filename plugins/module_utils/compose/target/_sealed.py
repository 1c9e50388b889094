# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets that kept releases run with, sealed in their rendered configuration.

An env file only has the values of today, while an older release that runs again logs those of its own day.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from ...app import _secret_sources
from ...core._errors import Refused
from ...state._folder import Store

#: compose ignores what starts with x-
KEY = "x-secrets"
#: the variables that secrets and configs are made of when their containers are
ENVIRONMENT = "x-environment"


def seal(values: Iterable[str]) -> dict[str, Any]:
    """What joins a rendered configuration, where a single dollar would be a variable."""
    return {KEY: sorted({value.replace("$", "$$") for value in values if value})}


def seal_environment(config: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """The same of the variables that ``secrets`` and ``configs`` of a configuration take their content from, as they
    are now. Refuses one that has no value: compose would make a container first, and start it without the next time."""
    wanted: dict[str, str] = {}
    for kind in ("secrets", "configs"):
        for name, one in (config.get(kind) or {}).items():
            if isinstance(one, Mapping) and one.get("environment"):
                wanted[str(one["environment"])] = f"{name} in {kind}"
    missing = [variable for variable in wanted if variable not in known]
    if missing:
        raise Refused(
            f"The variable {missing[0]} has no value, and {wanted[missing[0]]} is made of it.",
            reason="env_value_missing",
            hint="Add it to a file of app_env_files, or to app_environment where it is no secret.",
        )
    return {ENVIRONMENT: {variable: known[variable].replace("$", "$$") for variable in wanted}} if wanted else {}


def environment_of(config: Mapping[str, Any]) -> dict[str, str]:
    """What was sealed there."""
    sealed = config.get(ENVIRONMENT)
    return {name: str(one).replace("$$", "$") for name, one in sealed.items()} if isinstance(sealed, Mapping) else {}


def unseal(store: Store, public: Container[str] = ()) -> list[str]:
    """The secrets of every release that is kept, but for the values of ``public`` keys; a file that cannot be read has
    nothing to say."""
    kept, _ = store.readable("releases", "compose.json")
    found: list[str] = []
    for config in kept.values():
        found += (value.replace("$$", "$") for value in config.get(KEY, []))
        found += _secret_sources.of_config(config, public)
    return found
