"""What a path may be instead of a file: of each kind one, where it can be made."""

from __future__ import annotations

import os
import socket
from pathlib import Path

SPECIAL = ["folder", "pipe", "socket", "device"]


def make(kind: str, folder: Path) -> Path:
    """Something of a kind; in words it is ``a`` and the kind."""
    path = folder / f"a-{kind}"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            here = os.open(folder, os.O_RDONLY)
            try:  # a path of a socket is short
                listener.bind(f"/proc/self/fd/{here}/{path.name}")
            finally:
                os.close(here)
    else:
        path.symlink_to("/dev/zero")
    return path
