# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deployment is going to change, as far as that can be told without building or pulling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...app._model import GIT
from ...operations import _plan
from ...state._record import Image, Record, Source
from ..engine import _cli
from ..files import _builds, _rendered
from ..target._target import ComposeTarget
from . import _apply, _preview

#: the id of an image that is not on the engine yet
_NEW = "new"


def of(
    target: ComposeTarget, wanted: Mapping[str, Any], config: Mapping[str, Any], found: Mapping[str, Any], tree: Path
) -> dict[str, Any]:
    """The services whose containers are made again, and what differs in the configuration from checkout ``tree``."""
    record: Record | None = found["current_record"]
    images = _images(target, wanted, config, record)
    called = {name: Image("" if key == _NEW else key, ref) for name, (key, ref) in images.items()}
    # what is recorded of an images source has its paths as they are
    after = _preview.named(config, called, str(tree) if target.app.source == GIT else "")
    names = (record.id if record else "nothing", str(wanted["version"]))
    return {
        "recreates": _recreates(target, config, {name: key for name, (key, _) in images.items()}, found),
        "preview": _preview.shown(_preview.recorded(target, record), after, names, target),
    }


def _images(
    target: ComposeTarget, wanted: Mapping[str, Any], config: Mapping[str, Any], record: Record | None
) -> dict[str, tuple[str, str]]:
    """The image of each service, by id and by name. Those of the release are new where its source is."""
    app, is_new = target.app, record is None or Source.of(wanted["source"]) != record.source
    versioned = _builds.of_version(app, config)
    found: dict[str, tuple[str, str]] = {}
    for service in config["services"]:
        reference = _builds.reference_of(app, config, service)
        known = record.images.get(service) if record else None
        if service in versioned:
            if service in app.images:
                reference = _plan.image_reference(app.images[service], str(wanted["version"]))
            found[service] = (_NEW, reference) if is_new or known is None else (known.id, known.reference)
        else:
            found[service] = (target.project.image_id(reference) or _NEW, reference)
    return found


def _recreates(
    target: ComposeTarget, config: Mapping[str, Any], images: Mapping[str, str], found: Mapping[str, Any]
) -> list[str]:
    if found["current_record"] is None:
        return sorted(config["services"])
    hashes = _cli.hashes_of(target.app, _cli.pinned(config, images))
    return _apply.to_change(found["containers"], hashes, images, _cli.replicas(config), _rendered.shared(config))
