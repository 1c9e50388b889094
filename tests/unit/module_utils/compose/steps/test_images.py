"""The images of a release."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _checkout
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _source
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps._images import _Images, run
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target import _sealed
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Image
from tests.unit.support.making import WEB, record, target

LOGIN = {"username": "ana", "password": "p"}


@pytest.mark.parametrize(
    ("images", "reference", "is_given"),
    [
        ({"web": "registry.example.com/shop/web"}, "registry.example.com/tools/proxy:1", True),
        ({"web": "registry.example.com/shop/web"}, "postgres:16", False),
        ({"web": "registry.example.com/shop/web"}, "ghcr.io/x/y@sha256:0", False),
        ({"web": "registry.example.com:5000/web"}, "registry.example.com/web", False),
        ({"web": "ana/web"}, "postgres:16", True),
        ({}, "registry.example.com/tools/proxy:1", True),
        ({}, "postgres:16", False),
    ],
)
def test_the_login_is_for_the_registries_of_the_application(
    tmp_path: Path, images: dict[str, Any], reference: str, is_given: bool
) -> None:
    work = _Images(target(tmp_path, images=images), record(), LOGIN)
    assert work._login_for(reference) == (LOGIN if is_given else None)


def engine(*there: str) -> SimpleNamespace:
    """An engine with these images, each with its name as id, and what it was asked to pull."""
    has, pulled = set(there), []

    def pull(reference: str, auth: Any) -> None:
        pulled.append(reference)
        has.add(reference)

    return SimpleNamespace(image_id=lambda name: name if name in has else None, pull=pull, pulled=pulled,
                           has_image=lambda name: name in has)  # fmt: skip


def test_all_that_has_a_build_is_built_and_recorded_as_such(tmp_path: Path) -> None:
    on = target(tmp_path)
    on.project = engine("shop-web:v1", "shop-proxy")  # type: ignore[assignment]
    verbs: list[tuple[str, ...]] = []
    compose: Any = SimpleNamespace(run=lambda *verb, **_: verbs.append(verb))
    config = {"services": {"web": {"build": {"context": "."}, "image": "shop-web:v1"}, "db": {"image": "postgres:16"},
                           "proxy": {"build": {"context": "./proxy"}}}}  # fmt: skip
    found = _Images(on, record(), None).build(compose, config, tmp_path)
    assert verbs == [("build", "proxy", "web")]
    assert {name: (image.reference, bool(image.build)) for name, image in found.items()} == {
        "web": ("shop-web:v1", True),
        "proxy": ("shop-proxy", True),
    }


def test_who_runs_an_image_that_is_built_has_that_one_whatever_its_name_means_now(tmp_path: Path) -> None:
    on = target(tmp_path)
    on.project = engine("shop-web", "postgres:16")  # type: ignore[assignment]
    config = {"services": {"web": {}, "twin": {"image": "shop-web"}, "db": {"image": "postgres:16"}}}
    found = _Images(on, record(), None).other(config, {"web": Image("built", "shop-web", "digest")})
    assert found == {"twin": Image("built", "shop-web"), "db": Image("postgres:16", "postgres:16")}


@pytest.mark.parametrize(
    ("service", "settings", "is_pulled"),
    [
        pytest.param("db", {"image": "postgres:16"}, True, id="of the public registry"),
        pytest.param("web", {"image": "registry.example/web:1"}, True, id="a release that names its registry"),
        pytest.param("web", {"image": "web:1"}, False, id="a release by a name that is only ours"),
        pytest.param("web", {}, False, id="a release without a name"),
        pytest.param("proxy", {"build": {"context": "."}, "image": "proxy:1"}, False, id="what would be built"),
    ],
)
def test_a_name_that_is_only_ours_is_asked_of_no_registry(
    service: str, settings: dict[str, Any], is_pulled: bool, tmp_path: Path
) -> None:
    on = target(tmp_path)
    on.project = engine()  # type: ignore[assignment]
    work = _Images(on, record(), None)
    if is_pulled:
        assert set(work.other({"services": {service: settings}}, {})) == {service}
    else:
        with pytest.raises(OpsError) as error:
            work.other({"services": {service: settings}}, {})
        assert error.value.reason == "image_not_found"
    assert on.project.pulled == ([settings["image"]] if is_pulled else [])  # type: ignore[attr-defined]


CANARY, OWN = "canary-0123456789", "plum-Tree-8834-own"


def test_a_release_is_pinned_with_its_secrets_and_the_key_of_its_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"services": {"web": {"build": {"context": "."}, "environment": {"API_TOKEN": CANARY}}}}
    said: list[str] = []
    tagged: list[str] = []

    def build(*verb: str, clean: Any, **_: Any) -> None:
        said.append(clean(f"{verb[0]}: the token is {CANARY}"))

    compose = SimpleNamespace(directory=tmp_path, run=build, model=dict, env_files=(), variables={})
    (tmp_path / ".env").write_text(f"REDIS_PASSWORD={OWN}\n")  # which compose reads by itself
    monkeypatch.setattr(_checkout, "kept", lambda *_: tmp_path)
    monkeypatch.setattr(_source, "read", lambda *_: (compose, config))
    monkeypatch.setattr(ComposeTarget, "compose_of", lambda *_: SimpleNamespace(hashes=lambda: {"web": "hash"}))
    shop = target(tmp_path / "state")
    shop.project = SimpleNamespace(image_id=lambda _: WEB, tag=lambda *names: tagged.append(names[0]))  # type: ignore[assignment]
    token = shop.store.acquire(holder="ana", purpose="deploy", ttl=60, wait=0).token
    pending = record(status="pending")
    shop.save(pending, token)
    run(shop, {"token": token, "release": pending.id, "registry_password": ""}, False)

    # what compose alone knew is blanked out from here on, and when the release runs again long after this
    assert len(said) == 1
    assert CANARY not in said[0]
    assert CANARY in _sealed.unseal(shop.store)
    assert sorted(shop.config_of(pending.id)[_sealed.KEY]) == [CANARY, OWN]
    assert tagged == [WEB]
    # digests of the next run can be compared with those of this one
    kept = shop.record(pending.id)
    assert Digests.of_store(shop.store).of({}) == kept.config.env
    assert (kept.images["web"].id, kept.config.services, kept.replicas) == (WEB, {"web": "hash"}, {"web": 1})
