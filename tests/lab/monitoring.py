"""Prometheus, Alertmanager, their tools and exporters: as programs, and as images in place of the official ones."""

import hashlib
from pathlib import Path

from tests.lab import debian, engine, images
from tests.lab.docker import docker, inspect
from tests.lab.lock import alone
from tests.lab.paths import CACHE, HERE, folder
from tests.lab.steps import LabError, run, step

RECIPE = HERE / "recipes" / "monitoring"
PROGRAMS = CACHE / "monitoring"
#: an image for each part, by the name that the role ``observe`` has for it
IMAGES = {
    "prometheus": "doppelganger-lab/prometheus:2.42",
    "alertmanager": "doppelganger-lab/alertmanager:0.25",
    "host": "doppelganger-lab/node-exporter:1.5",
    "database": "doppelganger-lab/postgres-exporter:0.11",
    "cache": "doppelganger-lab/redis-exporter:1.45",
}


@alone()
def programs() -> Path:
    """The folder with ``promtool``, ``amtool`` and the rest."""
    made = PROGRAMS / ".recipe"
    if not made.exists() or made.read_text() != _recipe():
        if not debian.may_install():
            raise LabError("the programs of monitoring come out of Debian's packages: run this as root on Debian 12")
        folder(PROGRAMS.parent)
        with step("take Prometheus, Alertmanager and exporters out of Debian's packages (10 seconds)"):
            run([RECIPE / "programs", PROGRAMS])
        made.write_text(_recipe())
    return PROGRAMS


@alone()
def ensure() -> dict[str, str]:
    """The images on the engine."""
    engine.ensure()
    images.base()
    for name in IMAGES.values():
        if inspect("image", name, '{{index .Config.Labels "lab.recipe"}}') == _recipe():
            continue
        with step(f"build {name}"):
            target = name.partition("/")[2].partition(":")[0]
            options = ["--target", target, "--tag", name, "--label", f"lab.recipe={_recipe()}"]
            docker("build", "--quiet", *options, "--file", RECIPE / "Dockerfile", programs())
    return IMAGES


def _recipe() -> str:
    content = b"".join(path.read_bytes() for path in sorted(RECIPE.iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]
