"""Applications as others write them, each of which lost something: its data, its only container, a secret."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.application import kill_all, start
from tests.integration.foreign import Foreign, application
from tests.lab.images import Images

#: a compose file in a folder of its own, with each way to mount what lies beside it
LEDGER = """
services:
  web:
    build: {context: ..}
    image: "ledger-web:${APP_VERSION}"
    init: true
    command: sleep 3600
    stop_grace_period: 1s
    volumes:
      - ./data:/data
      - ${PWD}/beside:/beside
      - {type: bind, source: ../uploads, target: /uploads}
      - ./conf/web.conf:/etc/web.conf
      - ../site:/site
      - named:/named
volumes:
  named: {driver_opts: {type: none, o: bind, device: ./named}}
"""
PLACES = ("/data", "/beside", "/uploads", "/named")


@pytest.fixture(scope="module")
def ledger(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    folder = tmp_path_factory.mktemp("ledger")
    made = application(folder, base_images, "ledger", app_compose_files=["deploy/compose.yml"], app_keep_good=2)
    files = {"deploy/compose.yml": LEDGER, "deploy/conf/web.conf": "one", "uploads/.gitkeep": "", "site/index": "one"}
    made.commit("v1", **files)
    for number in range(2, 6):
        made.commit(f"v{number}", **{"deploy/conf/web.conf": f"{number}"})
    yield made
    made.remove()


def trees(app: Foreign) -> set[str]:
    return {path.name for path in (app.state / "source").iterdir() if len(path.name) == 12}


def test_a_check_names_the_places_of_data(ledger: Foreign) -> None:
    found = ledger.deploy("v1", "--check")
    assert found.rc == 0, found.output
    said = "".join(found.output.split())  # a path is broken where the line ends
    assert f"{ledger.state}/data:beside,deploy/data,deploy/named,uploads" in said
    assert not ledger.state.exists()


def test_what_a_container_writes_is_there_after_the_next_commit(ledger: Foreign) -> None:
    assert ledger.deploy("v1").rc == 0
    for place in PLACES:
        ledger.inside("web", "sh", "-c", f"echo kept > {place}/customers; chown 1234 {place}/customers")
    found = ledger.deploy("v2")
    assert found.rc == 0, found.output
    assert [ledger.inside("web", "stat", "-c", "%u", f"{place}/customers") for place in PLACES] == ["1234"] * 4
    assert ledger.inside("web", "cat", "/etc/web.conf") == "2"
    assert ledger.deploy("v2").target()["status"] == "unchanged"


def test_data_that_an_earlier_release_has_in_its_work_tree_is_carried_over(ledger: Foreign) -> None:
    """As releases of an earlier version of this program have it."""
    place, old = ledger.state / "data/deploy/data", ledger.tree() / "deploy/data"
    recorded = ledger.state / "releases" / ledger.read("current.json")["release"] / "compose.json"
    recorded.write_text(recorded.read_text().replace(str(place), str(old)))
    old.rmdir()
    place.rename(old)
    up = ["docker", "compose", "-p", ledger.name, "-f", str(recorded), "up", "--detach"]
    subprocess.run(up, check=True, capture_output=True)
    ledger.inside("web", "sh", "-c", "echo more >> /data/customers")
    found = ledger.deploy("v3")
    assert found.rc == 0, found.output
    assert ledger.inside("web", "cat", "/data/customers") == "kept\nmore"
    assert (place / "customers").stat().st_uid == 1234
    assert trees(ledger) == {ledger.git("rev-parse", f"v{number}")[:12] for number in (2, 3)}


def test_a_rollback_finds_the_same_data(ledger: Foreign) -> None:
    ledger.inside("web", "sh", "-c", "for at in /data /named; do echo last >> $at/customers; done")
    assert ledger.play("rollback", release="v2").rc == 0
    said = ledger.inside("web", "cat", "/etc/web.conf", "/data/customers", "/named/customers")
    assert said == "2kept\nmore\nlast\nkept\nlast"


def test_what_was_written_beside_files_of_the_repository_is_not_left_behind(ledger: Foreign) -> None:
    ledger.inside("web", "sh", "-c", "echo hello > /site/guestbook")
    before, written = ledger.containers(), ledger.tree()
    found = ledger.deploy("v4")
    assert found.target()["status"] == "refused"
    assert "site/guestbook" in found.target()["message"]
    assert ledger.containers() == before
    # it is there still where somebody has moved what is needed, and overlooked a file
    (written / "site/guestbook").rename(ledger.folder / "overlooked")
    assert ledger.deploy("v4").rc == 0
    (ledger.folder / "overlooked").rename(written / "overlooked")
    found = ledger.deploy("v5")
    assert found.rc == 0, found.output
    assert (written / "overlooked").read_text() == "hello\n"
    assert "not in git (overlooked)" in found.said  # the path after it may be longer than the screen has room for


#: web takes its time to stop, and is made with a secret and a config of variables
DESK = """
services:
  web:
    build: .
    image: "desk-web:${APP_VERSION}"
    restart: always
    stop_grace_period: 60s
    command: ["sh", "-c", "trap 'sleep 8; exit 0' TERM; while true; do sleep 0.2; done"]
    environment: {VERSION: "${APP_VERSION}"}
    secrets: [token]
    configs: [{source: greeting, target: /greeting}]
secrets: {token: {environment: TOKEN}}
configs: {greeting: {environment: GREETING}}
"""


@pytest.fixture(scope="module")
def desk(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    folder = tmp_path_factory.mktemp("desk")
    files = [str(folder / ".env")]
    made = application(folder, base_images, "desk", app_env_files=files)
    made.env = {"TOKEN": "'a$b-0123456789'", "GREETING": "'good $day'"}
    made.write()
    for number in (1, 2, 3):
        made.commit(f"v{number}", **{"compose.yml": DESK})
    yield made
    made.remove()


def contents(app: Foreign) -> str:
    return app.inside("web", "cat", "/run/secrets/token", "/greeting")


def test_a_secret_and_a_config_of_variables_are_there_the_first_time(desk: Foreign) -> None:
    found = desk.deploy("v1")
    assert found.rc == 0, found.output
    assert contents(desk) == "a$b-0123456789good $day"


def test_a_half_made_container_is_not_started_as_it_is(desk: Foreign) -> None:
    recorded = desk.state / "releases" / desk.read("current.json")["release"] / "compose.json"
    subprocess.run(["docker", "rm", "--force", desk.containers()["web"][0]], check=True, capture_output=True)
    create = ["docker", "compose", "-p", desk.name, "-f", str(recorded), "create"]
    subprocess.run(create, capture_output=True, check=False)  # 2.26 gives up half-way, 2.40 makes it without its secret
    assert desk.states() == {"web": "created"}
    assert desk.deploy("v1").rc == 0
    assert contents(desk) == "a$b-0123456789good $day"


def test_the_time_of_stopping_does_not_count_against_starting(desk: Foreign) -> None:
    desk.write(app_start_timeout=5)
    found = desk.deploy("v2")
    assert found.rc == 0, found.output
    assert desk.inside("web", "sh", "-c", "echo $VERSION") == "v2"


def runs_on(app: Foreign, seconds: float) -> bool:
    """Whether the container runs for longer than one that is on its way out."""
    first = app.containers()
    time.sleep(seconds)
    return app.states() == {"web": "running"} and app.containers() == first


def test_a_container_that_somebody_stops_is_not_taken_for_running(desk: Foreign) -> None:
    stop = subprocess.Popen(["docker", "stop", desk.containers()["web"][0]], stdout=subprocess.DEVNULL)
    time.sleep(1)
    assert desk.states() == {"web": "running"}
    found = desk.play("rollback")
    assert stop.wait() == 0
    assert found.rc == 0, found.output
    assert found.target()["changed"]
    assert desk.states() == {"web": "running"}


def test_a_run_that_is_killed_while_a_container_stops_leaves_one_that_runs(desk: Foreign) -> None:
    process, marker, _ = start(desk.inventory, "deploy", version="v3")
    old = desk.containers()["web"][0]
    while not _half_made(desk.name):
        assert process.poll() is None
        time.sleep(0.1)
    kill_all(process, marker)
    for victim in _compose_of(desk.name):
        os.kill(victim, signal.SIGKILL)
    found = desk.play("rollback")
    assert found.rc == 0, found.output
    assert desk.containers()["web"][0] == old
    assert runs_on(desk, 9)
    assert desk.inside("web", "sh", "-c", "echo $VERSION") == "v2"


def _compose_of(project: str) -> list[int]:
    """The compose of a run, whose environment is its own and has no mark."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"--project-name\0{project}\0".encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def _half_made(project: str) -> str:
    listed = ["docker", "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project}"]
    return subprocess.run([*listed, "--filter", "status=created"], capture_output=True, text=True).stdout


#: nginx-flask-mongo of awesome-compose, which has a folder for each application, with other images
SHELF = """
services:
  web:
    image: ${BUSYBOX_IMAGE}
    volumes:
      - ./nginx/nginx.conf:/tmp/nginx.conf
    environment:
      - FLASK_SERVER_ADDR=backend:9091
    init: true
    command: sh -c "cp /tmp/nginx.conf /etc/default.conf && exec sleep 3600"
    depends_on:
      - backend

  backend:
    build:
      context: flask
      target: builder
    # flask requires SIGINT to stop gracefully
    # (default stop signal from Compose is SIGTERM)
    stop_signal: SIGINT
    environment:
      - FLASK_SERVER_PORT=9091
    volumes:
      - ./flask:/src
      - /src/node_modules
    depends_on:
      - mongo

  mongo:
    image: ${BUSYBOX_IMAGE}
    init: true
    command: sleep 3600
"""
FLASK = "FROM {} AS builder\nCMD mkdir -p /src/__pycache__; echo 1 > /src/__pycache__/x.pyc; trap 'exit 0' INT; {}\n"


@pytest.fixture(scope="module")
def shelf(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    made = application(
        tmp_path_factory.mktemp("shelf"), base_images, "shelf", app_release_services=["backend"], app_keep_good=1,
        app_compose_files=["nginx-flask-mongo/compose.yaml"],
    )  # fmt: skip
    docker = FLASK.format(base_images.busybox, "while true; do sleep 0.2; done")
    for number in (1, 2):
        made.commit(f"v{number}", **{
            "nginx-flask-mongo/compose.yaml": SHELF,
            "nginx-flask-mongo/nginx/nginx.conf": f"version {number}\n",
            "nginx-flask-mongo/flask/Dockerfile": docker,
            "nginx-flask-mongo/flask/server.py": f"version {number}\n",
        })  # fmt: skip
    yield made
    made.remove()


def test_an_application_in_a_folder_with_its_source_mounted_gets_each_version(shelf: Foreign) -> None:
    for number in (1, 2):
        found = shelf.deploy(f"v{number}")
        assert found.rc == 0, found.output
        assert shelf.inside("web", "cat", "/etc/default.conf") == f"version {number}"
        assert shelf.inside("backend", "cat", "/src/server.py") == f"version {number}"
    # what was made of the source goes with it
    assert trees(shelf) == {shelf.tree().name}


class Answers(http.server.BaseHTTPRequestHandler):
    """What an engine answers, with an id of its own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = json.dumps({"ID": "ANOTHER"}).encode() if self.path.endswith("/info") else b"OK"
        self.send_response(200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing."""


class OtherEngine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Something that the docker command takes for an engine."""

    daemon_threads = True


@pytest.fixture(scope="module")
def plain(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    """An application that nothing runs of."""
    made = application(tmp_path_factory.mktemp("plain"), base_images, "plain")
    made.commit("v1", **{"compose.yml": "services: {web: {build: .}}\n"})
    yield made
    made.remove()


@pytest.mark.parametrize(("way", "engine"), [("use", "dead"), ("variable", "dead"), ("variable", "nothing")])
def test_a_docker_context_that_does_not_work_is_named_beside_the_default(
    plain: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, engine: str
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    create = ["docker", "context", "create", "dead", "--docker", f"host=unix://{tmp_path}/dead.sock"]
    subprocess.run(create, check=True, capture_output=True)
    if way == "use":
        subprocess.run(["docker", "context", "use", engine], check=True, capture_output=True)
    else:
        monkeypatch.setenv("DOCKER_CONTEXT", engine)
    target = plain.deploy("v1").target()
    assert (target["status"], target["reason"]) == ("refused", "engine_unreachable"), target
    named = f"unix://{tmp_path}/dead.sock" if engine == "dead" else "nothing"
    assert all(word in target["message"] for word in (named, "unix:///var/run/docker.sock")), target
    assert "docker context use default" in target["hint"]


def test_a_docker_context_is_what_both_follow(plain: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "same.sock").symlink_to("/var/run/docker.sock")
    create = ["docker", "context", "create", "same", "--docker", f"host=unix://{tmp_path}/same.sock"]
    subprocess.run(create, check=True, capture_output=True)
    subprocess.run(["docker", "context", "use", "same"], check=True, capture_output=True)
    found = plain.deploy("v1", "--check")
    assert (found.rc, found.target()["status"]) == (0, "ok"), found.output


def test_a_docker_command_of_another_engine_is_refused(
    plain: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, command = tmp_path / "other.sock", tmp_path / "bin/docker"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nDOCKER_HOST=unix://{socket} exec {shutil.which("docker")} "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    with OtherEngine(str(socket), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        target = plain.deploy("v1").target()
        server.shutdown()
    assert (target["status"], target["reason"]) == ("refused", "engines_differ"), target
    assert all(one in target["message"] for one in (f"unix://{socket}", "unix:///var/run/docker.sock"))


def test_a_dead_engine_of_docker_host_is_named_once(
    plain: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts before a context, for both."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "nothing")
    target = plain.deploy("v1").target()
    assert (target["status"], target["reason"]) == ("refused", "engine_unreachable")
    assert target["message"].count(f"{tmp_path}/dead.sock") == 1
