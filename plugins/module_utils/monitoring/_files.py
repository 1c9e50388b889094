# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of the monitoring on a host, of which those with secrets are for its servers alone."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import _files

#: who runs the servers where we are root: the user that owns nothing, as in the official images
_NOBODY = 65534
#: who runs the exporter of the host, which sees all files and processes of the host: nobody who owns any of them
_WATCHER = 65533


#: the folder with a folder of secrets for each part
SECRETS = "secrets"


@dataclass(frozen=True)
class File:
    """A file as it is wanted."""

    path: str
    content: str
    is_secret: bool = False
    #: a secret that the exporter of the host reads as well
    is_shared: bool = False


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
    """The files of a task's parameters, with each secret in the folder of the one who reads it."""
    found = [File(one["path"], one["content"]) for one in params["files"]]
    for reader, names in sorted(params["readers"].items()):
        for name in names:
            content = str(params["secrets"][name])
            if name == "cache_password":
                name, content = f"{name}.json", json.dumps({params["cache_address"]: content})
            found.append(File(f"{SECRETS}/{reader}/{name}", content, True))
    return found


def read(path: Path) -> str | None:
    """What is in a file, None where there is none; what a link points to is not ours to read or to show."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    with open(handle, encoding="utf-8", errors="replace") as stream:
        return stream.read() if stat.S_ISREG(os.fstat(handle).st_mode) else None


def write(path: Path, file: File) -> None:
    """Whole or not at all, and readable for the servers; a secret for nobody else. No link is followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    handle = _files.opened(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with open(handle, "w", encoding="utf-8") as stream:
        stream.write(file.content)
    if file.is_secret:
        give(partial, watcher()[1] if file.is_shared else owner()[1])
    partial.chmod(_mode(file))
    partial.replace(path)


def _mode(file: File) -> int:
    if not file.is_secret:
        return 0o644
    if file.is_shared:
        # who is not root can give nothing away; the folder above is closed to everybody else
        return 0o640 if os.geteuid() == 0 else 0o644
    return 0o600


def mark(path: Path) -> None:
    """Leave an empty file; a link that lies there is not followed."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def owner() -> tuple[int, int]:
    """Who runs the servers: user and group."""
    return (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def watcher() -> tuple[int, int]:
    """Who runs the exporter of the host: user and group."""
    return _WATCHER, _WATCHER


def give(path: Path, group: int) -> None:
    """Let the servers have a file or a folder, and a group what its mode says."""
    if os.geteuid() == 0:
        os.chown(path, owner()[0], group)
