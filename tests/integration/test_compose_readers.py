"""What people read of Compose applications of others: what is in the way, what an error is, what would change."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.integration.conftest import free_port
from tests.integration.foreign import Foreign, application
from tests.lab.images import Images

SECRET = "x9Kq2T77aBv3"
#: db complains like PostgreSQL whose health check asks as a user that there is not
HALL = """
services:
  web:
    build: .
    image: "hall-web:${APP_VERSION}"
    init: true
    command: ["sh", "-c", "eval \\"$$SAYS\\"; exec sleep 3600"]
    env_file: ./conf/.env.prod
    environment: {SAYS: "${SAYS:-true}", DATABASE: "${DATABASE}", APP_FOLDER: "${APP_FOLDER}"}
    ports: ["127.0.0.1:${PORT}:8080"]
  db:
    image: ${BUSYBOX_IMAGE}
    init: true
    command: ["sh", "-c", "while true; do echo 'FATAL:  role \\"root\\" does not exist'; sleep 0.3; done"]
"""
CHECKS = [{"name": "Containers", "kind": "containers"}, {"name": "No error lines", "kind": "logs"}]


@pytest.fixture(scope="module")
def hall(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    """Its env file is in app_directory, as git ignores it."""
    folder = tmp_path_factory.mktemp("hall")
    (folder / "host/conf").mkdir(parents=True)
    (folder / "host/conf/.env.prod").write_text(f"SHOP_MODE={SECRET}\nSHOP_NAME=hall\n")
    made = application(
        folder, base_images, "hall", app_checks=CHECKS, app_directory=str(folder / "host"), app_stage="trial",
        app_env_files=[str(folder / ".env")], app_keep_good=1,
    )  # fmt: skip
    made.env = {"DATABASE": "postgres", "APP_FOLDER": "/home/app/web"}
    made.variables["app_environment"]["PORT"] = str(free_port())
    made.write()
    made.commit("v1", **{"compose.yml": HALL})
    yield made
    made.remove()


def refused(app: Foreign, version: str, *arguments: str, **changes: Any) -> dict[str, Any]:
    """A deployment that touches nothing, with some variables changed."""
    before = app.containers()
    app.write(**changes)
    found = app.deploy(version, *arguments)
    app.write()
    assert (found.rc, found.target()["status"]) == (2, "refused"), found.output
    assert app.containers() == before
    return found.target()


def environment(app: Foreign, **changes: str) -> dict[str, Any]:
    return {"app_environment": {**app.variables["app_environment"], **changes}}


def test_an_env_file_that_is_nowhere_is_named_with_where_to_put_it(hall: Foreign) -> None:
    own = hall.folder / "host/conf/.env.prod"
    own.rename(own.with_name("away"))
    found = refused(hall, "v1")
    own.with_name("away").rename(own)
    assert found["reason"] == "env_file_missing"
    assert str(own) in found["hint"]


def test_a_log_of_the_database_decides_nothing_and_an_env_file_of_the_host_is_used(hall: Foreign) -> None:
    found = hall.deploy("v1", reason="to see it")
    assert found.rc == 0, found.output
    assert hall.inside("web", "sh", "-c", "echo $SHOP_MODE $SHOP_NAME") == f"{SECRET} hall"
    about = found.target()["about"]
    assert (about["application"], about["environment"], about["reason"]) == (hall.name, "trial", "to see it")
    assert all(f"{name}: {value}" in found.said for name, value in about.items())


def test_an_env_file_is_that_of_the_folder_of_today(hall: Foreign) -> None:
    assert refused(hall, "v1", app_directory="")["reason"] == "env_file_missing"
    (hall.folder / "other/conf").mkdir(parents=True)
    (hall.folder / "other/conf/.env.prod").write_text("SHOP_NAME=annex\n")
    hall.write(app_directory=str(hall.folder / "other"))
    foretold = hall.deploy("v1", "--check")
    hall.write()
    assert foretold.target()["services"] == ["web"], foretold.output
    assert hall.deploy("v1").target()["status"] == "unchanged"


def test_a_check_of_a_service_that_is_not_there_is_refused_with_the_name_that_was_meant(hall: Foreign) -> None:
    wrong = [*CHECKS, {"name": "No error lines at all", "kind": "logs", "services": ["wbe"]}]
    found = refused(hall, "v1", app_checks=wrong)
    assert all(word in found["failure"]["error"] for word in ("'wbe'", "'web'", "No error lines at all"))
    hall.write(app_checks=wrong)
    verified = hall.play("verify")
    hall.write()
    states = {check["name"]: check["state"] for check in verified.target()["checks"]}
    assert (verified.rc, states["No error lines at all"]) == (2, "error"), verified.output


def test_a_difference_shows_the_port_and_no_secret(hall: Foreign) -> None:
    before, after, own = (
        hall.variables["app_environment"]["PORT"],
        str(free_port()),
        hall.folder / "host/conf/.env.prod",
    )
    own.write_text(own.read_text().replace(SECRET, SECRET[::-1]))
    hall.write(**environment(hall, PORT=after))
    found = hall.deploy("v1", "--check", "--diff")
    hall.write()
    own.write_text(own.read_text().replace(SECRET[::-1], SECRET))
    assert found.rc == 0, found.output
    lines = found.output.splitlines()
    ports = [line for line in lines if line.startswith(("-services.web.ports", "+services.web.ports"))]
    assert [before in ports[0], after in ports[1], len(ports)] == [True, True, 2]
    assert [line[0] for line in lines if "environment.SHOP_MODE" in line] == ["-", "+"]
    assert not any("SHOP_NAME" in line for line in lines)
    assert SECRET not in found.output
    assert SECRET[::-1] not in found.output


@contextlib.contextmanager
def another_container(image: str, *options: str) -> Iterator[str]:
    argv = ["docker", "run", "--detach", "--rm", "--init", *options, image, "sh", "-c", "echo one; exec sleep 600"]
    container = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield container
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


def test_who_has_a_port_is_said_before_anything_is_changed(hall: Foreign, base_images: Images) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = refused(hall, "v1", **environment(hall, PORT=str(server.getsockname()[1])))
    assert found["reason"] == "port_in_use"
    assert str(os.getpid()) in found["failure"]["error"]
    name, port = f"hall-{secrets.token_hex(3)}", str(free_port())
    with another_container(base_images.busybox, "--name", name, "--publish", f"127.0.0.1:{port}:80"):
        assert name in refused(hall, "v1", **environment(hall, PORT=port))["failure"]["error"]


def test_names_of_others_and_logs_that_nobody_can_read_are_said_at_once(hall: Foreign, base_images: Images) -> None:
    name = f"hall-{secrets.token_hex(3)}"
    more = f"    container_name: {name}\n    networks: [front]\n    logging: {{driver: none}}\n"
    rest = f"networks:\n  front: {{external: true, name: {name}}}\n"
    hall.commit("v-more", **{"compose.yml": HALL.replace("  db:\n", f"{more}  db:\n") + rest})
    with another_container(base_images.busybox, "--name", name):
        found = refused(hall, "v-more", "--check")
    assert found["reason"] == "object_of_another"
    error = found["failure"]["error"]
    assert all(words in error for words in (f"container name {name}", f"network {name}", "No error lines", "none"))


def test_a_log_without_anything_to_read_is_final(base_images: Images) -> None:
    with (
        another_container(base_images.busybox, "--log-driver", "none") as container,
        Project("any") as project,
        pytest.raises(Refused) as error,
    ):
        list(project.log_of(container))
    assert "none" in error.value.message


def test_an_error_in_colour_ends_a_deployment_and_words_are_readable(hall: Foreign) -> None:
    said = r"printf '\033[31mERROR\033[0m %s %s in %s/x.py of database\n' $DATABASE $SHOP_MODE $APP_FOLDER"
    hall.write(**environment(hall, SAYS=f"while sleep 0.2; do {said}; done"))
    found = hall.deploy("v1")
    hall.write()
    assert (found.rc, found.target()["status"]) == (2, "rolled_back"), found.output
    failed = [check for check in found.target()["failure"]["checks"] if check["state"] == "fail"]
    assert [check["name"] for check in failed] == ["No error lines"]
    assert "ERROR postgres ******** in /home/app/web/x.py of database" in failed[0]["reason"]
    assert SECRET not in found.output


def test_the_error_of_compose_comes_before_its_progress(hall: Foreign) -> None:
    hall.commit("v-device", **{"compose.yml": HALL.replace("  db:\n", "    devices: [/dev/nonesuch]\n  db:\n")})
    found = hall.deploy("v-device")
    assert found.target()["status"] == "rolled_back", found.output
    error = found.target()["failure"]["error"]
    assert "/dev/nonesuch" in error
    assert "Container" not in error
    with contextlib.closing(docker.from_env()) as client:
        assert client.containers.get(hall.containers()["web"][0]).status == "running"
