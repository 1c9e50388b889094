# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of the monitoring on a host, of which those with secrets are for its servers alone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _files

#: who runs the servers where we are root: the user that owns nothing, as in the official images
_NOBODY = 65534


@dataclass(frozen=True)
class File:
    """A file as it is wanted."""

    path: str
    content: str
    is_secret: bool = False


def differences(folder: Path, wanted: Sequence[File]) -> list[dict[str, str]]:
    """What of the files is different or gone, without what is secret."""
    found = []
    for file in wanted:
        before = read(folder / file.path)
        if before == file.content:
            continue
        shown = ("(secret)\n" if before is not None else "", "(another secret)\n") if file.is_secret else None
        old, new = shown or (before or "", file.content)
        name = str(folder / file.path)
        found.append({"before_header": name, "after_header": name, "before": old, "after": new})
    return found


def wanted_files(params: Mapping[str, Any]) -> list[File]:
    """The files of a task's parameters, with the secrets as files of their own."""
    found = [File(one["path"], one["content"]) for one in params["files"]]
    for name, value in sorted(params["secrets"].items()):
        if value and name == "cache_password":
            found.append(File("secrets/cache_password.json", json.dumps({params["cache_address"]: value}), True))
        elif value:
            found.append(File(f"secrets/{name}", str(value), True))
    return found


def read(path: Path) -> str | None:
    """What is in a file, None where it is not there."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8")
    return None


def write(path: Path, content: str, is_secret: bool) -> None:
    """Whole or not at all, and readable for the servers; a secret for nobody else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    handle = _files.opened(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with open(handle, "w", encoding="utf-8") as stream:
        stream.write(content)
    if is_secret:
        give(partial)
    else:
        partial.chmod(0o644)
    partial.replace(path)


def owner() -> tuple[int, int]:
    """Who runs the servers: user and group."""
    return (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def give(path: Path) -> None:
    """Let the servers have a file or a folder."""
    if os.geteuid() == 0:
        os.chown(path, *owner())
