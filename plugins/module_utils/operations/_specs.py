# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parameters of the steps that each platform does in its own way; those of the others stand beside them."""

from __future__ import annotations

from typing import Any

from ._target import APP_SPEC, PHASE_SPEC, REGISTRY_SPEC

TARGET_REQUIREMENTS: dict[str, Any] = {**APP_SPEC}
TARGET_PREFLIGHT: dict[str, Any] = {
    **APP_SPEC,
    **REGISTRY_SPEC,
    "version": {"type": "str", "default": ""},
    "backup": {"type": "str", "default": ""},
}
RELEASE_IMAGES: dict[str, Any] = {**PHASE_SPEC, **REGISTRY_SPEC, "release": {"type": "str", "required": True}}
RELEASE_APPLY: dict[str, Any] = {
    **PHASE_SPEC,
    "release": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["running", "stopped"], "default": "running"},
    "phase": {"type": "str", "default": ""},
    "predicted": {"type": "list", "elements": "str", "default": []},
    "preview": {"type": "list", "elements": "dict", "default": []},
}
DATABASE_MIGRATE: dict[str, Any] = {**PHASE_SPEC, "release": {"type": "str", "required": True}}
MONITORING_APPLY: dict[str, Any] = {
    **APP_SPEC,
    "plan": {"type": "dict", "required": True},
    "labels": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "timeout": {"type": "float", "default": 60.0},
}
