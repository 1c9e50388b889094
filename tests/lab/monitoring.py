"""Prometheus, Alertmanager, their tools and exporters: as programs, and as images in place of the official ones."""

import contextlib
import hashlib
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
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


@contextlib.contextmanager
def prometheus(data: Path, job: str, ask: Sequence[str] = ()) -> Iterator[str]:
    """The URL of a Prometheus that asks these addresses, or else itself, every second; it is gone after the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    target = {"job_name": job, "static_configs": [{"targets": [*ask] or [address]}]}
    config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [target]}
    # what is JSON is YAML as well
    (data / "prometheus.yml").write_text(json.dumps(config))
    files = {"config.file": data / "prometheus.yml", "storage.tsdb.path": data / "tsdb"}
    options = {**files, "web.listen-address": address}
    log = data / "log"
    with log.open("w") as output:
        flags = [f"--{name}={value}" for name, value in options.items()]
        process = subprocess.Popen([programs() / "prometheus", *flags], stdout=output, stderr=output)
    try:
        _until_ready(f"http://{address}/-/ready", log)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(60)


def _until_ready(url: str, log: Path) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=1).close()
            return
        time.sleep(0.1)
    raise LabError(f"Prometheus was not ready within a minute; it said: {log.read_text()[-2000:]}")


def _recipe() -> str:
    content = b"".join(path.read_bytes() for path in sorted(RECIPE.iterdir()))
    return hashlib.sha256(content).hexdigest()[:12]
