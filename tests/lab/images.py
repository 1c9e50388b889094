"""The base images: official ones where they can be pulled, else stand-ins made of Debian that behave alike.

A host of the newest generation has databases of its own generation.
"""

import hashlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.lab import debian, engine
from tests.lab.docker import docker, exists, inspect
from tests.lab.lock import alone
from tests.lab.paths import CACHE, HERE, folder
from tests.lab.steps import LabError, answers, run, step

RECIPES = HERE / "recipes"
BASE, BASE_NEWEST = "doppelganger-lab/base:12", "doppelganger-lab/base:sid"
#: what each is where it can be pulled, and made of where not
BASES = {BASE: ("debian:12-slim", "bookworm"), BASE_NEWEST: ("debian:sid-slim", "sid")}
MACHINE = "doppelganger-lab/machine:12"
MACHINE_NEWEST, POSTGRES_NEWEST, REDIS_NEWEST = (
    "doppelganger-lab/newest:sid", "doppelganger-lab/postgres:18", "doppelganger-lab/redis:8",
)  # fmt: skip
#: how the recipes call those of which there are two
SERVICES = {POSTGRES_NEWEST: "postgres-newest", REDIS_NEWEST: "redis-newest"}
#: set where tests run on a host of that generation, whose engine has its images already
GENERATION = "LAB_GENERATION"
KEPT = CACHE / "images"
# what each group is made by: a change of it, and of nothing else, makes the group again
PARTS = {
    "apps": ["base", "compose.yaml", "python", "postgres", "redis", "busybox"],
    "machine": ["base", "compose.yaml", "machine", "mirror", "newer-package", "runc"],
    "newest": ["base", "compose.yaml", "machine", "newest", "postgres", "redis", "runc"],
}


@dataclass(frozen=True)
class Images:
    python: str
    postgres: str
    redis: str
    busybox: str


OFFICIAL = Images("python:3.11-slim", "postgres:15", "redis:7", "busybox:1")
STAND_INS = Images(
    python="doppelganger-lab/python:3.11",
    postgres="doppelganger-lab/postgres:15",
    redis="doppelganger-lab/redis:7",
    busybox="doppelganger-lab/busybox:1",
)


@alone()
def ensure() -> Images:
    engine.ensure()
    if os.environ.get(GENERATION) == "newest":
        return _newest(OFFICIAL if exists("image", OFFICIAL.busybox) else STAND_INS)
    names = OFFICIAL
    if not all(exists("image", name) for name in _list(OFFICIAL)):
        names = STAND_INS
        if not _current("apps", _list(STAND_INS)):
            if _pull(_list(OFFICIAL)):
                names = OFFICIAL
            else:
                _build("apps", _list(STAND_INS))
    _write_env(names)
    return names


@alone()
def machine() -> str:
    """The image of a fleet host and of the registry."""
    engine.ensure()
    if not _current("machine", [MACHINE]):
        _build("machine", [MACHINE])
    return MACHINE


@alone()
def newest() -> tuple[str, Path]:
    """The image of a fleet host of the newest generation, and its applications' images as one file."""
    names = _newest(ensure())
    built = [MACHINE_NEWEST, POSTGRES_NEWEST, REDIS_NEWEST]
    if not _current("newest", built):
        _build("newest", built, BASE_NEWEST)
    kept = folder(KEPT) / f"apps-newest-{_recipe('newest')}-{_recipe('apps')}.tar"
    if not kept.exists():
        for stale in KEPT.glob("apps-newest-*.tar"):
            stale.unlink()
        _save(kept, _list(names))
    return MACHINE_NEWEST, kept


def _newest(names: Images) -> Images:
    return replace(names, postgres=POSTGRES_NEWEST, redis=REDIS_NEWEST)


def tar(names: Images) -> Path:
    """The images as one file that another engine can load."""
    kept = _tar("apps")
    if names == OFFICIAL:
        kept = folder(KEPT) / "official.tar"
    if not kept.exists():
        _save(kept, _list(names))
    return kept


def env_file() -> Path:
    return CACHE / "images.env"


def _write_env(names: Images) -> None:
    lines = [f"{kind.upper()}_IMAGE={name}" for kind, name in asdict(names).items()]
    folder(CACHE)
    env_file().write_text("\n".join(lines) + "\n")


def _list(names: Images) -> list[str]:
    return list(asdict(names).values())


def _recipe(group: str) -> str:
    parts = [RECIPES / part for part in PARTS[group]]
    files = sorted(path for part in parts for path in (part, *part.rglob("*")) if path.is_file())
    content = b"".join(path.name.encode() + path.read_bytes() for path in files)
    return hashlib.sha256(content).hexdigest()[:12]


def _tar(group: str) -> Path:
    return folder(KEPT) / f"{group}-{_recipe(group)}.tar"


def _current(group: str, names: list[str]) -> bool:
    """Whether the engine has them as the recipes of this checkout make them, after a load where that helps."""
    if _labelled(group, names):
        return True
    if not _tar(group).exists():
        return False
    with step(f"load the cached images ({group})"):
        docker("load", "--quiet", "--input", _tar(group))
    return _labelled(group, names)


def _labelled(group: str, names: list[str]) -> bool:
    wanted = _recipe(group)
    return all(inspect("image", name, '{{index .Config.Labels "lab.recipe"}}') == wanted for name in names)


def _pull(names: list[str]) -> bool:
    with step("try to pull the official images"):
        # a name that cannot be pulled at all answers at once; the time is for the layers
        return all(answers(["docker", "pull", "--quiet", name], timeout=180) for name in names)


def _build(group: str, names: list[str], of: str = BASE) -> None:
    base(of)
    services = [SERVICES.get(name) or name.partition("/")[2].partition(":")[0] for name in names]
    with step(f"build {', '.join(services)} (1 to 3 minutes)"):
        env = {**os.environ, "LAB_RECIPE": _recipe(group)}
        docker("compose", "--file", RECIPES / "compose.yaml", "build", *services, env=env)
    for stale in KEPT.glob(f"{group}-????????????.tar"):
        stale.unlink()
    _save(_tar(group), names)


def _save(kept: Path, names: list[str]) -> None:
    with step(f"keep {', '.join(names)} in {kept}"):
        partial = kept.with_suffix(".partial")
        docker("save", "--output", partial, *names)
        partial.rename(kept)


def base(name: str = BASE) -> None:
    """The image that others are built on."""
    if exists("image", name):
        return
    official, suite = BASES[name]
    if _pull([official]):
        docker("tag", official, name)
        return
    if not debian.may_install():
        raise LabError("no base image can be pulled, and making one takes debootstrap: run this as root on Debian 12")
    debian.install(["debootstrap"])
    with step(f"make an image of Debian {suite} with debootstrap (about a minute)"):
        run([RECIPES / "base", folder(CACHE / "work") / f"base-{suite}", name, suite])
