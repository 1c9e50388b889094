# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a version is to be in the cluster: manifests with pinned images, marked as ours, in the order of applying."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

from ..api._client import FIELD_MANAGER
from ..api._objects import (
    APPLICATION_LABEL,
    CONFIG_ANNOTATION,
    MANAGED_BY_LABEL,
    Object,
    Ref,
    containers_of,
    is_workload,
    kind_of,
    order_of,
    ref_of,
    template_of,
)
from . import _autoscaling, _quantities
from ._files import Context, Manifest, read
from ._references import parse

#: of all the images that manifests have
_SHOWN = 10


def render(
    paths: Sequence[Path], context: Context, tree: Path | None = None, places: dict[str, str] | None = None
) -> list[Object]:
    """Render the manifests of a version; raises Refused by file where they are not fit or lead out of the checkout.

    ``context.images`` has ``repository@digest`` by the keys of ``app_images``: every container whose image is of that
    repository, whatever its tag, gets it. ``places`` gets where each object is from, by its name.
    """
    manifests = read(paths, context, tree)
    if places is not None:
        places.update({str(ref_of(manifest.thing)): manifest.source for manifest in manifests})
    _pin(manifests, context.images)
    things = sorted((copy.deepcopy(manifest.thing) for manifest in manifests), key=order_of)
    for thing in things:
        _complete(thing)
        _mark(thing, context.name)
    for thing in things:
        _note_config(thing, things, context.digests)
    return things


def workloads_of(things: Sequence[Object]) -> list[Ref]:
    """What is waited for."""
    return [ref_of(thing) for thing in things if is_workload(thing)]


def carriers_of(things: Sequence[Object], images: Mapping[str, str]) -> list[Ref]:
    """The workloads that carry the release: those with a container of one of its images."""
    names = {parse(image).name for image in images.values()}
    return [
        ref_of(thing)
        for thing in things
        if (template := template_of(thing)) is not None
        and any(parse(one["image"]).name in names for one in containers_of(template))
    ]


def images_of(things: Sequence[Object]) -> dict[str, dict[str, str]]:
    """The image of each container, by workload and container."""
    return {
        str(ref_of(thing)): {one["name"]: one["image"] for one in containers_of(template)}
        for thing in things
        if (template := template_of(thing)) is not None
    }


def _pin(manifests: Sequence[Manifest], images: Mapping[str, str]) -> None:
    pinned = {parse(image).name: image for image in images.values()}
    seen: dict[tuple[str, str], str] = {}
    for manifest in manifests:
        template = template_of(manifest.thing)
        for one in containers_of(template) if template is not None else []:
            name = _name_of(one, manifest)
            seen[name] = str(one["image"])
            one["image"] = pinned.get(name, one["image"])
    for key, image in images.items():
        if parse(image).name not in seen:
            raise Refused(
                f"Expected a container with the image {parse(image).repository} (app_images: {key}) in the manifests, "
                f"found {', '.join(sorted(set(seen.values()))[:_SHOWN]) or 'no container'}.",
                reason="manifests_invalid",
                hint="Name that repository in the manifest, with any tag, or change app_images.",
            )


def _name_of(container: Any, manifest: Manifest) -> tuple[str, str]:
    named = f"{manifest.source}: {ref_of(manifest.thing)}"
    if not isinstance(container, dict) or not isinstance(container.get("image"), str):
        raise Refused(
            f"{named}: expected an image for each container, found none.", reason="manifests_invalid", hint="Fix it."
        )
    try:
        return parse(container["image"]).name
    except Refused as error:
        raise Refused(f"{named}: {error.message}", reason="manifests_invalid", hint=error.hint) from error


def _complete(thing: Object) -> None:
    """Say what the API server would add: older ones cannot merge a list whose key is left to be added."""
    _quantities.as_text(thing)
    _autoscaling.complete(thing)
    if kind_of(thing) == "Secret" and isinstance(thing.get("stringData"), dict):
        # a key that is taken out of stringData would stay in the Secret, as it was written to data by the server
        plain = {
            key: base64.b64encode((value or "").encode()).decode() for key, value in thing.pop("stringData").items()
        }
        thing["data"] = {**(thing.get("data") or {}), **plain}
    if kind_of(thing) == "Service":
        for port in (thing.get("spec") or {}).get("ports") or []:
            port.setdefault("protocol", "TCP")
    template = template_of(thing)
    for container in containers_of(template) if template is not None else []:
        for port in container.get("ports") or []:
            port.setdefault("protocol", "TCP")


def _mark(thing: Object, application: str) -> None:
    labels = thing["metadata"].setdefault("labels", {}) or {}
    thing["metadata"]["labels"] = {**labels, MANAGED_BY_LABEL: FIELD_MANAGER, APPLICATION_LABEL: application}
    template = template_of(thing)
    if template is not None and template is not thing:
        metadata = template.setdefault("metadata", {}) or {}
        template["metadata"] = {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), APPLICATION_LABEL: application},
        }


def _note_config(thing: Object, things: Sequence[Object], digests: Digests) -> None:
    """Note in a pod template what its configuration is, so that another one makes new pods."""
    template = template_of(thing)
    if template is None or template is thing:
        return
    named = set(references_of(template))
    used = [
        {key: one.get(key) for key in ("kind", "type", "data", "binaryData")} | {"name": one["metadata"]["name"]}
        for one in things
        if (one["kind"], one["metadata"]["name"]) in named and one["apiVersion"] == "v1"
    ]
    if used:
        annotations = template["metadata"].get("annotations") or {}
        template["metadata"]["annotations"] = {**annotations, CONFIG_ANNOTATION: digests.of(used)}


def references_of(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The ConfigMaps and Secrets that a pod template refers to, as (kind, name)."""
    spec = template.get("spec") or {}
    for secret in spec.get("imagePullSecrets") or []:
        yield "Secret", secret.get("name", "")
    for volume in spec.get("volumes") or []:
        yield from _of_volume(volume)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _of_volume({"configMap": source.get("configMap"), "secret": source.get("secret")})
    for container in containers_of(template):
        for source in container.get("envFrom") or []:
            yield from _by_name(source, "configMapRef", "secretRef")
        for variable in container.get("env") or []:
            yield from _by_name(variable.get("valueFrom") or {}, "configMapKeyRef", "secretKeyRef")


def _of_volume(volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if volume.get("configMap"):
        yield "ConfigMap", volume["configMap"].get("name", "")
    if volume.get("secret"):
        yield "Secret", volume["secret"].get("secretName") or volume["secret"].get("name", "")


def _by_name(source: Mapping[str, Any], config_map: str, secret: str) -> Iterator[tuple[str, str]]:
    if source.get(config_map):
        yield "ConfigMap", source[config_map].get("name", "")
    if source.get(secret):
        yield "Secret", source[secret].get("name", "")
