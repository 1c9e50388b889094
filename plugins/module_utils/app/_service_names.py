# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services that an inventory names: each has to be one that the version has, or nothing would be looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..core._errors import Refused
from ..core._options import near
from ._model import App


def refuse_missing_services(
    app: App, have: Collection[str], called: str, where: str, hint: str, answering: Collection[str] = ()
) -> None:
    """Refuse a model that names services which its source does not have; a platform says what they are called there.

    A check by HTTP may name one of ``answering`` as well.
    """
    for variable, name, is_asked in _named(app):
        known = {*have, *answering} if is_asked else set(have)
        if name not in known:
            found = ", ".join(sorted(known)) or "none"
            close = near(name, known)
            raise Refused(
                f"{variable} names {called} {name!r}, {where} have {found}{close or '.'}",
                hint=hint,
                variable=variable.partition(" ")[0],
                service=name,
            )


def _named(app: App) -> Iterator[tuple[str, str, bool]]:
    """Each variable that names a service, the service, and whether it is asked by HTTP."""
    wanted = {
        "app_release_services": app.release_services,
        "app_migration_service": [app.migration_service],
        "app_database_service": [app.database_service],
    }
    for variable, names in wanted.items():
        yield from ((variable, name, False) for name in names if name)
    for check in app.checks:
        for name in of_check(check):
            yield f"app_checks ({check.get('name')})", name, check.get("kind") == "http"


def of_check(check: Mapping[str, Any]) -> Iterator[str]:
    """The services that a check needs; one that is looked at where it is present needs none."""
    if check.get("when_present"):
        return
    if check.get("service"):
        yield check["service"]
    for key in ("services", "completed"):
        yield from check.get(key) or ()
