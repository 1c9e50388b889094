"""State that earlier versions wrote, as ``tests/recorded`` has it: names, passwords and the folder are others there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3] / "tests/recorded"
VERSIONS = sorted(path.name for path in ROOT.iterdir() if path.is_dir())
#: what the application is called there, and the folder of its state
NAME, FOLDER = "studio-recorded", "/srv/recorded/state"


def files(version: str, platform: str = "compose") -> Iterator[tuple[str, bytes]]:
    """Each file of the state on a compose host, or of what is on the controller of a cluster, by its path."""
    folder = ROOT / version / platform / "state"
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def put(version: str, folder: Path, words: Mapping[str, str], platform: str = "compose") -> None:
    """Write that state into a folder, with other words for those that a machine or an application has of its own."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in files(version, platform):
        path = folder / name
        for above in reversed(path.relative_to(folder).parents):
            (folder / above).mkdir(mode=0o700, exist_ok=True)
        for there, here in words.items():
            content = content.replace(there.encode(), here.encode()) if path.name != "dump" else content
        path.touch(mode=0o600)
        path.write_bytes(content)


def objects(version: str) -> list[dict[str, Any]]:
    """The Secrets and the Lease of the state in a namespace."""
    found: list[dict[str, Any]] = json.loads((ROOT / version / "kubernetes/objects.json").read_text("utf-8"))
    return found


def variables(version: str) -> dict[str, Any]:
    """The variables of the host in the inventory that the state was made with."""
    found: dict[str, Any] = json.loads((ROOT / version / "compose/variables.json").read_text("utf-8"))
    return found


def results(version: str) -> list[dict[str, Any]]:
    """What some of its operations published."""
    found: list[dict[str, Any]] = json.loads((ROOT / version / "compose/results.json").read_text("utf-8"))
    return found
