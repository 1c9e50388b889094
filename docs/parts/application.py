"""The model of an application, and what callers give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from parts.markdown import plain, role_spec, table, value

from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _inputs

#: the variables of the application model, in the order in which they are shown
GROUPS = {
    "What it is and where it lives": ("name", "platform", "directory", "state_dir"),
    "Where a version comes from": ("source", "repository", "images", "registry_username", "registry_password"),
    "How a cluster runs it": ("cluster", "cluster_token", "manifests", "build"),
    "How compose runs it": ("compose_files", "compose_profiles", "environment", "env_files", "env_required_keys",
                            "env_public_keys", "release_services"),
    "Migrations": ("migration_service", "migration_command", "migration_head_query", "migration_timeout"),
    "The database": ("database_service", "database_name", "database_user", "backup_timeout"),
    "Metrics": ("metrics", "metric_words", "metric_sources", "metric_token", "metric_gates"),
    "Gates and times": ("checks", "soak_seconds", "start_timeout", "evidence_timeout", "fetch_timeout",
                        "disk_free_mb"),
    "Who may change it, and how many hosts at a time": ("stage", "lease_ttl", "lease_wait", "adopt", "batches"),
    "What is kept": ("keep_good", "keep_bad", "keep_backups"),
}  # fmt: skip
#: variables of the role that playbooks set and inventories do not
NOT_FOR_INVENTORIES = {"app_inputs", "app_with_catalogue"}


def application() -> str:
    """The application model, a table for each group."""
    options = role_spec("app")["main"]["options"]
    grouped = {f"app_{name}" for names in GROUPS.values() for name in names}
    lost = sorted(set(options) - grouped - NOT_FOR_INVENTORIES) + sorted(grouped - set(options))
    if lost:
        raise SystemExit(f"docs/generate.py: GROUPS and the role app do not agree about {', '.join(lost)}.")
    parts = []
    for title, names in GROUPS.items():
        rows = [_variable(f"app_{name}", options[f"app_{name}"]) for name in names]
        parts.append(f"### {title}\n\n" + table(("variable", "type", "default", "what it means"), rows))
    return "\n".join(parts)


def _variable(name: str, option: Mapping[str, Any]) -> list[str]:
    kind = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    default = "required" if option.get("required") else value(option.get("default"))
    if name == "app_checks":
        default = "containers and logs, below"
    text = plain(option["description"])
    if "choices" in option:
        text += f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}."
    return [f"`{name}`", kind, default, text]


def observe_variables() -> str:
    """The variables of the role that sets monitoring up."""
    options = role_spec("observe")["main"]["options"]
    defaults = {name: "" if one["default"] in ("", [], {}) else value(one["default"]) for name, one in options.items()}
    rows = [[f"`{name}`", defaults[name], plain(one["description"])] for name, one in options.items()]
    return table(("variable", "default", "what it is"), rows)


def default_checks() -> str:
    """The checklist of an application that names none."""
    checks = role_spec("app")["main"]["options"]["app_checks"]["default"]
    lines = [f"  - {yaml.safe_dump(check, default_flow_style=True, sort_keys=False).strip()}\n" for check in checks]
    return f"```yaml\napp_checks:\n{''.join(lines)}```\n"


def inputs(*names: str) -> str:
    """What a caller gives with ``-e``; ``name!`` where one must be given."""
    rows = []
    for name in names:
        given = _inputs.INPUTS[name.rstrip("!")]
        default = "required" if name.endswith("!") else value(given.default or None)
        rows.append([f"`{name.rstrip('!')}`", default, f"{given.expected[0].upper()}{given.expected[1:]}.",
                     f"`{given.example}`"])  # fmt: skip
    return table(("input", "default", "what it must be", "example"), rows)
