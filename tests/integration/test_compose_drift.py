"""What runs against what was recorded: another image, fewer containers, a paused one; and what is built."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.application import Run
from tests.integration.foreign import Foreign, application
from tests.lab.images import Images

#: a service that is built beside the release, one that runs the release's image, three of one, and none of another
CHOIR = """
x-base: &base
  init: true
  stop_grace_period: 1s
  command: sleep 3600
services:
  web:
    <<: *base
    build: .
    image: "choir-web:${APP_VERSION}"
    environment: {VERSION: "${APP_VERSION}"}
  twin: {<<: *base, image: "choir-web:${APP_VERSION}"}
  proxy: {<<: *base, build: ./proxy}
  herd: {<<: *base, image: "${BUSYBOX_IMAGE}", deploy: {replicas: 3}}
  worker: {<<: *base, image: "${BUSYBOX_IMAGE}", deploy: {replicas: 0}}
"""


@pytest.fixture(scope="module")
def choir(base_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    made = application(tmp_path_factory.mktemp("choir"), base_images, "choir")
    for number in (1, 2):
        files = dict.fromkeys(("", "proxy/"), f"FROM {base_images.busybox}\nRUN echo {number} > /version\n")
        made.commit(f"v{number}", **{"compose.yml": CHOIR, **{f"{at}Dockerfile": text for at, text in files.items()}})
    yield made
    made.remove()


def versions(app: Foreign) -> list[str]:
    return [app.inside(service, "cat", "/version") for service in ("web", "twin", "proxy")]


def herd(app: Foreign) -> list[str]:
    """The containers of the service that has three."""
    listed = ["docker", "ps", "--quiet", "--filter", f"label=com.docker.compose.project={app.name}"]
    label = ["--filter", "label=com.docker.compose.service=herd"]
    return subprocess.run([*listed, *label], check=True, capture_output=True, text=True).stdout.split()


def lose_two(app: Foreign) -> None:
    subprocess.run(["docker", "rm", "--force", *herd(app)[:2]], check=True, capture_output=True)


def known(app: Foreign) -> dict[str, Any]:
    """What the playbook releases says, which is green whatever runs."""
    run = app.play("releases")
    assert run.rc == 0, run.output
    return dict(run.stats["doppelganger_ops_releases"]["app"])


def failing(run: Run) -> set[str]:
    """The kinds of the checks that fail."""
    return {one["kind"] for one in run.target()["failure"]["checks"] if one["state"] == "fail"}


def test_all_that_has_a_build_is_built_and_each_has_as_many_containers_as_it_says(choir: Foreign) -> None:
    found = choir.deploy("v1")
    assert found.rc == 0, found.output
    assert versions(choir) == ["1"] * 3
    assert (len(herd(choir)), "worker" in choir.states()) == (3, False)
    images = choir.current()["images"]
    assert {name for name, image in images.items() if "build" in image} == {"proxy", "web"}
    assert images["twin"]["id"] == images["web"]["id"]
    assert choir.deploy("v1").target()["status"] == "unchanged"
    assert (known(choir)["drift"], known(choir)["unseen"]) == ([], "")


def test_two_of_three_that_are_missing_are_seen_and_made_again(choir: Foreign) -> None:
    lose_two(choir)
    checked = choir.play("verify")
    assert (checked.rc, failing(checked)) == (2, {"containers", "release"}), checked.output
    assert ["herd" in one for one in known(choir)["drift"]] == [True]
    for playbook, inputs in (("deploy", {"version": "v1"}), ("rollback", {})):
        before = choir.containers()["web"]
        found = choir.play(playbook, **inputs)
        assert (found.rc, found.target()["services"]) == (0, ["herd"]), found.output
        assert (len(herd(choir)), choir.containers()["web"]) == (3, before)
        lose_two(choir)


def test_what_is_built_beside_the_release_goes_forward_and_back_with_it(choir: Foreign) -> None:
    assert choir.deploy("v2").rc == 0
    assert (versions(choir), len(herd(choir))) == (["2"] * 3, 3)
    assert choir.play("rollback", release="v1").rc == 0
    assert versions(choir) == ["1"] * 3


def test_what_somebody_started_by_hand_is_a_failing_line(choir: Foreign) -> None:
    up = ["docker", "compose", "-p", choir.name, "up", "--detach", "--build"]
    given = {**os.environ, **choir.variables["app_environment"], "APP_VERSION": "v2"}
    subprocess.run(up, cwd=choir.repository, env=given, check=True, capture_output=True)
    assert versions(choir) == ["2"] * 3
    checked = choir.play("verify")
    assert (checked.rc, failing(checked)) == (2, {"release"}), checked.output
    assert {one.split()[0] for one in known(choir)["drift"]} >= {"proxy", "twin", "web"}
    assert choir.deploy("v1").rc == 0
    assert versions(choir) == ["1"] * 3


def test_a_paused_container_is_named_at_once_and_goes_on_with_a_deployment(choir: Foreign) -> None:
    before = choir.containers()["proxy"]
    subprocess.run(["docker", "pause", before[0]], check=True, capture_output=True)
    checked = choir.play("verify")
    [check] = checked.target()["failure"]["checks"]
    assert (checked.rc, check["state"], check["attempts"]) == (2, "fail", 1), checked.output
    found = choir.deploy("v1")
    assert found.rc == 0, found.output
    assert (choir.states()["proxy"], choir.containers()["proxy"]) == ("running", before)


def test_releases_are_shown_where_nobody_can_look_at_what_runs(choir: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{choir.folder}/nowhere")
    found = known(choir)
    assert found["unseen"]
    assert any(found["current"] in line and "*" in line for line in found["table"])
