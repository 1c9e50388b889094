# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files in folders of ours: opened without following links, read up to a limit, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from pathlib import Path

from ._errors import Refused

#: what is read of one file at most, in bytes; the largest state file that was seen had 3 MB
LARGEST = 64 << 20
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
#: what the names of files that we write are made of
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,150}")


def safe_name(name: str) -> str:
    """The name of a file for what others have named: readable, in no other folder, and different for each name."""
    if _PLAIN.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{digest}-{re.sub(r'[^A-Za-z0-9._-]', '-', name)[-100:].lstrip('.')}"


def make_private(folder: Path) -> None:
    """Make a folder and those it lies in, each for its owner only."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. A file system that cannot has ways of its own, or none."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def refuse_unsafe(folder: Path) -> None:
    """Refuse a folder that somebody else may change, or may put another one in the place of."""
    problem = _problem(folder) or _problem_above(folder)
    if problem:
        raise Refused(f"The state folder {folder} {problem[0]}.", reason="state_unsafe", hint=problem[1])


def _problem(folder: Path) -> tuple[str, str] | None:
    """What is wrong with the folder itself and what to do; None where it is sound or not there yet."""
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be reached: {error.strerror}", "Check app_state_dir."
    if stat.S_ISLNK(status.st_mode):
        return f"is a link to {os.readlink(folder)}", "Name the folder that it leads to in app_state_dir."
    if not stat.S_ISDIR(status.st_mode):
        return "is not a folder", "Move it away, or name another folder in app_state_dir."
    user = os.geteuid()
    if status.st_uid != user:
        return (
            f"belongs to the user with the id {status.st_uid}, expected {user}, who runs this",
            f"Run as its owner, or check what is in it and run: chown -R {user} {folder}",
        )
    if status.st_mode & _WRITABLE_BY_OTHERS:
        mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
        return (
            f"may be written by others ({mode}), expected its owner alone",
            f"Check whether anything in it was changed, then run: chmod 700 {folder}",
        )
    return None


def _problem_above(folder: Path) -> tuple[str, str] | None:
    """Above the folder, who may write may rename it, unless the sticky bit forbids that."""
    real = Path(os.path.realpath(folder.parent))
    for above in (real, *real.parents):
        try:
            mode = os.stat(above).st_mode
        except OSError:  # it is not there yet: it will be made, for its owner alone
            continue
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return (
                f"lies in {above}, which everybody may write (mode {stat.S_IMODE(mode):04o})",
                f"Take that right away (chmod o-w {above}), or name a folder elsewhere in app_state_dir.",
            )
    return None


def opened(path: str | Path, flags: int) -> int:
    """A handle of a plain file, made for its owner only; refuses a link and whatever else is no file."""
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _no_file(path) from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    return handle


def _no_file(path: str | Path) -> Refused:
    what = f"a link to {os.readlink(path)}" if os.path.islink(path) else "something else"
    return Refused(
        f"Expected a plain file at {path}, found {what}.",
        reason="state_unsafe",
        hint="Find out who created it, then remove it.",
    )


def read_bytes(path: Path) -> bytes:
    """What is in a file; refuses one that is too large. OSError where it cannot be read."""
    with open(opened(path, os.O_RDONLY), "rb") as stream:
        found = stream.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise Refused(
            f"Expected at most {LARGEST >> 20} MiB in {path}, found more.",
            reason="state_damaged",
            hint="Check it, then move it away.",
        )
    return found


def beginning(path: str | Path, size: int) -> bytes:
    """The first bytes of a plain file of somebody else's, links followed. OSError where it cannot be read, or is
    something that a reader would wait for or find no end of."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        return stream.read(size)


def read_end(path: Path, size: int) -> bytes:
    """The last bytes of a file."""
    with open(opened(path, os.O_RDONLY), "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - size))
        return stream.read(size)


def write_text(path: Path, text: str) -> None:
    """Write a file in one piece: until it is whole, the one before it stays."""
    make_private(path.parent)
    beside = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()  # what a killed write left behind
    with open(
        opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8", errors="backslashreplace"
    ) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, path)
    sync_folder(path.parent)
