# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where an application's metrics come from: read, and refused with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core._errors import Refused
from ..core._options import described, listed, near, read
from ._readers import READERS

#: what each kind of source is given about where it is
CONFIGS = {name: reader.place for name, reader in READERS.items()}


def parse_sources(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Where the sources are, by kind; null takes out one that is there by itself."""
    problems: list[str] = []
    by_itself: dict[str, Any] = {name: {} for name, reader in READERS.items() if reader.is_there}
    found: dict[str, dict[str, Any]] = {}
    for kind, options in {**by_itself, **raw}.items():
        if kind not in CONFIGS:
            problems.append(f"unknown source {kind!r}, expected {', '.join(CONFIGS)}{near(kind, CONFIGS)}")
        elif isinstance(options, Mapping):
            found[kind] = read(options, CONFIGS[kind], problems, f"{kind}.")
            problems += [f"{kind} {problem}" for problem in READERS[kind].place_problems(found[kind])]
        elif options is not None:
            problems.append(f"{kind} must be a dictionary, found {described(options)}")
    if problems:
        raise Refused(
            f"The sources of metrics cannot be read: {listed(problems)}.",
            hint="Fix app_metric_sources; docs/metrics.md has the kinds and their options.",
        )
    return found
