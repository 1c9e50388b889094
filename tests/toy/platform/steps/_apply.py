# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Making the files of a release's containers, where they differ."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _plan
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import RELEASE_APPLY
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record

from ..target._target import ToyTarget


def to_change(target: ToyTarget, record: Record) -> list[str]:
    """The services whose containers are not as the release recorded them, and those that it does not have."""
    found = {one.service: one for one in target.project.containers()}
    wanted = record.config.services
    sound = {
        name
        for name, one in found.items()
        if name in wanted
        and _plan.is_sound(one)
        and (one.image_id, one.config_hash) == (record.images[name].id, wanted[name])
    }
    return sorted({*found, *wanted} - sound)


def bring_up(target: ToyTarget, record: Record, services: list[str]) -> None:
    """Make those containers, and see whether they run."""
    for service in services:
        if service in record.config.services:
            target.project.start(service, record.images[service].id, record.config.services[service])
        else:
            target.project.remove(service)
    ended = [one.service for one in target.project.containers() if one.service in services and one.state != "running"]
    if ended:
        raise OpsError(f"{', '.join(ended)} did not start.", hint="See its log in the evidence.")


def _predict(target: ToyTarget, params: Mapping[str, Any]) -> list[str]:
    if params["state"] == "stopped":
        return target.running(target.app.release_services)
    if params["release"] not in target.store.folders("releases"):  # a check only thought of it
        return list(params["predicted"])
    return sorted({*params["predicted"], *to_change(target, target.record(params["release"]))})


def run(target: ToyTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Start the release, or stop the application."""
    services = _predict(target, params)
    started = time.time()
    if not check_mode:
        phase = params["phase"] or "apply"
        with target.phase(phase, params["token"]):
            target.machine.note(f"{phase} {params['release'] or params['state']}")
            if params["state"] == "stopped":
                for service in services:
                    target.project.stop(service)
            else:
                bring_up(target, target.record(params["release"]), services)
    return {"changed": bool(services), "services": services, "started": started}


APPLY = Step(spec=RELEASE_APPLY, run=run)
