# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the toy calls a machine: a folder. An image is a file, a container is a file, the database is a file.

::

    registry/<repository>/<version>.json   an image: what of it fails, and to which head it migrates
    images/<id>.json                       the images that were pulled
    containers/<service>.json              what runs here
    database.json                          the head of the schema, and what was written
    hang                                   the moment at which whoever gets there waits to be killed
    calls.log                              what was done, a line each, in its order
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError


class Machine:
    """The folder of one machine."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)

    def read(self, name: str) -> dict[str, Any] | None:
        """One of its files, None where there is none."""
        try:
            found: dict[str, Any] = json.loads((self.root / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def write(self, name: str, data: Mapping[str, Any]) -> None:
        """Write one of its files, whole or not at all."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(json.dumps(data), encoding="utf-8")
        beside.replace(path)

    def names(self, folder: str) -> list[str]:
        """What is in one of its folders."""
        return sorted(path.stem for path in (self.root / folder).glob("*.json"))

    def note(self, call: str) -> None:
        """Write down what is done, and wait to be killed where that is the moment for it."""
        with open(self.root / "calls.log", "a", encoding="utf-8") as stream:
            stream.write(call + "\n")
        if self._hangs(call):
            (self.root / "hangs").touch()
            while self._hangs(call):
                time.sleep(0.05)

    def _hangs(self, call: str) -> bool:
        try:
            return (self.root / "hang").read_text(encoding="utf-8") == call
        except FileNotFoundError:
            return False

    # images

    def digest(self, reference: str) -> str:
        """The digest of ``repository:version`` in the registry."""
        image = self.read(f"registry/{reference.replace(':', '/')}.json")
        if image is None:
            raise OpsError(f"The registry has no {reference}.")
        return "sha256:" + hashlib.sha256(json.dumps(image, sort_keys=True).encode()).hexdigest()

    def pull(self, reference: str) -> str:
        """Get an image; its id is its digest."""
        identity = self.digest(reference)
        image = self.read(f"registry/{reference.replace(':', '/')}.json") or {}
        if image.get("fails") == "images":
            raise OpsError(f"{reference} cannot be pulled.")
        self.write(f"images/{identity}.json", image)
        return identity

    def image(self, identity: str) -> dict[str, Any]:
        """An image that was pulled."""
        return self.read(f"images/{identity}.json") or {}

    def has_image(self, identity: str) -> bool:
        """Whether it was."""
        return self.read(f"images/{identity}.json") is not None
