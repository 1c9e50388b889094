# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where an application's metrics come from: read, and refused with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core._errors import Refused
from ..core._options import Option, described, listed, near, read

_WEB = {
    "url": Option("str"),
    "service": Option("str"),
    "port": Option("int"),
    "headers": Option("dict", {}),
    "validate_certs": Option("bool", True),
    "ca_file": Option("str"),
}
#: what each kind of source is given about where it is
CONFIGS: dict[str, dict[str, Option]] = {
    "prometheus": _WEB,
    "openmetrics": {**_WEB, "path": Option("str", "/metrics")},
    "containers": {"services": Option("list")},
    "host": {},
    "postgres": {"service": Option("str", "postgres"), "user": Option("str"), "database": Option("str")},
    "redis": {
        "service": Option("str"),
        "host": Option("str"),
        "port": Option("int", 6379),
        "password_env": Option("str"),
    },
    "json": _WEB,
}


def parse_sources(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Where the sources are, by kind; null takes out one that is there by itself."""
    problems: list[str] = []
    found: dict[str, dict[str, Any]] = {}
    for kind, options in {"containers": {}, "host": {}, **raw}.items():
        if kind not in CONFIGS:
            problems.append(f"unknown source {kind!r}, expected {', '.join(CONFIGS)}{near(kind, CONFIGS)}")
        elif isinstance(options, Mapping):
            found[kind] = read(options, CONFIGS[kind], problems, f"{kind}.")
            problems += _lost(kind, found[kind])
        elif options is not None:
            problems.append(f"{kind} must be a dictionary, found {described(options)}")
    if problems:
        raise Refused(
            f"The sources of metrics cannot be read: {listed(problems)}.",
            hint="Fix app_metric_sources; docs/metrics.md has the kinds and their options.",
        )
    return found


def _lost(kind: str, options: Mapping[str, Any]) -> list[str]:
    if kind == "redis" and not (options["service"] or options["host"]):
        return ["redis needs a service or a host"]
    if "url" not in options or options["url"] or (kind == "json" and not options["service"]):
        return []
    return [] if options["service"] and options["port"] else [f"{kind} needs a url, or a service and its port"]
