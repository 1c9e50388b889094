# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mistakes in the YAML of an inventory, with file and line: Ansible says of variables that cannot be read only that."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator

import yaml

#: entries of the folders of an inventory that are looked at, and the size of a file that is
MOST, LARGEST = 10_000, 8 << 20
_BESIDE = ("group_vars", "host_vars")
_ENDINGS = (".yml", ".yaml")
_VAULT = b"$ANSIBLE_VAULT"
#: the one in C where it is there: ten times as fast
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def below(path: str) -> Iterator[str]:
    """What Ansible finds in an inventory, or in the folders of variables beside a file."""
    tops = [path] if os.path.isdir(path) else [os.path.join(os.path.dirname(path), name) for name in _BESIDE]
    every = (os.path.join(folder, name) for top in tops for folder, _, files in os.walk(top) for name in files)
    yield from itertools.islice(every, MOST)


def of_inventory(path: str) -> str:
    """The first mistake in the files of an inventory; empty where there is none, as in a list of hosts."""
    if not os.path.exists(path):
        return ""
    itself = [] if os.path.isdir(path) else [path]
    # Ansible passes over hidden ones
    shown = (file for file in below(path) if "/." not in file[len(os.path.dirname(path)) :])
    return next(filter(None, map(of_file, itertools.chain(itself, shown))), "")


def of_file(path: str) -> str:
    """The first mistake in the syntax of a file of YAML, with its place; empty where there is none."""
    if not path.endswith(_ENDINGS):
        return ""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return ""
        with open(path, "rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError:  # whoever reads it says it better
        return ""
    if len(content) > LARGEST or content.startswith(_VAULT):
        return ""
    problem = _problem(content)
    return f"{path}, {problem}." if problem else ""


def _problem(content: bytes) -> str:
    try:
        for _ in yaml.parse(content, Loader=_LOADER):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        began = f"{error.context} from line {error.context_mark.line + 1}" if error.context_mark else error.context
        return f"{place}: {' '.join(filter(None, (began, error.problem)))}"
    except yaml.YAMLError as error:  # a character that YAML does not have
        return str(error).partition("\n")[0]
    return ""
