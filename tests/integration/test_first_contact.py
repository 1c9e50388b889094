"""An application that runs already when our first deployment comes: found, named, recorded, and returned to."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from tests.integration.application import Application
from tests.integration.conftest import free_port
from tests.integration.observed import recreated
from tests.lab.images import Images

SLEEPS = {"command": ["sleep", "1000000"], "init": True}
FOUND = "0000-found"


def by_hand(name: str, folder: Path, *verb: str) -> None:
    """What somebody types."""
    command = ["docker", "compose", "-p", name, *verb]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def inside(name: str, service: str, *command: str) -> str:
    argv = ["docker", "exec", f"{name}-{service}-1", *command]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, tag: str, services: dict[str, Any], dockerfile: str) -> None:
    """A version of the application."""
    (folder / "compose.yml").write_text(yaml.safe_dump({"services": services, "volumes": {"data": None}}))
    (folder / "Dockerfile").write_text(dockerfile)
    git(folder, "add", "-A")
    git(folder, "commit", "-m", tag)
    git(folder, "tag", tag)


@pytest.fixture(scope="module")
def shop(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """web, db and grafana, started by hand; the versions to deploy have no grafana, and the first ones do not work."""
    folder, image, port = tmp_path_factory.mktemp("shop"), base_images.busybox, free_port()
    name = f"shop-{secrets.token_hex(3)}"
    web = {"ports": [f"127.0.0.1:{port}:8080"], "environment": {"GREETING": "be$$fore"}, **SLEEPS}
    db = {"image": image, "volumes": ["data:/data", "/nameless"], **SLEEPS}
    before = {"web": {"image": image, "depends_on": ["db"], **web}, "db": db, "grafana": {"image": image, **SLEEPS}}
    source = folder / "source"
    source.mkdir()
    git(source, "init", "-q", ".")
    ours = {"web": {"build": ".", **web, "environment": {"GREETING": "after"}}, "db": {"image": image, **SLEEPS}}
    commit(source, "v0-build", ours, "FROM nowhere.invalid/x:1\n")
    commit(source, "v0-crash", {**ours, "web": {**ours["web"], "command": ["false"]}}, f"FROM {image}\n")
    commit(source, "v1", ours, f"FROM {image}\nLABEL v=1\n")
    there = folder / "there"
    there.mkdir()
    (there / "compose.yml").write_text(yaml.safe_dump({"services": before, "volumes": {"data": None}}))
    variables = {
        "app_name": name, "app_platform": "compose", "app_source": "git", "app_repository": str(source),
        "app_state_dir": str(folder / "state"), "app_release_services": ["web"], "app_soak_seconds": 1,
        "app_start_timeout": 30, "app_disk_free_mb": 100,
        "app_checks": [{"name": "Containers", "kind": "containers"},
                       {"name": "Of the new version", "kind": "exec", "service": "web",
                        "command": ["sh", "-c", "test $GREETING = after"]}],
    }  # fmt: skip
    application = Application(name, folder, variables, {}, f"http://127.0.0.1:{port}/")
    by_hand(name, there, "up", "-d")
    inside(name, "db", "sh", "-c", "echo kept > /data/file; echo kept > /nameless/file")
    # somebody has changed the file since: of web only the engine knows how it was started
    before["web"]["environment"] = {"GREETING": "changed"}
    (there / "compose.yml").write_text(yaml.safe_dump({"services": before, "volumes": {"data": None}}))
    yield application
    application.remove()


def runs_as_before(shop: Application) -> None:
    """Everything that ran by hand runs, with its environment, its port and its data."""
    with contextlib.closing(docker.from_env()) as client:
        states = {service: client.containers.get(one[0]).status for service, one in shop.containers().items()}
        web = client.containers.get(shop.containers()["web"][0])
        assert web.attrs["HostConfig"]["PortBindings"]["8080/tcp"][0]["HostPort"] == shop.url.split(":")[2].strip("/")
    assert states == dict.fromkeys(["db", "grafana", "web"], "running")
    assert inside(shop.name, "web", "sh", "-c", "echo $GREETING") == "be$fore"
    assert inside(shop.name, "db", "cat", "/data/file", "/nameless/file") == "kept\nkept"


def test_what_runs_is_named_and_not_touched(shop: Application) -> None:
    before = shop.containers()
    for arguments in ([], ["--check"]):
        run = shop.deploy("v0-crash", *arguments)
        assert (run.rc, run.target()["status"]) == (2, "refused"), run.output
        error = run.target()["failure"]["error"]
        assert all(word in error for word in ("db (", "grafana (", "web (", "replace db, web", f"{shop.name}_data"))
        assert "adopt=yes" in run.target()["hint"]
    assert shop.containers() == before
    assert not (shop.state / "releases").exists()


def test_a_check_says_what_would_go(shop: Application) -> None:
    before = shop.containers()
    run = shop.deploy("v0-crash", "--check", adopt="yes")
    target = run.target()
    assert (run.rc, target["services"], target["release_before"]) == (0, ["db", "grafana", "web"], FOUND), run.output
    assert "nothing was deployed here before" not in target["reasons"]
    assert shop.containers() == before
    assert not (shop.state / "releases").exists()


def test_what_fails_before_anything_is_changed_leaves_it_alone(shop: Application) -> None:
    before = shop.containers()
    run = shop.deploy("v0-build", adopt="yes")
    assert (run.rc, run.target()["status"], run.target()["release_after"]) == (2, "rolled_back", FOUND), run.output
    assert shop.containers() == before
    assert "nothing ran before" not in run.said
    assert shop.read(f"releases/{FOUND}/record.json")["images"]["grafana"]["id"] == before["grafana"][2]


def test_a_first_deployment_that_fails_brings_everything_back(shop: Application) -> None:
    before = shop.containers()
    run = shop.deploy("v0-crash")  # it has been said once
    assert (run.rc, run.target()["status"], run.target()["release_after"]) == (2, "rolled_back", FOUND), run.output
    assert run.target()["release_before"] == FOUND
    assert recreated(before, shop.containers()) == ["db", "grafana", "web"]
    runs_as_before(shop)


def test_it_can_be_returned_to_from_a_release_that_works(shop: Application) -> None:
    run = shop.deploy("v1")
    assert (run.rc, run.target()["status"]) == (0, "ok"), run.output
    assert sorted(shop.containers()) == ["db", "web"]
    back = shop.play("rollback", release="previous")
    assert (back.rc, back.target()["release_after"]) == (0, FOUND), back.output
    runs_as_before(shop)
    again = shop.play("rollback", release="previous")
    assert (again.rc, again.target()["version"]) == (0, "v1"), again.output
    assert shop.read(f"releases/{FOUND}/record.json")["status"] == "left"


def test_a_paused_container_goes_on(shop: Application) -> None:
    with contextlib.closing(docker.from_env()) as client:
        client.containers.get(shop.containers()["web"][0]).pause()
    run = shop.play("rollback")
    assert (run.rc, run.target()["status"]) == (0, "ok"), run.output
    assert shop.play("verify").rc == 0


def test_a_second_copy_is_questioned(shop: Application, tmp_path: Path) -> None:
    shop.write(app_name=f"{shop.name}-2", app_state_dir=str(tmp_path / "state"))
    run = shop.deploy("v1", "--check")
    shop.write()
    assert (run.rc, run.target()["status"]) == (2, "refused"), run.output
    assert f"app_name to {shop.name}." in run.target()["hint"]
    assert json.dumps(shop.name) not in str(list(tmp_path.iterdir()))


def test_what_somebody_starts_beside_it_is_not_removed_without_a_word(shop: Application, base_images: Images) -> None:
    extra = shop.folder / "extra.yml"
    extra.write_text(yaml.safe_dump({"services": {"adminer": {"image": base_images.busybox, **SLEEPS}}}))
    by_hand(shop.name, shop.folder, "-f", str(extra), "up", "-d")
    git(shop.folder / "source", "tag", "v2")
    run = shop.deploy("v2")
    assert (run.rc, run.target()["status"]) == (2, "refused"), run.output
    assert "adminer" in run.target()["failure"]["error"]
    assert "adminer" in shop.containers()
