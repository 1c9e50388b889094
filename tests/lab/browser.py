"""A browser without a window, to look at pages with: the one of this machine, or Debian's."""

import shutil
from pathlib import Path

from tests.lab import debian
from tests.lab.steps import LabError

#: the programs that will do, the lightest first
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium-headless-shell"


def ensure() -> Path:
    """The path of a browser of the Chromium family."""
    found = _found()
    if found is None and debian.may_install():
        debian.install([PACKAGE])
        found = _found()
    if found is None:
        raise LabError(f"There is no browser here. Install one of {', '.join(PROGRAMS)}.")
    return found


def _found() -> Path | None:
    return next((Path(path) for name in PROGRAMS if (path := shutil.which(name))), None)
