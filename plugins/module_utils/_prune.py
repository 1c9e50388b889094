# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking away what nobody can need any more; never the last good release, its images or its backup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _backup, _engine_actions, _images, _releases
from ansible_collections.doppelganger.ops.plugins.module_utils._target import Target


def prune(target: Target, token: int) -> dict[str, list[str]]:
    """Take old releases with their images, evidence and sources away, and old backups; returns what went."""
    records = target.records()
    current = target.current()
    doomed = _releases.to_prune(records, current, target.app.keep_good, target.app.keep_bad)
    kept = [record for record in records if record["id"] not in doomed]
    backups = _releases.backups_to_prune(_backup.known_backups(target), kept, current, target.app.keep_backups)
    for record in records:
        if record["id"] in doomed:
            _forget_images(target, record, kept)
            target.store.remove("releases", record["id"], token=token)
    for name in backups:
        target.store.remove("backups", name, token=token)
    _remove_others(target, "evidence", _needed_evidence(target, kept), token)
    _remove_others(target, "source", {record["source"]["commit"][:12] for record in kept} | {"mirror.git"}, token)
    return {"releases": doomed, "backups": backups}


def _forget_images(target: Target, record: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> None:
    needed = {image["id"] for other in kept for image in other["images"].values()}
    for image in record["images"].values():
        if image["id"] not in needed:
            repository, tag = _images.keep_tag(target.app.name, image["id"])
            _engine_actions.forget_image(target.project, f"{repository}:{tag}", image["reference"], image["id"])


def _needed_evidence(target: Target, kept: Sequence[Mapping[str, Any]]) -> set[str]:
    """That of the kept releases; of operations which were about none, as many as bad releases are kept."""
    of_operations = [name for name in target.store.folders("evidence") if name.startswith("operation-")]
    newest = of_operations[-target.app.keep_bad :] if target.app.keep_bad else []
    return {record["id"] for record in kept} | set(newest)


def _remove_others(target: Target, kind: str, needed: set[str], token: int) -> None:
    for name in target.store.folders(kind):
        if name not in needed:
            target.store.remove(kind, name, token=token)
