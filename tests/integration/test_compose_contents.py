"""Applications as others write them, of which a part was not seen: contents of files, services that belong together."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import docker
import pytest

from tests.integration.foreign import Foreign, application
from tests.integration.observed import recreated
from tests.lab import registry
from tests.lab.images import Images

ROCKET = "\N{ROCKET}"
#: web is in the network of another service and waits for the end of a third; a profile has left a fourth out
HAMPER = """
services:
  web:
    build: .
    image: "hamper-web:${APP_VERSION}"
    network_mode: service:vpn
    ipc: service:vpn
    pid: service:vpn
    volumes_from: [vpn]
    command: sh -c "echo hello > /tmp/index.html && exec httpd -f -p 8080 -h /tmp"
    stop_grace_period: 1s
    environment: {ROCKET: "ROCKET $$HOME", GREETING: "hello ${GREETING}"}
    depends_on:
      init: {condition: service_completed_successfully}
      mysql: {condition: service_started, required: false}
  vpn: {image: "${BUSYBOX_IMAGE}", init: true, command: sleep 3600, ipc: shareable, volumes: [/nameless]}
  init: {image: "${BUSYBOX_IMAGE}", command: "true"}
  mysql: {image: "${BUSYBOX_IMAGE}", command: sleep 3600, profiles: [mysql]}
  proxy:
    image: "${BUSYBOX_IMAGE}"
    init: true
    command: sleep 3600
    configs: [{source: inline, target: /inline}, {source: file, target: /file}]
    security_opt: ["seccomp:./chrome.json"]
configs:
  inline: {content: "CONTENT ROCKET"}
  file: {file: ./proxy.conf}
"""
PAGE = [
    {"name": "Containers", "kind": "containers"},
    {"name": "Page", "kind": "http", "service": "web", "port": 8080, "url": "/", "body_contains": "hello"},
]


@pytest.fixture(scope="module")
def hamper(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    folder = tmp_path_factory.mktemp("hamper")
    made = application(folder, base_images, "hamper", app_keep_good=2, app_checks=PAGE)
    for version, inline, file in (("v1", "one", "one"), ("v2", "two", "one"), ("v3", "two", "three")):
        text = HAMPER.replace("CONTENT", inline).replace("ROCKET ", f"{ROCKET} ").replace(' ROCKET"', f' {ROCKET}"')
        profile = '{"defaultAction": "SCMP_ACT_ALLOW"}'
        made.commit(version, **{"compose.yml": text, "proxy.conf": file, "chrome.json": profile})
    yield made
    made.remove()


def contents(app: Foreign) -> str:
    return app.inside("proxy", "cat", "/inline", "/file")


def releases(app: Foreign) -> list[str]:
    return sorted(path.name for path in (app.state / "releases").iterdir())


def test_services_that_belong_together_are_deployed(hamper: Foreign) -> None:
    found = hamper.deploy("v1")
    assert found.rc == 0, found.output
    assert [(check["name"], check["state"]) for check in found.target()["checks"]] == [
        ("Containers", "pass"),
        ("Page", "pass"),
    ]
    assert hamper.states() == {"init": "exited", "proxy": "running", "vpn": "running", "web": "running"}
    assert hamper.inside("web", "sh", "-c", "echo $ROCKET, $GREETING.") == f"{ROCKET} $HOME, hello ."
    assert contents(hamper) == f"one {ROCKET}one"
    assert "GREETING" in found.said


def test_the_same_again_changes_nothing_and_makes_no_release(hamper: Foreign) -> None:
    before = hamper.containers()
    for _ in range(2):
        found = hamper.deploy("v1")
        assert (found.rc, found.target()["status"]) == (0, "unchanged"), found.output
    assert releases(hamper) == ["0001-v1"]
    assert hamper.play("verify").rc == 0
    assert hamper.containers() == before


def test_another_content_is_another_configuration_and_goes_back_with_it(hamper: Foreign) -> None:
    before = hamper.containers()
    foretold = hamper.deploy("v2", "--check")
    assert "proxy" in foretold.target()["services"], foretold.output
    assert "vpn" not in foretold.target()["services"]
    for version, content in (("v2", f"two {ROCKET}one"), ("v3", f"two {ROCKET}three")):
        found = hamper.deploy(version)
        assert found.rc == 0, found.output
        assert contents(hamper) == content
    assert hamper.containers()["vpn"] == before["vpn"]
    for version, content in (("v2", f"two {ROCKET}one"), ("v3", f"two {ROCKET}three")):
        found = hamper.play("rollback", release="previous")
        assert (found.rc, found.target()["version"]) == (0, version), found.output
        assert contents(hamper) == content


def test_whoever_is_in_a_container_that_is_gone_is_made_again(hamper: Foreign) -> None:
    before = hamper.containers()
    with contextlib.closing(docker.from_env()) as client:
        client.containers.get(before["vpn"][0]).remove(force=True)
    found = hamper.deploy("v3")
    assert found.rc == 0, found.output
    assert {"vpn", "web"} <= set(found.target()["services"])
    assert "proxy" not in recreated(before, hamper.containers())
    assert hamper.deploy("v3").target()["status"] == "unchanged"


#: what lies in the folder of the host beside it is read by web, or written to
LARDER = """
services:
  web:
    image: "REPOSITORY:${APP_VERSION}"
    init: true
    command: sleep 3600
    volumes: [./web.conf:/web.conf:ro, ./conf.d:/conf.d:ro, ./data:/data, ./acme.json:/acme.json]
  worker:
    image: "REPOSITORY:${APP_VERSION}"
    init: true
    command: sleep 3600
    secrets: [key]
  cache: {image: "${BUSYBOX_IMAGE}", init: true, command: sleep 3600, volumes: [./cache.conf:/cache.conf:ro]}
secrets: {key: {file: ./key}}
"""


@pytest.fixture(scope="module")
def larder(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    folder = tmp_path_factory.mktemp("larder")
    repository = f"{registry.ensure().address}/larder-{secrets.token_hex(3)}/web"
    with contextlib.closing(docker.from_env()) as client:
        client.images.get(base_images.busybox).tag(repository, "1")
        client.images.push(repository, "1")
    made = application(
        folder, base_images, "larder", app_source="images", app_repository="", app_directory=str(folder / "srv"),
        app_images=dict.fromkeys(("web", "worker"), repository), app_release_services=["web", "worker"],
    )  # fmt: skip
    files = {"compose.yml": LARDER.replace("REPOSITORY", repository), "web.conf": "one", "conf.d/a": "one",
             "key": "one-0123456789", "cache.conf": "one", "data/file": "one", "acme.json": ""}  # fmt: skip
    for name, text in files.items():
        path = folder / "srv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield made
    made.remove()


def read_by(app: Foreign) -> list[str]:
    web = [app.inside("web", "cat", path) for path in ("/web.conf", "/conf.d/a", "/data/file")]
    return [*web, app.inside("worker", "cat", "/run/secrets/key")]


def write(app: Foreign, line: str) -> list[str]:
    """Have the container write one more line into its own file; what is in there now, and in that of the host."""
    app.inside("web", "sh", "-c", f"echo {line} >> /acme.json")
    return [app.inside("web", "cat", "/acme.json"), (app.folder / "srv/acme.json").read_text().strip()]


def test_a_folder_of_the_host_is_part_of_a_release(larder: Foreign) -> None:
    assert larder.deploy("1").rc == 0
    assert read_by(larder) == ["one", "one", "one", "one-0123456789"]
    assert write(larder, "first") == ["first"] * 2
    found = larder.deploy("1")
    assert (found.rc, found.target()["status"]) == (0, "unchanged"), found.output
    srv, before = larder.folder / "srv", larder.containers()
    for name, text in {"web.conf": "two", "conf.d/a": "two", "key": "two-0123456789", "data/file": "two"}.items():
        (srv / name).write_text(text)
    # what a release reads is its own until the next one; data is everybody's
    assert read_by(larder) == ["one", "one", "two", "one-0123456789"]
    foretold = larder.deploy("1", "--check")
    assert foretold.target()["services"] == ["web", "worker"], foretold.output
    found = larder.deploy("1")
    assert found.rc == 0, found.output
    assert read_by(larder) == ["two", "two", "two", "two-0123456789"]
    assert write(larder, "second") == ["first\nsecond"] * 2
    assert recreated(before, larder.containers()) == ["web", "worker"]
    assert "0123456789" not in found.output


def test_it_goes_back_with_it_and_the_folder_stays_as_it_is(larder: Foreign) -> None:
    found = larder.play("rollback", release="previous")
    assert found.rc == 0, found.output
    assert read_by(larder) == ["one", "one", "two", "one-0123456789"]
    assert (larder.folder / "srv/web.conf").read_text() == "two"
    assert write(larder, "third") == ["first\nsecond\nthird"] * 2


def test_contents_lie_with_the_state_alone(larder: Foreign) -> None:
    kept = [
        path for path in larder.state.rglob("*") if path.is_file() and "0123456789" in path.read_text(errors="replace")
    ]
    places = {path.relative_to(larder.state).parts[0] for path in kept}
    assert places == {"contents", "releases"}
    assert {path.name for path in kept} == {"key", "compose.json"}
    assert {oct((larder.state / name).stat().st_mode & 0o777) for name in ("", "contents")} == {"0o700"}


def test_what_contradicts_itself_is_refused(larder: Foreign) -> None:
    for change, word in (({"app_images": {"web": "larder/other", "worker": "larder/other"}}, "larder/other"),
                         ({"app_environment": {"BUSYBOX_IMAGE": None}}, "BUSYBOX_IMAGE")):  # fmt: skip
        larder.write(**change)
        found = larder.deploy("1")
        larder.write()
        assert (found.rc, found.target()["status"]) == (2, "refused"), found.output
        assert word in found.target()["message"]
