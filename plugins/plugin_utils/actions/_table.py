# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the steps of the operations are: a row for each platform, a row for each step."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

_PLUGINS = "ansible_collections.doppelganger.ops.plugins"


@dataclass(frozen=True)
class Platform:
    """What a target may be."""

    #: its :class:`Target`
    target: str
    #: the folder of the steps that it does in its own way
    steps: str
    #: whether it is reached from the controller, by an API, whatever the connection of the host is
    has_api: bool


PLATFORMS = {
    "compose": Platform("module_utils.compose.target._target:ComposeTarget", "module_utils.compose.steps", False),
    "kubernetes": Platform("plugin_utils.kubernetes.target._target:KubeTarget", "plugin_utils.kubernetes.steps", True),
}

#: the steps that each platform does in its own way, by the name of the module: in which file of its folder, and as what
OWN = {
    "database_migrate": "_migrate:MIGRATE",
    "monitoring_apply": "_monitoring:MONITORING",
    "release_apply": "_apply:APPLY",
    "release_images": "_images:IMAGES",
    "target_preflight": "_preflight:PREFLIGHT",
    "target_requirements": "_requirements:REQUIREMENTS",
}
#: those that are the same on each
SHARED = {
    "database_backup": "module_utils.operations._backup:BACKUP",
    "database_check": "module_utils.operations._backup:CHECK",
    "database_restore": "module_utils.operations._backup:RESTORE",
    "evidence_collect": "module_utils.operations._evidence:EVIDENCE",
    "metrics_measure": "module_utils.gates._measure:MEASURE",
    "operation_finish": "module_utils.operations._lifecycle:FINISH",
    "operation_start": "module_utils.operations._lifecycle:START",
    "release_resolve": "module_utils.operations._lifecycle:RESOLVE",
    "release_verify": "module_utils.gates._verify:VERIFY",
    "target_info": "module_utils.operations._info:INFO",
    "target_lock": "module_utils.operations._info:LOCK",
}
STEPS = sorted([*OWN, *SHARED])
#: what anybody's playbook may use, without an application model: they look at a compose project
TOOLS = {
    "health_check": "module_utils.compose.tools._health_check:ENTRY",
    "metric_check": "module_utils.compose.tools._metric_check:ENTRY",
}


def platform_of(params: Mapping[str, Any]) -> str:
    """The platform of the application model among the parameters of a step."""
    app = params.get("app")
    name = app.get("platform") if isinstance(app, Mapping) else None
    if name not in PLATFORMS:
        raise Refused(
            f"app must be the application model of a platform, and its platform is {name!r}.",
            hint=f"Give what doppelganger.ops.app_model returned; app_platform is one of {', '.join(PLATFORMS)}.",
        )
    return str(name)


def entry_of(step: str, platform: str) -> Entry:
    """A step on a platform. Only that one is loaded: Ansible compiles every file of a collection in every process."""
    row = PLATFORMS[platform]
    place = f"{row.steps}.{OWN[step]}" if step in OWN else SHARED[step]
    found: Step = pkgutil.resolve_name(f"{_PLUGINS}.{place}")
    return found.on(pkgutil.resolve_name(f"{_PLUGINS}.{row.target}"))


def tool_of(name: str) -> Entry:
    """A tool."""
    found: Entry = pkgutil.resolve_name(f"{_PLUGINS}.{TOOLS[name]}")
    return found
