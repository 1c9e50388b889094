"""What a first deployment does to what runs already, in sentences, and what of it is there to return to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _apply, _first_contact
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.making import DB, WEB, container, record
from tests.unit.support.making import app as model

LABEL = "com.docker.compose."
SITUATION: dict[str, Any] = {"last_good": None}
TREE = Path("/tmp/looking/source/abc")


def seen(service: str, volume: str = "", files: str = "/srv/compose.yml", state: str = "running") -> dict[str, Any]:
    labels = {f"{LABEL}service": service, f"{LABEL}project.config_files": files}
    mounts = [{"Type": "volume", "Name": volume, "Destination": "/x"}] if volume else []
    return {"Id": service, "Config": {"Labels": labels, "Image": f"{service}:1"}, "Mounts": mounts,
            "State": {"Status": state}}  # fmt: skip


@pytest.mark.parametrize(
    ("containers", "volumes", "words"),
    [
        pytest.param([seen("web")], {}, ["replace web"], id="replaced"),
        pytest.param([seen("old")], {}, ["remove old"], id="removed"),
        pytest.param([seen("web"), seen("old"), seen("db")], {}, ["replace db, web", "remove old"], id="both"),
        pytest.param([seen("db", "shop_data")], {"data": {"name": "shop_data"}}, ["replace db"], id="with its volume"),
        pytest.param(
            [seen("db", "shop_data")], {"d": {"name": "shop_d"}}, ["replace db", "volume shop_data"], id="without it"
        ),
        pytest.param([seen("db", "f0" * 32)], {}, ["replace db"], id="its volume has no name"),
    ],
)
def test_what_becomes_of_it(containers: list[dict[str, Any]], volumes: dict[str, Any], words: list[str]) -> None:
    by_service = {one["Id"]: one for one in containers}
    found = _first_contact.consequences(by_service, {"web": {}, "db": {}}, volumes, TREE)
    assert len(found) == len(words)
    assert all(word in said for word, said in zip(words, found))


@pytest.mark.parametrize(
    ("mounts", "words"),
    [
        pytest.param([{"type": "bind", "source": "/srv/shop/db", "target": "/db/"}], [], id="the same"),
        pytest.param([{"type": "bind", "source": "/srv/x/../shop/db", "target": "/db"}], [], id="in another way"),
        pytest.param([{"type": "bind", "source": "/state/data/db", "target": "/db"}], ["/state/data/db"], id="another"),
        pytest.param(
            [{"type": "bind", "source": f"{TREE}/db", "target": "/db"}], ["db of the"], id="of the repository"
        ),
        pytest.param([{"type": "volume", "source": "named", "target": "/db"}], ["named"], id="a volume"),
        pytest.param([{"type": "bind", "source": "/srv/shop/db", "target": "/x"}], ["nothing"], id="none"),
        pytest.param([], ["nothing"], id="none at all"),
    ],
)
def test_folders_of_the_host_that_it_would_not_have(mounts: list[dict[str, Any]], words: list[str]) -> None:
    told = [
        {"Type": "bind", "Source": "/srv/shop/db", "Destination": "/db", "RW": True},
        {"Type": "bind", "Source": "/srv/shop/web.conf", "Destination": "/web.conf", "RW": False},
    ]
    containers = {"web": {**seen("web"), "Mounts": told}}
    found = _first_contact.consequences(containers, {"web": {"volumes": mounts}}, {}, TREE)[1:]
    assert len(found) == len(words)
    assert all(f"have {word}" in said and "/srv/shop/db" in said for word, said in zip(words, found))


def target(*containers: dict[str, Any], **changes: Any) -> Any:
    api = SimpleNamespace(containers=lambda filters: [])
    return SimpleNamespace(
        app=model(**changes), strangers=lambda: list(containers), store=SimpleNamespace(root="/state"),
        project=SimpleNamespace(name="shop", api=api), record=lambda _release: record(),
    )  # fmt: skip


CONFIG: dict[str, Any] = {"services": {"web": {}, "db": {}}}


def test_nothing_is_said_where_nothing_runs() -> None:
    assert _first_contact.look(target(), CONFIG, SITUATION, TREE) == {"strangers": [], "removes": []}


def test_it_is_refused_by_name_and_adopted_by_those_who_say_so() -> None:
    containers = (seen("web"), seen("grafana", state="exited"))
    with pytest.raises(Refused) as error:
        _first_contact.look(target(*containers), CONFIG, SITUATION, TREE)
    assert (error.value.reason, error.value.data["found"]) == ("not_adopted", ["grafana", "web"])
    assert "adopt=yes" in error.value.hint
    found = _first_contact.look(target(*containers, adopt=True), CONFIG, SITUATION, TREE)
    assert found["removes"] == ["grafana"]
    assert any("0000-found" in said for said in found["strangers"])


@pytest.mark.parametrize(("states", "promised"), [(("exited", "created"), False), (("exited", "paused"), True)])
def test_no_return_is_promised_to_what_is_not_recorded(states: tuple[str, str], promised: bool) -> None:
    containers = [seen(name, state=state) for name, state in zip(("web", "db"), states)]
    with pytest.raises(Refused) as error:
        _first_contact.look(target(*containers), CONFIG, SITUATION, TREE)
    assert ("0000-found" in error.value.hint) == promised
    assert "adopt=yes" in error.value.hint


def test_what_somebody_starts_later_counts_where_no_release_has_it() -> None:
    later = {"last_good": "0001-v1"}
    assert _first_contact.look(target(seen("web")), CONFIG, later, TREE)["strangers"] == []
    with pytest.raises(Refused) as error:
        _first_contact.look(target(seen("web"), seen("adminer")), CONFIG, later, TREE)
    assert error.value.data["found"] == ["adminer"]


@pytest.mark.parametrize(("state", "word"), [("/elsewhere", "app_state_dir"), ("/state", "not there any more")])
def test_a_lost_record_is_named(state: str, word: str) -> None:
    with pytest.raises(Refused) as error:
        _first_contact.look(
            target(seen("web", files=f"{state}/releases/0003-v3/compose.json")), CONFIG, SITUATION, TREE
        )
    assert "0003-v3" in error.value.hint
    assert word in error.value.hint


@pytest.mark.parametrize(
    ("containers", "changed"),
    [
        pytest.param([container("web"), container("db")], [], id="as they were found"),
        pytest.param([container("web", config_hash="x"), container("db")], ["web"], id="made again since"),
        pytest.param([container("web", image_id=DB), container("db")], ["web"], id="with another image"),
        pytest.param([container("web", state="exited"), container("db")], ["web"], id="ended"),
        pytest.param([container("web", state="restarting"), container("db")], [], id="it did so before"),
        pytest.param([container("web", image_id=WEB)], ["db"], id="gone"),
        pytest.param(
            [container("web"), container("web", number=2, config_hash="x"), container("db")], ["web"], id="one of two"
        ),
    ],
)
def test_of_what_was_found_that_is_started_again_which_is_another_one_by_now(
    containers: list[Any], changed: list[str]
) -> None:
    assert _apply.changed_since(record(), containers) == changed


def test_of_what_was_found_fewer_are_others() -> None:
    config = {"env": "", "inputs": "", "services": {"web": "hash-web"}, "replicas": {"web": 2}}
    there = [container("web"), container("web", number=2)]
    assert _apply.changed_since(record(config=config), there) == []
    assert _apply.changed_since(record(config=config), there[:1]) == ["web"]
