"""Containers that no release started, and projects that may be the same application."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _strangers
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._answers import container_from
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._strangers import Other
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import STOPPING

LABEL = "com.docker.compose."
OURS = "/state/releases/0001-v1/compose.json"


def seen(number: int, **labels: str) -> dict[str, Any]:
    marks = {f"{LABEL}{name.replace('_', '-') if name != 'config_files' else 'project.config_files'}": value
             for name, value in labels.items()}  # fmt: skip
    return {"Id": f"id{number}", "Created": f"2026-11-23T20:00:0{number}Z", "Config": {"Labels": marks}}


@pytest.mark.parametrize(
    ("containers", "found"),
    [
        pytest.param([seen(1, service="web", config_files="/srv/compose.yml")], ["id1"], id="by hand"),
        pytest.param([seen(1, service="web", config_files=OURS)], [], id="by a release of ours"),
        pytest.param(
            [seen(1, service="web", config_files="/state/releases/0009-v9/compose.json")],
            [],
            id="by a release whose record was pruned",
        ),
        pytest.param(
            [seen(1, service="web", config_files="/other/releases/0001-v1/compose.json")],
            ["id1"],
            id="by a release of another state folder",
        ),
        pytest.param([seen(1)], [], id="by docker run, with a label of the project alone"),
        pytest.param([seen(1, service="web", oneoff="True")], [], id="by compose run"),
        pytest.param([seen(1, service="web"), seen(2, service="web")], ["id2"], id="one that another one is replacing"),
        pytest.param(
            [seen(1, service="web"), seen(2, service="web", container_number="2")], ["id1", "id2"], id="two of a kind"
        ),
    ],
)
def test_containers_that_no_release_started(containers: list[dict[str, Any]], found: list[str]) -> None:
    project: Any = SimpleNamespace(inspected=lambda: containers, read=lambda seen: [*map(container_from, seen)])
    assert [one["Id"] for one in _strangers.of_project(project, "/state")] == found


def test_without_any_record_everything_is_a_stranger() -> None:
    containers = [seen(1, service="web", config_files=OURS)]
    project: Any = SimpleNamespace(inspected=lambda: containers, read=lambda seen: [*map(container_from, seen)])
    assert _strangers.of_project(project, None) == [{**containers[0], "State": {"Status": ""}}]


def test_one_that_was_told_to_stop_does_not_run() -> None:
    going = [replace(container_from(seen(1, service="web")), state=STOPPING)]
    project: Any = SimpleNamespace(inspected=lambda: [seen(1, service="web")], read=lambda _seen: going)
    assert [one["State"]["Status"] for one in _strangers.of_project(project, None)] == [STOPPING]


def test_a_container_of_a_lost_release_says_where_its_record_was() -> None:
    assert _strangers.release_of(seen(1, config_files=OURS)) == ("/state", "0001-v1")
    assert _strangers.release_of(seen(1, config_files="/srv/compose.json")) is None


def other(**changes: Any) -> Other:
    plain = {"project": "theirs", "service": "web", "files": ("/srv/a/compose.yml",), "directory": "/srv/a",
             "ports": frozenset({"8080/tcp"})}  # fmt: skip
    return Other(**{**plain, **changes})


@pytest.mark.parametrize(
    ("files", "folders", "ports", "is_twin"),
    [
        pytest.param(["/srv/a/compose.yml"], [], {}, True, id="the same file"),
        pytest.param(["/srv/b/../a/compose.yml"], [], {}, True, id="the same file, written in another way"),
        pytest.param(["/srv/b/compose.yml"], [], {}, False, id="another file"),
        pytest.param([], ["/srv/a/"], {}, True, id="the same folder"),
        pytest.param([], [], {"web": {"8080/tcp"}}, True, id="the same service at the same port"),
        pytest.param([], [], {"db": {"8080/tcp"}}, False, id="another service at that port"),
        pytest.param([], [], {"web": {"8080/udp"}}, False, id="another protocol"),
        pytest.param([], [], {"web": {"8081/tcp"}}, False, id="another port"),
    ],
)
def test_another_project_that_is_the_same_application(
    files: list[str], folders: list[str], ports: dict[str, set[str]], is_twin: bool
) -> None:
    found = _strangers.twin([other(), other(service="", files=(), directory="")], files, folders, ports)
    assert (found or ("",))[0] == ("theirs" if is_twin else "")


def test_the_other_projects_of_an_engine(tmp_path: Path) -> None:
    labels = {f"{LABEL}project": "theirs", f"{LABEL}service": "web", f"{LABEL}project.config_files": "/a.yml,/b.yml",
              f"{LABEL}project.working_dir": str(tmp_path)}  # fmt: skip
    ports = [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 53, "Type": "udp"}]
    listed = [{"Labels": labels, "Ports": ports}, {"Labels": {f"{LABEL}project": "shop"}, "Ports": None}]
    project: Any = SimpleNamespace(name="shop", api=SimpleNamespace(containers=lambda filters: listed))
    wanted = other(files=("/a.yml", "/b.yml"), directory=str(tmp_path))
    assert _strangers.others(project) == [wanted]


def test_the_ports_that_a_configuration_publishes() -> None:
    config = {"services": {"web": {"ports": [{"published": "8080", "target": 80}, {"target": 81}]}, "db": {}}}
    assert _strangers.published(config) == {"web": {"8080/tcp"}, "db": set()}
