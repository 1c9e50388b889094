"""What is changed through the engine's API."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import docker.errors
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._actions import (
    finish_stopping,
    info,
    never_started,
    refuse_other_folders,
    remove,
    remove_half_made,
    remove_migration,
    stop,
    wake,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from tests.unit.support.making import container

OLD = container(id="ee66117dfcde77", name="shop-app-1")


@pytest.mark.parametrize(
    ("name", "state", "is_removed"),
    [
        ("ee66117dfcde_shop-app-1", "created", True),
        ("aa66117dfcde_shop-app-1", "created", False),
        ("ee66117dfcde_shop-app-1", "running", False),
        ("shop-app-1", "created", False),
        ("facade_shop-app-1", "created", False),
        ("shop_ee66117dfcde_1", "created", False),
    ],
)
def test_only_what_was_never_put_in_its_place_is_half_made(name: str, state: str, is_removed: bool) -> None:
    removed: list[str] = []
    api: Any = SimpleNamespace(remove_container=removed.append)
    found = [OLD, container(id="one", name=name, state=state)]
    remove_half_made(cast(Project, SimpleNamespace(api=api, every_container=lambda: found)))
    assert removed == (["one"] if is_removed else [])


@pytest.mark.parametrize(
    ("components", "is_refused"),
    [
        pytest.param([{"Name": "Engine", "Version": "28.5.2"}, {"Name": "containerd"}], False, id="Docker"),
        pytest.param([{"Name": "Podman Engine", "Version": "5.8.6"}, {"Name": "Engine"}], True, id="Podman"),
        pytest.param(None, False, id="an engine that does not say"),
    ],
)
def test_podman_is_refused_by_its_name(components: list[dict[str, str]] | None, is_refused: bool) -> None:
    said = {"ServerVersion": "5.8.6", "DockerRootDir": "/var/lib/docker"}
    api = SimpleNamespace(info=lambda: said, version=lambda: {"Components": components})
    project = cast(Project, SimpleNamespace(api=api))
    if is_refused:
        with pytest.raises(Refused, match=r"Podman 5\.8\.6") as refused:
            info(project)
        assert refused.value.reason == "engine_unsupported"
    else:
        assert info(project) == said


def test_what_was_made_and_not_started_is_named_by_its_service() -> None:
    found = [
        container("web", state="created"),
        container("worker", state="running"),
        container("init", state="exited"),
        container("job", state="created", oneoff=True),
    ]
    assert never_started(cast(Project, SimpleNamespace(every_container=lambda: found))) == ["web"]


def test_what_is_on_its_way_out_goes_all_of_it() -> None:
    found = [container("web", state="stopping"), container("db"), container("job", state="stopping", oneoff=True)]
    stopped: list[str] = []
    api: Any = SimpleNamespace(inspect_container=lambda _: {}, stop=lambda id_, timeout: stopped.append(id_))
    finish_stopping(cast(Project, SimpleNamespace(api=api, every_container=lambda: found)))
    assert stopped == ["id-web"]


@pytest.mark.parametrize("error", [docker.errors.NotFound("no such container"), docker.errors.APIError("busy")])
@pytest.mark.parametrize(
    ("act", "found"),
    [
        pytest.param(lambda project: remove(project, "one"), OLD, id="remove"),
        pytest.param(wake, container(state="paused"), id="wake"),
        pytest.param(finish_stopping, container(state="stopping"), id="finish stopping"),
        pytest.param(remove_half_made, container(id="ee66117dfcde77", name="ee66117dfcde_shop-app-1", state="created"),
                     id="remove half-made"),
        pytest.param(remove_migration, container(name="shop-migration"), id="remove a migration"),
    ],
)  # fmt: skip
def test_a_container_that_is_gone_by_itself_is_no_error(
    act: Callable[[Project], None], found: Container, error: docker.errors.APIError
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    api = SimpleNamespace(inspect_container=fail, stop=fail, remove_container=fail, unpause=fail)
    project = cast(Project, SimpleNamespace(
        name="shop", api=api, every_container=lambda: [found], containers=lambda **_: [found]))  # fmt: skip
    if isinstance(error, docker.errors.NotFound):
        act(project)
        return
    with pytest.raises(OpsError):
        act(project)


@pytest.mark.parametrize(
    ("made", "is_refused"),
    [
        pytest.param({"Options": {"device": "/srv/old", "o": "bind"}}, True, id="another"),
        pytest.param({"Options": {"device": "/srv/new", "o": "bind"}}, False, id="the same"),
        pytest.param({"Options": None}, False, id="no folder of the host"),
        pytest.param(None, False, id="it is not there yet"),
    ],
)
def test_a_volume_that_is_another_folder_is_refused(made: dict[str, Any] | None, is_refused: bool) -> None:
    def inspect(name: str) -> dict[str, Any]:
        if made is None:
            raise docker.errors.NotFound("no such volume")
        return {"Name": name, **made}

    project = cast(Project, SimpleNamespace(api=SimpleNamespace(inspect_volume=inspect)))
    if not is_refused:
        refuse_other_folders(project, {"shop_named": "/srv/new"})
        return
    with pytest.raises(Refused) as error:
        refuse_other_folders(project, {"shop_named": "/srv/new"})
    assert error.value.data == {"volume": "shop_named"}


@pytest.mark.parametrize(("config", "seconds"), [({}, 10), ({"StopTimeout": 120}, 120), ({"StopTimeout": 0}, 0)])
def test_a_container_is_given_the_time_to_stop_that_it_was_made_with(config: dict[str, Any], seconds: int) -> None:
    asked: list[Any] = []
    api: Any = SimpleNamespace(
        inspect_container=lambda _: {"Config": config}, stop=lambda id_, timeout: asked.append((id_, timeout))
    )
    stop(cast(Project, SimpleNamespace(api=api)), "one")
    assert asked == [("one", seconds)]
