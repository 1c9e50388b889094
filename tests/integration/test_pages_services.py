"""Services beside a release: one ends when its work is done, one crashed long ago, one needs the release."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import docker
import pytest
import yaml

from tests.integration.application import ROOT, Application
from tests.integration.embedding import wait_until
from tests.integration.observed import recreated
from tests.lab.images import Images

CHECKS = [{"name": "Containers", "kind": "containers", "completed": ["init"]}]
#: crashes when it is told to, which it is from outside
BESIDE = "until rm /tmp/crash 2>/dev/null; do sleep 0.1; done; exit 1"
#: is of no use without what is behind it
PROXY: dict[str, Any] = {
    "command": ["sleep", "1000000"],
    "init": True,
    "healthcheck": {
        "test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://web:8080/"],
        "interval": "1s",
        "retries": 9,
    },
}


def compose_file(image: str) -> dict[str, Any]:
    """The pages, which wait for an init to have ended; their proxy; a service that is restarted when it crashes."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "examples/pages/compose.yml").read_text())
    found["services"]["web"]["depends_on"] = {"init": {"condition": "service_completed_successfully"}}
    found["services"]["init"] = {"image": image, "command": ["true"], "restart": "no"}
    found["services"]["beside"] = {"image": image, "command": ["sh", "-c", BESIDE], "restart": "always"}
    found["services"]["proxy"] = {"image": image, **PROXY}
    return found


@pytest.fixture(scope="module")
def site(pages: Application, base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """The pages with these services beside them, and a migration."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "compose.yml").write_text(yaml.safe_dump(compose_file(base_images.busybox)))
    migration = {"app_migration_service": "web", "app_migration_command": ["true"]}
    pages.variables.update({"app_directory": str(folder), "app_checks": CHECKS, **migration})
    pages.write()
    return pages


def has_restarted(container: str, times: int) -> bool:
    """Whether it runs after the engine restarted it so many times."""
    with contextlib.closing(docker.from_env()) as client:
        found = client.containers.get(container)
        return bool(found.status == "running" and found.attrs["RestartCount"] == times)


def crash(container: str, times: int) -> None:
    """Have it crash so many times, and wait until it runs again."""
    for number in range(1, times + 1):
        with contextlib.closing(docker.from_env()) as client:
            client.containers.get(container).exec_run(["touch", "/tmp/crash"])
        wait_until(functools.partial(has_restarted, container, number))


def test_one_that_ends_and_one_that_needs_the_release_come_up_with_the_first_deployment(site: Application) -> None:
    run = site.deploy("1.0")
    assert run.rc == 0, run.output
    assert run.target()["status"] == "ok"


def test_a_service_that_has_ended_is_no_difference(site: Application) -> None:
    before = site.containers()
    run = site.deploy("1.0")
    assert run.rc == 0, run.output
    assert (run.target()["status"], run.changed()) == ("unchanged", 0)
    assert site.containers() == before


def test_a_service_that_crashed_long_before_a_release_does_not_fail_it(site: Application) -> None:
    crash(site.containers()["beside"][0], 3)
    before = site.containers()
    check = site.deploy("1.1", "--check")
    run = site.deploy("1.1")
    assert run.rc == 0, run.output
    assert has_restarted(before["beside"][0], 3)
    assert recreated(before, site.containers()) == ["clock", "init", "web"] == check.target()["services"]
    assert run.target()["services"] == check.target()["services"]
