# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The submodules of a checkout, level by level: where they are from, a repository says, and the target's user fetches.

So they may come by https or ssh, from the place of the repository itself, and from nowhere else: a path is a file of
this host, and ``ext::`` a command on it. git's own rules are a second line, and the user's configuration may loosen
those.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..core._errors import OpsError, Refused
from ..text._redaction import Redactor
from ._git_command import git

_MOST = 100
_SHOWN = 200
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/@]*@)?(?P<host>[^/]*)(?P<path>.*)", re.DOTALL)
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SCP = re.compile(r"(?:[^/@]*@)?(?P<host>\[[^\]/]*\]|[^/:]+):")
_SSH, _FILE, _HTTPS, _COMMAND = "ssh", "file", "https", "a command"


def check_out(tree: Path, repository: str, timeout: float) -> None:
    """Check the submodules out that are not yet, and theirs; Refused by name where one may not be fetched."""
    due, count = [(tree, repository)], 0
    while due:
        here, its_url = due.pop()
        if not (here / ".gitmodules").is_file():
            continue
        below = _named(here, its_url, timeout)
        count += len(below)
        if count > _MOST:
            raise Refused(f"Expected at most {_MOST} submodules, found more.", hint="Fix it in the repository.")
        for path, url in below.items():
            _refuse(str((here / path).relative_to(tree)), url, its_url)
        kind = _place(its_url)[0]
        # where the repository is a folder of this host, git asks its user's configuration whether it may be read
        only = {} if kind == _FILE else {"GIT_ALLOW_PROTOCOL": ":".join(dict.fromkeys((_HTTPS, _SSH, kind)))}
        update = ("-C", str(here), "-c", "protocol.ext.allow=never", "submodule", "--quiet", "update")
        git(*update, doing="Checking the submodules out", timeout=timeout, **only)
        due += [(here / path, url) for path, url in below.items()]


def _named(tree: Path, repository: str, timeout: float) -> dict[str, str]:
    """The submodules of a work tree: by path, where each is from; relative URLs are relative to the repository."""
    # the repository counts for its own submodules alone: theirs are relative to them
    its_own = ("-C", str(tree), "-c", f"remote.origin.url={repository}")
    for verb in ("init", "sync"):  # the second where an earlier version had another URL
        git(*its_own, "submodule", "--quiet", verb, doing="Finding the submodules", timeout=timeout)
    paths = _configured(tree, r"^submodule\..*\.path$", timeout, "--file", ".gitmodules")
    urls = _configured(tree, r"^submodule\..*\.url$", timeout)
    # what a commit has of them; a path in .gitmodules alone is just text
    listed = ("-C", str(tree), "ls-files", "--stage", "-z", "--", *paths.values())
    staged = git(*listed, doing="Finding the submodules", timeout=timeout, GIT_LITERAL_PATHSPECS="1")
    links = {entry.partition("\t")[2] for entry in staged.split("\0") if entry.startswith("160000 ")}
    return {path: urls[name] for name, path in paths.items() if path in links and name in urls}


def _configured(tree: Path, pattern: str, timeout: float, *where: str) -> dict[str, str]:
    """The values of a configuration by the names of submodules."""
    asked = ("-C", str(tree), "config", *where, "-z", "--get-regexp", pattern)
    try:
        said = git(*asked, doing="Finding the submodules", timeout=timeout)
    except OpsError as error:
        if error.data.get("rc") == 1:  # there is none
            return {}
        raise
    pairs = (entry.split("\n", 1) for entry in said.split("\0") if "\n" in entry)
    return {key.split(".", 1)[1].rpartition(".")[0]: value for key, value in pairs}


def _refuse(name: str, url: str, repository: str) -> None:
    if not may_come_from(url, repository):
        raise Refused(
            f"The submodule {name[:_SHOWN]} is of {Redactor(()).text(url)[:_SHOWN]}, expected a repository by https or "
            "ssh, or in the place of its own repository.",
            hint="Change its url in .gitmodules; a relative one (../other.git) is best.",
            submodule=name[:_SHOWN],
        )


def may_come_from(url: str, repository: str) -> bool:
    """Whether a repository may have a submodule of ``url``."""
    kind, host, path = _place(url)
    its_kind, its_host, its_path = _place(repository)
    if kind in (_HTTPS, _SSH):
        return True
    if kind != its_kind or kind == _COMMAND:
        return False
    if kind != _FILE:
        return host == its_host
    beside = os.path.dirname(os.path.realpath(its_path))
    return host == its_host and os.path.commonpath((os.path.realpath(path), beside)) == beside


def _place(url: str) -> tuple[str, str, str]:
    """How git gets something, from which host, and the path there."""
    if _HELPER.match(url):
        return _COMMAND, "", url
    found = _SCHEME.fullmatch(url)
    if found:
        scheme = found["scheme"].lower()
        return (_SSH if scheme in ("git+ssh", "ssh+git") else scheme), found["host"].lower(), found["path"]
    found = _SCP.match(url)
    if found:
        return _SSH, found["host"].lower(), ""
    return _FILE, "", url
