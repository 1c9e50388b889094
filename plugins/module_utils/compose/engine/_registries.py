# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which registry an image comes from, as docker reads its reference."""

from __future__ import annotations


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
