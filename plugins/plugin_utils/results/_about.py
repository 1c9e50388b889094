# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run is about, for whoever reads of it somewhere else: application, environment, operator and reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

FIELDS = ("application", "environment", "operator", "reason")
#: what an inventory is called that says nothing of itself
_NAMELESS = ("", "hosts", "host", "inventory", "main", "all")


def of(given: Mapping[str, Any]) -> dict[str, str]:
    """All fields; what is not known is empty."""
    return {name: str(given.get(name) or "") for name in FIELDS}


def of_variables(variables: Mapping[str, Any]) -> dict[str, str]:
    """As the application model of a host says, also where it was refused."""
    model = variables.get("app_model")
    about = model.get("about") if isinstance(model, Mapping) else None
    return of(about if isinstance(about, Mapping) else {})


def environment(stage: str, variables: Mapping[str, Any]) -> str:
    """What people call the environment: as the inventory says, otherwise the inventory's own name."""
    said = stage or variables.get("awx_inventory_name") or variables.get("tower_inventory_name")
    file, folder = (PurePath(str(variables.get(f"inventory_{part}") or "")) for part in ("file", "dir"))
    return str(said or (file.stem if file.stem not in _NAMELESS else folder.name))


def line(about: Mapping[str, Any]) -> str:
    """The fields that are known, on one line."""
    return ", ".join(f"{name}: {about[name]}" for name in FIELDS if about.get(name))
