"""What the lab takes from Debian's own archive, by the machine's own apt configuration."""

import os
from collections.abc import Sequence
from pathlib import Path

from tests.lab.paths import CACHE, HERE, folder
from tests.lab.steps import answers, run, say, step

QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def may_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists()


def install(packages: Sequence[str]) -> None:
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    say(f"CHANGES THIS MACHINE: apt packages {', '.join(missing)}")
    env = {**os.environ, **QUIET}
    with step("apt-get update"):
        run(["apt-get", "update", "-qq"], env=env)
    with step(f"apt-get install {' '.join(missing)}"):
        run(["apt-get", "install", "-qq", "--no-install-recommends", *missing], env=env)


def newer(package: str) -> Path:
    """A package of the next Debian release, downloaded once from the machine's own mirror."""
    kept = folder(CACHE / "debs")
    if not any(kept.glob(f"{package}_*.deb")):
        with step(f"download {package} of the next Debian release"):
            run([HERE / "recipes" / "newer-package", kept, package], env={**os.environ, **QUIET})
    return sorted(kept.glob(f"{package}_*.deb"))[-1]


def _installed(package: str) -> bool:
    return answers(["sh", "-c", 'dpkg-query -W -f "\\${Status}" "$1" | grep -q "ok installed"', "sh", package])
