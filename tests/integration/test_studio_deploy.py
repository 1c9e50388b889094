"""Deploying and rolling back on the real engine: only what differs is touched, and what is recorded comes back."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.integration.application import Application
from tests.integration.observed import assert_described, disk_below, engine_of, everything, recreated
from tests.integration.test_studio_failures import request

ROTATED = "rotated-2xVq8Lr0"


@pytest.fixture(scope="module")
def repository(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A link to the source that a test can remove."""
    link = tmp_path_factory.mktemp("link") / "studio.git"
    link.symlink_to(source)
    return link


@pytest.fixture(scope="module")
def studio(app: Application, repository: Path) -> Application:
    """The studio, from a repository that can go away."""
    app.variables["app_repository"] = str(repository)
    app.write()
    return app


@contextlib.contextmanager
def gone(link: Path) -> Iterator[None]:
    """The source is away while the body runs."""
    target = link.readlink()
    link.unlink()
    yield
    link.symlink_to(target)


def secret_key(app: Application) -> str:
    """The value that the running app was given."""
    container, _, _ = app.containers()["app"]
    with contextlib.closing(docker.from_env()) as client:
        environment = dict(pair.split("=", 1) for pair in client.containers.get(container).attrs["Config"]["Env"])
    return str(environment["SECRET_KEY"])


def test_checking_the_first_deployment_makes_nothing(studio: Application) -> None:
    run = studio.deploy("v0.1.0", "--check", "--diff")
    assert run.rc == 0, run.output
    assert run.target()["changed"]
    assert run.target()["services"] == ["app", "dashboard", "postgres", "redis"]
    assert not studio.state.exists()
    assert not any(engine_of(studio).values())


def test_the_first_deployment_brings_everything_up(studio: Application) -> None:
    run = studio.deploy("v0.1.0")
    assert run.rc == 0, run.output
    assert run.target()["status"] == "ok"
    assert run.changed() > 0
    assert run.target()["backup"] is None
    assert sorted(studio.containers()) == ["app", "dashboard", "postgres", "redis"]
    assert request(f"{studio.url}/api/version")["version"] == "v0.1.0"
    assert_described(studio, run)
    request(f"{studio.url}/api/projects", {"name": "survivor"})


@pytest.mark.parametrize("mode", [("--check",), ()], ids=["check", "do"])
def test_deploying_what_runs_changes_nothing(studio: Application, mode: tuple[str, ...]) -> None:
    before = everything(studio)
    run = studio.deploy("v0.1.0", *mode)
    assert run.rc == 0, run.output
    assert (run.target()["status"], run.target()["changed"], run.changed()) == ("unchanged", False, 0)
    assert everything(studio) == before
    assert_described(studio, run)


def test_a_new_version_replaces_the_release_services_alone_as_predicted(studio: Application) -> None:
    studio.env["SECRET_KEY"], before = ROTATED, studio.containers()
    studio.write()
    seen = everything(studio)
    check = studio.deploy("v0.2.0", "--check", "--diff")
    assert check.rc == 0, check.output
    assert everything(studio) == seen

    run = studio.deploy("v0.2.0", reason="tags")

    assert run.rc == 0, run.output
    assert recreated(before, studio.containers()) == ["app", "dashboard"] == check.target()["services"]
    assert (
        (check.changed() > 0, check.target()["changed"]) == (run.changed() > 0, run.target()["changed"]) == (True, True)
    )
    assert run.target()["services"] == ["app", "dashboard"]
    assert run.target()["schema_moved"] is True
    assert secret_key(studio) == ROTATED
    assert "survivor" in json.dumps(request(f"{studio.url}/api/projects"))
    assert_described(studio, check, run)


def test_the_backup_before_the_migration_is_recorded(studio: Application) -> None:
    name = studio.current()["backup"]
    record = studio.read(f"backups/{name}/backup.json")
    dump = (studio.state / "backups" / name / "dump").read_bytes()
    assert dump.startswith(b"PGDMP")
    assert record["size"] == len(dump) > 0
    assert record["sha256"] == hashlib.sha256(dump).hexdigest()
    assert record["entries"] > 0
    assert record["release"] == "0001-v0.1.0"
    assert record["migration_head"] < studio.current()["migration"]["after"]


def test_a_rollback_brings_image_and_configuration_back_without_the_source(
    studio: Application, repository: Path
) -> None:
    before, images = studio.containers(), engine_of(studio)["images"]
    with gone(repository):
        check = studio.play("rollback", "--check", "--diff", release="v0.1.0")
        run = studio.play("rollback", release="v0.1.0", reason="tags are wrong")
    assert check.rc == 0, check.output
    assert run.rc == 0, run.output
    assert recreated(before, studio.containers()) == ["app", "dashboard"] == check.target()["services"]
    recorded = {service: image["id"] for service, image in studio.current()["images"].items()}
    assert {service: image for service, (_, _, image) in studio.containers().items()} == recorded
    assert engine_of(studio)["images"] == images, "something was built"
    assert secret_key(studio) == studio.secrets[1]
    assert studio.current()["version"] == request(f"{studio.url}/api/version")["version"] == "v0.1.0"
    assert "survivor" in json.dumps(request(f"{studio.url}/api/projects"))
    assert_described(studio, check, run)


@pytest.mark.parametrize("release", ["v0.1.0", "0001-v0.1.0", "last good"])
def test_rolling_back_again_changes_nothing(studio: Application, release: str) -> None:
    before = everything(studio)
    run = studio.play("rollback", release=release)
    assert run.rc == 0, run.output
    assert (run.target()["status"], run.changed()) == ("unchanged", 0)
    assert everything(studio) == before


def test_the_release_that_was_left_says_why_and_can_be_chosen(studio: Application) -> None:
    left = studio.read("releases/0002-v0.2.0/record.json")
    assert left["status"] == "left"
    assert "tags are wrong" in left["message"]
    before = everything(studio)

    run = studio.play("rollback", "--check", release="previous")

    assert run.rc == 0, run.output
    assert (run.target()["status"], run.target()["version"]) == ("ok", "v0.2.0")
    assert everything(studio) == before
    assert_described(studio, run)


def test_what_somebody_stopped_is_repaired_by_deploying_the_same_version(studio: Application) -> None:
    studio.env["SECRET_KEY"] = studio.secrets[1]
    studio.write()
    before = studio.containers()
    with contextlib.closing(docker.from_env()) as client:
        client.containers.get(before["app"][0]).stop(timeout=1)

    run = studio.deploy("v0.1.0")

    assert run.rc == 0, run.output
    assert run.target()["status"] == "ok"
    assert any(reason.startswith("app is exited") for reason in run.target()["reasons"])
    assert recreated(before, studio.containers()) == ["app"]
    assert studio.play("verify").rc == 0
    assert_described(studio, run)


def test_a_release_whose_image_is_gone_is_refused(studio: Application) -> None:
    assert studio.deploy("v0.2.1").rc == 0
    image = studio.read("releases/0001-v0.1.0/record.json")["images"]["app"]["id"]
    with contextlib.closing(docker.from_env()) as client:
        for tag in client.images.get(image).tags:
            client.images.remove(tag)
    before = everything(studio)

    run = studio.play("rollback", release="v0.1.0")

    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert re.search(r"cannot be restored; missing: .*the image of app \(sha256:", run.target()["message"])
    assert studio.current()["id"] in run.target()["hint"]
    assert everything(studio) == before
    assert disk_below(studio.state) == before["disk"]
