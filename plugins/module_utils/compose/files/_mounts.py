# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The places of the host that a rendered configuration mounts: bind mounts, and volumes that are folders of it."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def named(config: Mapping[str, Any], base: Path) -> dict[str, str]:
    """Each place with who mounts it; relative ones start from ``base``."""
    found: dict[str, str] = {}
    for who, holder, key in _holders(config):
        found.setdefault(_whole(holder[key], base), who)
    return found


def written(config: Mapping[str, Any], base: Path) -> set[str]:
    """The places that somebody may write to."""
    return {_whole(holder[key], base) for _, holder, key in _holders(config) if not holder.get("read_only")}


def moved(config: Mapping[str, Any], base: Path, places: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with other places in the stead of those that ``places`` names."""
    result = copy.deepcopy(dict(config))
    for _, holder, key in _holders(result):
        place = _whole(holder[key], base)
        holder[key] = places.get(place, holder[key])
    return result


def devices(config: Mapping[str, Any]) -> dict[str, str]:
    """The volumes that are folders of the host: the name that the engine has for each, and the folder."""
    volumes = config.get("volumes") or {}
    return {
        str(volume.get("name")): str(volume["driver_opts"]["device"])
        for volume in volumes.values()
        if isinstance(volume, Mapping) and _is_folder(volume.get("driver_opts"))
    }


def _whole(place: str, base: Path) -> str:
    return os.path.normpath(os.path.join(base, place))


def _holders(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Who mounts something, and where it is written."""
    for name, service in (config.get("services") or {}).items():
        for mount in service.get("volumes") or []:
            if isinstance(mount, dict) and mount.get("type") == "bind" and mount.get("source"):
                yield name, mount, "source"
    for name, volume in (config.get("volumes") or {}).items():
        options = volume.get("driver_opts") if isinstance(volume, dict) else None
        if isinstance(options, dict) and _is_folder(options):
            yield f"the volume {name}", options, "device"


def _is_folder(options: Any) -> bool:
    if not isinstance(options, Mapping) or not isinstance(options.get("device"), str):
        return False
    return bool({"bind", "rbind"} & set(str(options.get("o") or "").split(",")))
