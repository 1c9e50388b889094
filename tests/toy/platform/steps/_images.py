# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of a release: pulled, and recorded by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _env_files
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import RELEASE_IMAGES
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Image, images_as_data

from ..target._project import config_hash
from ..target._target import ToyTarget


def run(target: ToyTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Get the images of a pending release."""
    if check_mode:
        return {"changed": True}
    target.machine.note(f"intent {params['release']}")
    with target.phase("images", params["token"]):
        target.machine.note(f"images {params['release']}")
        target.digests.keep(target.store, params["token"])
        record = target.record(params["release"])
        images = {
            service: Image(target.machine.pull(repository), repository)
            for service, repository in references(target, record.version).items()
        }
        env = target.digests.of(_env_files.read_all(target.app.env_paths))
        services = dict.fromkeys(images, config_hash(target.app.environment))
        config = replace(record.config, env=env, services=services)
        target.save(replace(record, images=images, config=config), params["token"])
    return {"changed": True, "images": images_as_data(images), "release": record.id}


def references(target: ToyTarget, version: str) -> dict[str, str]:
    """Service → image: the release has the version, the database one of its own."""
    found = {service: _plan.image_reference(name, version) for service, name in target.app.images.items()}
    return {**found, target.app.database_service: "database:15"} if target.app.database_service else found


IMAGES = Step(spec=RELEASE_IMAGES, run=run)
