# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files in folders of ours: opened without following links, read up to a limit, written whole or not at all.

One rule holds for every folder that somebody has named and that we write to (the state of an application, reports, what
is kept of a run, the monitoring of a host): nobody else may change it, or put another one in its place.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ._errors import Refused

#: what is read of one file at most, in bytes; the largest state file that was seen had 3 MB
LARGEST = 64 << 20
#: what the names of files that we write are made of
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,150}")


_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
#: as many links as the kernel follows on the way to a file
_MOST_LINKS = 40


class Named(NamedTuple):
    """What a folder is for, and the variable or the option that names it."""

    what: str
    option: str


STATE = Named("state folder", "app_state_dir")
MONITORING = Named("folder of the monitoring", "observe_dir")
REPORTS = Named("folder for reports", "ops_report_dir")


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


def make_safe(folder: Path, named: Named) -> None:
    """Make a folder and those it lies in, each for its owner only; refuses one that is not safe."""
    refuse_unsafe(folder, named)
    make_private(folder)
    # somebody may have been quicker, between the two
    refuse_unsafe(folder, named)


def refuse_unsafe(folder: Path, named: Named) -> None:
    """Refuse a folder that somebody else may change, or may put another one in the place of."""
    problem = _problem(folder, named) or _problem_above(folder, named)
    if problem:
        raise Refused(f"The {named.what} {folder} {problem[0]}.", reason="state_unsafe", hint=problem[1])


def _problem(folder: Path, named: Named) -> tuple[str, str] | None:
    """What is wrong with the folder itself and what to do; None where it is sound or not there yet."""
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be reached: {error.strerror}", f"Check {named.option}."
    if stat.S_ISLNK(status.st_mode):
        return f"is a link to {os.readlink(folder)}", f"Name the folder that it leads to in {named.option}."
    if not stat.S_ISDIR(status.st_mode):
        return "is not a folder", f"Move it away, or name another folder in {named.option}."
    user = os.geteuid()
    if status.st_uid != user:
        return (
            f"belongs to the user with the id {status.st_uid}, expected {user}, who runs this",
            f"Run as its owner, or check what is in it and run: sudo chown -R {user} {folder}",
        )
    if status.st_mode & _WRITABLE_BY_OTHERS:
        mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
        return (
            f"may be written by others ({mode}), expected its owner alone",
            f"Check whether anything in it was changed, then run: chmod 700 {folder}",
        )
    return None


def _problem_above(folder: Path, named: Named) -> tuple[str, str] | None:
    """Above the folder, who may write may rename it, unless the sticky bit forbids that; and whoever owns what is there
    may do so in any case."""
    elsewhere = f"or name a folder elsewhere in {named.option}."
    for above in _on_the_way(folder.parent):
        try:
            status = os.lstat(above)
        except OSError:  # it is not there yet: it will be made, for its owner alone
            return None
        if not _is_trusted(status.st_uid):
            what = "is reached by the link" if stat.S_ISLNK(status.st_mode) else "lies in"
            return (
                f"{what} {above}, which belongs to the user with the id {status.st_uid}",
                f"Run as that user, {elsewhere}",
            )
        who = "" if stat.S_ISLNK(status.st_mode) or status.st_mode & stat.S_ISVTX else _writers(status)
        if who:
            return (
                f"lies in {above}, which {who} may write (mode {stat.S_IMODE(status.st_mode):04o})",
                f"Take that right away (chmod go-w {above}), {elsewhere}",
            )
    return None


def _on_the_way(path: Path) -> Iterator[str]:
    """Each folder and each link that the kernel passes on its way to a path, and the path itself."""
    place, links = "/", 0
    left = [part for part in reversed(os.path.abspath(path).split("/")) if part]
    yield place
    while left:
        part = left.pop()
        if part == "..":
            place = os.path.dirname(place)
            continue
        found = os.path.join(place, part)
        yield found
        if os.path.islink(found) and links < _MOST_LINKS:
            links += 1
            target = os.readlink(found)
            place = "/" if target.startswith("/") else place
            left += [one for one in reversed(target.split("/")) if one not in ("", ".")]
        else:
            place = found


def _writers(status: os.stat_result) -> str:
    """Who beside its owner may write a folder."""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    return f"the group {status.st_gid}" if status.st_mode & stat.S_IWGRP and _has_others(status.st_gid) else ""


@functools.lru_cache(maxsize=64)
def _has_others(group: int) -> bool:
    """Whether anybody else is in a group: on many systems each user has one that nobody else is in."""
    # modules that a system without users has not
    import grp
    import pwd

    user = os.geteuid()
    try:
        members = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(group).gr_mem if name}
    except KeyError:  # a group or a member that no list has
        return True
    members |= {one.pw_uid for one in pwd.getpwall() if one.pw_gid == group}
    return not members <= {0, user}


def _is_trusted(user: int) -> bool:
    return user in (0, os.geteuid()) or (user == _unmapped() and not _is_first_namespace())


def _unmapped() -> int:
    return int(_said("/proc/sys/kernel/overflowuid") or "65534")


@functools.lru_cache(maxsize=1)
def _is_first_namespace() -> bool:
    """Whether all users are known here. In a container without rights of its own, root is shown as nobody."""
    return _said("/proc/self/uid_map").split()[:2] in ([], ["0", "0"])


def _said(path: str) -> str:
    try:
        with open(path, encoding="ascii") as stream:
            return stream.read(4096)
    except OSError:
        return ""


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. A file system that cannot has ways of its own, or none."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


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


_KINDS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
          (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))  # fmt: skip


def special(mode: int) -> str:
    """What something with this mode is, in words; empty for a plain file."""
    if stat.S_ISREG(mode):
        return ""
    return next((words for is_one, words in _KINDS if is_one(mode)), "something else")


def refuse_special(path: str | Path, what: str) -> None:
    """Refuse what a reader would wait for or find no end of; ``what`` names it for people. What is not there, whoever
    opens it says."""
    try:
        found = special(os.stat(path).st_mode)
    except OSError:
        return
    if found:
        raise Refused(f"{what} must be a plain file, and {path} is {found}.", hint="Name a file there.")


def beginning(path: str | Path, size: int) -> bytes:
    """The first bytes of a plain file of somebody else's, links followed. OSError where it cannot be read, or is
    something that a reader would wait for or find no end of."""
    _refuse_other(os.stat(path), path)  # some cannot be opened
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as stream:
        _refuse_other(os.fstat(handle), path)
        return stream.read(size)


def _refuse_other(status: os.stat_result, path: str | Path) -> None:
    found = special(status.st_mode)
    if found:
        raise OSError(errno.EINVAL, f"it is {found}, expected a plain file", str(path))


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
