# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image references, as docker and the kubelet read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

HUB = "docker.io"
#: nobody can read more in a message
_SHOWN = 300
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_REGISTRY = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True)
class Reference:
    """An image: ``registry`` and ``path`` as they are asked for, and how ``repository`` was written."""

    repository: str
    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> tuple[str, str]:
        """The same for every way to write the same repository."""
        return self.registry, self.path

    @property
    def version(self) -> str:
        """What is asked for: the digest where there is one, else the tag, else ``latest``."""
        return self.digest or self.tag or "latest"


def parse(text: str) -> Reference:
    """Read ``[registry[:port]/]path[:tag][@digest]``; raises Refused where it is none."""
    rest, _, digest = text.partition("@")
    repository, tag = rest, ""
    if ":" in rest.rpartition("/")[2]:  # the colon of a port is followed by a slash
        repository, _, tag = rest.rpartition(":")
    registry, path = _split(repository)
    sound = bool(_REGISTRY.fullmatch(registry) and _PATH.fullmatch(path)) and not text.endswith(("@", ":"))
    if not sound or (tag and not _TAG.fullmatch(tag)) or (digest and not _DIGEST.fullmatch(digest)):
        raise Refused(
            f"Expected an image as [registry[:port]/]path[:tag][@digest], in lower case, found {_shown(text)}.",
            hint="Fix it in app_images or in the manifest.",
        )
    return Reference(repository, registry, path, tag, digest)


def _shown(text: str) -> str:
    if len(text) > _SHOWN:
        return f"{len(text)} characters"
    # what is before an @ may be a user and a password
    return repr(text) if "@" not in text or "@sha" in text else "an @ that no digest follows"


def _split(repository: str) -> tuple[str, str]:
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, rest
    else:
        registry, path = HUB, repository
    if registry in ("index.docker.io", HUB):
        registry, path = HUB, path if "/" in path else f"library/{path}"
    return registry, path
