# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs on a compose host and no release started: seen before anything is changed, by name, and taken over only by
whoever says so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...app._model import IMAGES
from ...core._errors import Refused
from ...operations import _first_contact
from ...state import _releases
from ..engine import _inspected, _strangers
from ..target import _found
from ..target._target import ComposeTarget

_GONE = "They would be gone for good. Stop them by hand or start them under another project name, or add -e adopt=yes."
_ENDED = (
    "None of them runs, so nothing is recorded, and a deployment that fails does not return to them. To go on, add "
    "-e adopt=yes, or app_adopt: true in the inventory."
)


def look(target: ComposeTarget, config: Mapping[str, Any], situation: Mapping[str, Any], tree: Path) -> dict[str, Any]:
    """``strangers``, what a deployment of ``config`` from the checkout ``tree`` does to containers that no release
    started, in sentences, and ``removes``, the services that it takes away; refuses unless the inventory or the caller
    adopts them."""
    is_first = situation["last_good"] is None
    if is_first and not target.app.adopt:
        _refuse_twin(target, config)
    seen = target.strangers()
    if not is_first:
        mine = target.record(situation["last_good"]).config.services
        seen = [one for one in seen if _found.service_of(one) not in mine]
    if not seen:
        return {"strangers": [], "removes": []}
    is_alive = any(map(_found.is_alive, seen))
    wanted = config["services"]
    said = [_of(seen), *consequences(_found.newest(seen), wanted, config.get("volumes") or {}, tree)]
    if not target.app.adopt:
        hint = _GONE if not is_first else _first_contact.HINT if is_alive else _ENDED
        raise Refused(
            " ".join(f"{one}." for one in said),
            reason="not_adopted",
            hint=_lost_state(seen, target) + hint,
            found=sorted(_found.newest(seen)),
        )
    if is_first and is_alive:
        said.append(f"What runs is recorded as {_releases.FOUND} first")
    return {"strangers": said, "removes": sorted(set(_found.newest(seen)) - set(wanted))}


def _of(seen: Sequence[Mapping[str, Any]]) -> str:
    """Each service with its image and how it is."""
    each = [
        f"{name} ({(one.get('Config') or {}).get('Image', '')}, {(one.get('State') or {}).get('Status', '')})"
        for name, one in sorted(_found.newest(seen).items())
    ]
    return f"No release started these containers: {', '.join(each)}"


def consequences(
    seen: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Any], volumes: Mapping[str, Any], tree: Path
) -> list[str]:
    """What becomes of containers, by service, and of their volumes and folders, where these services and volumes are
    wanted, from the checkout ``tree``."""
    parts = {
        "replace": sorted(set(seen) & set(wanted)),
        "remove": sorted(set(seen) - set(wanted)),
    }
    found = [f"This deployment would {what} {', '.join(names)}" for what, names in parts.items() if names]
    known = {(volume or {}).get("name") for volume in volumes.values()}
    used = {name for one in seen.values() for name in _inspected.volumes_of(one).values()}
    unused = sorted(name for name in used - known if not _inspected.is_anonymous(name))
    found += [f"It would not use the volume {name}" for name in unused]
    return found + [said for name in parts["replace"] for said in _other_folders(name, seen[name], wanted[name], tree)]


def _other_folders(name: str, seen: Mapping[str, Any], service: Mapping[str, Any], tree: Path) -> Iterator[str]:
    """Where a service writes into a folder of the host, and would have another one or none."""
    mounts = {os.path.normpath(one["target"]): one for one in service.get("volumes") or []}
    for one in seen.get("Mounts") or []:
        if one.get("Type") != "bind" or not one.get("RW"):
            continue
        mount = mounts.get(os.path.normpath(one["Destination"]), {})
        source = str(mount.get("source") or "nothing")
        if mount.get("type") == "bind":
            source = os.path.normpath(tree / source)
            if os.path.realpath(source) == os.path.realpath(one["Source"]):
                continue
            if Path(source).is_relative_to(tree):  # which is in a folder for looking, while this is said
                source = f"{os.path.relpath(source, tree)} of the repository"
        yield f"{name} would have {source} at {one['Destination']}, where it has {one['Source']} now"


def _lost_state(seen: Sequence[Mapping[str, Any]], target: ComposeTarget) -> str:
    """Where containers are from a release whose record is somewhere else, or lost."""
    for one in seen:
        made = _strangers.release_of(one)
        if made:
            state, release = made
            other = "is not there any more" if state == str(target.store.root) else f"is in {state}: set app_state_dir"
            return f"Release {release} started {_found.service_of(one)}; its record {other}. "
    return ""


def _refuse_twin(target: ComposeTarget, config: Mapping[str, Any]) -> None:
    """Refuse to start a second copy of an application, with empty volumes, beside one that runs."""
    app = target.app
    files = [os.path.join(app.directory, path) for path in app.compose_files] if app.source == IMAGES else []
    folders = [path for path in (app.repository,) if os.path.isabs(path)]
    other = _strangers.twin(_strangers.others(target.project), files, folders, _strangers.published(config))
    if other:
        project, why = other
        raise Refused(
            f"The compose project {project} runs and {why}. This deployment would start a second copy, {app.name}, "
            "with volumes of its own.",
            reason="second_copy",
            hint=f"If it is the same application, set app_name to {project}. If a second one is meant, "
            "add -e adopt=yes.",
            twin=project,
        )
