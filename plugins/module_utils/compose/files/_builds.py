# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which services of a rendered configuration run an image that comes with the version, and which one of a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...app._model import GIT, App
from ...core._errors import Refused
from ..engine._registries import names_registry


def built(app: App, config: Mapping[str, Any]) -> list[str]:
    """The services whose images are built here: all that have ``build:``, where there is a checkout to build from."""
    return sorted(name for name, one in config["services"].items() if one.get("build")) if app.source == GIT else []


def reference_of(app: App, config: Mapping[str, Any], service: str) -> str:
    """The name of a service's image, as compose reads it or makes it up."""
    return str(config["services"][service].get("image") or f"{app.name}-{service}")


def of_version(app: App, config: Mapping[str, Any]) -> set[str]:
    """The services whose images another version may replace: the release, what is built, and who runs the image that
    another one builds."""
    made = built(app, config)
    names = {reference_of(app, config, service) for service in made}
    sharing = {service for service in config["services"] if reference_of(app, config, service) in names}
    return {*app.release_services, *made, *sharing}


def may_pull(app: App, config: Mapping[str, Any], service: str) -> bool:
    """Whether a registry may be asked for the image. A name that is only ours is somebody else's there, if anybody's:
    that of a release without a registry in it, and that of what compose would build."""
    is_ours = service in app.release_services or bool(config["services"][service].get("build"))
    return not is_ours or names_registry(reference_of(app, config, service))


def refuse_unbuilt(app: App, config: Mapping[str, Any]) -> None:
    """Refuse what compose would build and nobody does here, where no registry has it either."""
    here = {*built(app, config), *app.images}
    for service, settings in sorted(config["services"].items()):
        if service not in here and settings.get("build") and not may_pull(app, config, service):
            raise Refused(
                f"The service {service} has build: in the compose files. With app_source images nothing is built, and "
                f"its image {reference_of(app, config, service)} names no registry.",
                hint=f"Name {service} in app_release_services and its repository in app_images, give it an image: that "
                "names its registry, or set app_source to git.",
                service=service,
            )
