"""What ran before the first release, as a configuration from which it can be started again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _cli
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._answers import container_from
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _found
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from tests.unit.support.making import app, record

LABEL = "com.docker.compose."
NAMELESS = "f0" * 32


def seen(service: str, files: str = "", **more: Any) -> dict[str, Any]:
    labels = {f"{LABEL}service": service, f"{LABEL}config-hash": f"hash-{service}",
              f"{LABEL}project.config_files": files}  # fmt: skip
    return {
        "Id": f"id-{service}",
        "Created": "2026-11-23T20:00:00Z",
        "Image": f"sha256:{service}",
        "Config": {"Labels": labels, "Cmd": ["told", "by", "the", "engine"]},
        "HostConfig": {"NetworkMode": "shop_default"},
        "NetworkSettings": {"Networks": {"shop_default": {}}},
        **more,
    }


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A compose file that web was started from and that says something else of db by now."""
    path = tmp_path / "compose.yml"
    path.touch()
    services = {
        "web": {"build": {"context": "/x"}, "command": ["of", "the", "file"], "configs": [{"source": "c"}],
                "depends_on": {"db": {"condition": "service_started"}, "init": {"condition": "service_started"}}},
        "db": {"image": "db:2"},
    }  # fmt: skip
    config = {
        "services": services,
        "networks": {"default": {"name": "shop_default"}},
        "configs": {"c": {"content": "x"}},
    }
    monkeypatch.setattr(_cli.Compose, "config", lambda _self: config)
    monkeypatch.setattr(_cli.Compose, "hashes", lambda _self: {"web": "hash-web", "db": "another"})
    return str(path)


def test_a_service_is_what_its_file_still_says(files: str) -> None:
    found = _found.configuration("shop", [seen("web", files), seen("db", files)])
    web = found["services"]["web"]
    assert (web["command"], web["image"], "build" in web) == (["of", "the", "file"], "sha256:web", False)
    assert list(web["depends_on"]) == ["db"], "init has ended"
    assert found["configs"] == {"c": {"content": "x"}}


def test_a_service_of_which_the_file_says_something_else_is_what_the_engine_tells(files: str) -> None:
    found = _found.configuration("shop", [seen("web", files), seen("db", files)])
    assert found["services"]["db"]["command"] == ["told", "by", "the", "engine"]
    assert found["networks"]["shop_default"] == {"name": "shop_default", "external": True}


@pytest.mark.parametrize("place", ["", "/nowhere/compose.yml", "compose.yml", "https://git.example/x.git"])
def test_without_files_everything_is_what_the_engine_tells(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def reads(_self: object) -> None:
        raise AssertionError("nobody asked for that to be read")

    monkeypatch.setattr(_cli.Compose, "config", reads)
    found = _found.configuration("shop", [seen("web", place)])
    assert found["services"]["web"]["command"] == ["told", "by", "the", "engine"]


def test_a_service_without_a_digest_that_the_files_do_not_have_is_what_the_engine_tells(files: str) -> None:
    stranger = seen("adminer", files)
    del stranger["Config"]["Labels"][f"{LABEL}config-hash"]
    found = _found.configuration("shop", [seen("web", files), stranger])
    assert found["services"]["adminer"]["command"] == ["told", "by", "the", "engine"]


def test_files_that_cannot_be_read_say_nothing(files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise OpsError("no YAML")

    monkeypatch.setattr(_cli.Compose, "config", broken)
    found = _found.configuration("shop", [seen("web", files)])
    assert found["services"]["web"]["command"] == ["told", "by", "the", "engine"]


def test_volumes_without_a_name_keep_their_data(files: str) -> None:
    mounts = [{"Type": "volume", "Name": NAMELESS, "Destination": "/data", "RW": True}]
    for service in ("web", "db"):  # by file, by the engine
        found = _found.configuration("shop", [seen(service, files, Mounts=mounts)])
        assert found["services"][service]["volumes"] == [{"type": "volume", "source": NAMELESS, "target": "/data"}]
        assert found["volumes"][NAMELESS] == {"name": NAMELESS, "external": True}


@pytest.mark.parametrize(
    ("history", "found"),
    [
        pytest.param(([], {}), ["id-web"], id="the state is lost"),
        pytest.param(([record()], {}), [], id="its own record was pruned"),
        pytest.param(([], {"0002-v2": OpsError("damaged")}), [], id="no record can be read"),
    ],
)
def test_whose_a_container_of_a_release_without_a_record_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: Any, found: list[str]
) -> None:
    containers = [seen("web", f"{tmp_path}/releases/0009-v9/compose.json")]
    project = SimpleNamespace(inspected=lambda: containers, read=lambda seen: [*map(container_from, seen)])
    target = ComposeTarget(app(state_dir=str(tmp_path)))
    target.__dict__["project"] = project
    monkeypatch.setattr(target, "history", lambda: history)
    assert [one["Id"] for one in target.strangers()] == found


def test_as_many_as_there_were() -> None:
    found = _found.configuration("shop", [seen("web"), {**seen("web"), "Id": "id-2"}])
    assert found["services"]["web"]["scale"] == 2
    assert "scale" not in _found.configuration("shop", [seen("web")])["services"]["web"]


@pytest.mark.parametrize(
    ("state", "alive"),
    [("running", True), ("paused", True), ("restarting", True), ("exited", False), ("created", False)],
)
def test_what_somebody_stopped_is_nothing_to_return_to(state: str, alive: bool) -> None:
    assert _found.is_alive(seen("web", State={"Status": state})) is alive
