# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Python that this runs in, and how it gets a library: a virtual environment sees no package of the system."""

from __future__ import annotations

import sys

#: what belongs to the distribution, whose packages it sees
_OF_THE_SYSTEM = "/usr"


def path() -> str:
    """Where it is."""
    return sys.executable or "that runs this"


def sees_packages() -> bool:
    """Whether libraries of the distribution's packages are found."""
    return sys.prefix == _OF_THE_SYSTEM


def fix(library: str, package: str) -> str:
    """The command that brings a library, of that name at PyPI and in that package of Debian and RHEL."""
    if sees_packages():
        return f"Run playbooks/prepare.yml, or install the package {package} on the target."
    return f"Run: {path()} -m pip install {library}"
