# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which registry and repository an image comes from, as docker reads its reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core._errors import Refused
from ._errors import engine_errors

_SHOWN = 200


def registry_of(reference: str) -> str:
    """The registry that a reference names, or means where it names none."""
    from docker.auth import resolve_repository_name  # it is there where images are pulled

    registry: str = resolve_repository_name(reference)[0]
    return registry


def names_registry(reference: str) -> bool:
    """Whether a reference says which registry it is of."""
    registry = registry_of(reference)
    return not is_public(registry) or reference.startswith(f"{registry}/")


def is_public(registry: str) -> bool:
    """Whether it is the one that a reference means which names none."""
    from docker.auth import INDEX_NAME  # it is there where images are pulled

    return registry == str(INDEX_NAME)


def repository_of(reference: str) -> str:
    """The repository that a reference means, whole, without its tag and its digest."""
    from docker.auth import resolve_repository_name  # it is there where images are pulled

    with engine_errors(f"read the name of the image {reference[:_SHOWN]}"):
        registry, name = resolve_repository_name(reference.partition("@")[0])
    folder, slash, last = name.rpartition("/")
    name = f"{folder}{slash}{last.partition(':')[0]}"
    return f"{registry}/{name if '/' in name or not is_public(registry) else f'library/{name}'}"


def refuse_other_images(images: Mapping[str, str], config: Mapping[str, Any]) -> None:
    """Refuse a rendered configuration that names another repository for a service than ``images``, those of the
    inventory: one of them is wrong, and nobody would see which one runs. The tag is the version's."""
    for service, ours in images.items():
        theirs = (config["services"].get(service) or {}).get("image")
        if isinstance(theirs, str) and repository_of(theirs) != repository_of(ours):
            raise Refused(
                f"app_images has {ours} for {service}, the compose files have {theirs[:_SHOWN]}.",
                hint="Name the same repository in both, for example by a variable of app_environment.",
                service=service,
            )
