"""The application model: what contradicts itself is named together with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _model
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.making import app, model

IMAGES = {"source": "images", "repository": "", "directory": "/srv/shop", "images": {"web": "registry.example/web"}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, None, id="git"),
        pytest.param(IMAGES, None, id="images"),
        pytest.param({"name": "Shop"}, "app_name is 'Shop', expected lower case letters", id="upper case"),
        pytest.param({"name": "-shop"}, "starting with a letter or a digit", id="a name like an option"),
        pytest.param({"name": "shop\n"}, "app_name is 'shop\\n'", id="a name with a newline"),
        pytest.param({"release_services": []}, "app_release_services is empty", id="nothing carries the release"),
        pytest.param({"repository": ""}, "app_repository must name the repository", id="no repository"),
        pytest.param({"repository": "--upload-pack=x"}, "expected a path or a URL", id="a repository like an option"),
        pytest.param(
            {**IMAGES, "images": {"api": "x"}},
            "app_images names ['api'] and app_release_services ['web']",
            id="images of other services",
        ),
        pytest.param({**IMAGES, "directory": ""}, "app_directory must name the folder", id="images without a folder"),
        pytest.param({"env_files": [".env"]}, "app_env_files has the relative path '.env'", id="a path from nowhere"),
        pytest.param({"env_files": ["/etc/shop.env"]}, None, id="a whole path"),
        pytest.param(
            {"migration_service": "web"}, "app_migration_service and app_migration_command", id="half a migration"
        ),
        pytest.param({"database_service": "db"}, "set all or none", id="half a database"),
        pytest.param({"migration_head_query": "SELECT 1"}, "needs a database", id="a head without a database"),
        pytest.param({"state_dir": "state"}, "app_state_dir is 'state', expected the whole path", id="state anywhere"),
        pytest.param({"environment": {"A": "", "B": 0, "C": False}}, None, id="variables that are empty"),
        pytest.param({"environment": {"A": None}}, "app_environment.A has no value", id="a variable without a value"),
        pytest.param({"environment": {"A": ["x"]}}, "app_environment.A is a list", id="a variable that is a list"),
        pytest.param({"keep_good": 0}, "app_keep_good is 0, expected 1 or more", id="keep nothing"),
        pytest.param({"soak_seconds": 0}, None, id="no soak"),
        pytest.param({"soak_seconds": -1}, "app_soak_seconds is -1, expected 0 or more", id="a negative soak"),
        pytest.param({"lease_ttl": 0}, "app_lease_ttl is 0, expected 1 or more", id="a lease of no duration"),
    ],
)
def test_a_model_that_contradicts_itself_is_named(changes: dict[str, Any], words: str | None) -> None:
    found = _model.problems(app(**changes))
    assert len(found) == (0 if words is None else 1)
    assert (words or "") in " ".join(found)


def test_the_services_that_may_end_are_those_of_all_checks_of_containers() -> None:
    checks: list[dict[str, Any]] = [
        {"name": "one", "kind": "containers", "completed": ["init"]},
        {"name": "two", "kind": "containers", "completed": ["seed", "init"]},
        {"name": "three", "kind": "containers"},
        {"name": "four", "kind": "logs"},
    ]
    assert app(checks=checks).completed == {"init", "seed"}


CLUSTER = {
    **IMAGES, "platform": "kubernetes", "directory": "", "cluster": {"namespace": "shop"},
    "manifests": ["/srv/shop/kubernetes"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({}, None, id="whole paths need no folder"),
        pytest.param({"manifests": ["k8s"], "directory": "/srv/shop"}, None, id="a path from the folder"),
        pytest.param(
            {"manifests": ["/srv/a", "k8s"]}, "app_directory must name the folder of the manifests on the controller",
            id="a path from nowhere",
        ),
        pytest.param({"cluster": {}}, "app_cluster has no namespace", id="no namespace"),
        pytest.param({"images": {}}, "app_images is empty", id="no image is the release"),
        pytest.param({"build": {"web": {}}}, "app_build needs a checkout", id="nothing to build from"),
    ],
)  # fmt: skip
def test_a_model_for_a_cluster_that_contradicts_itself_is_named(changes: dict[str, Any], words: str | None) -> None:
    found = _model.problems(app(**{**CLUSTER, **changes}))
    assert len(found) == (0 if words is None else 1)
    assert (words or "") in " ".join(found)


def test_all_problems_are_named_at_once() -> None:
    assert len(_model.problems(app(name="X", repository="", keep_good=0))) == 3


def test_a_model_from_elsewhere_says_what_it_lacks() -> None:
    plain = model()
    del plain["name"], plain["checks"]
    with pytest.raises(Refused) as error:
        _model.App.from_dict(plain)
    assert (error.value.reason, "name, checks" in error.value.message) == ("invalid_input", True)
    assert "app_model" in error.value.hint


def test_env_files_are_found_from_the_directory() -> None:
    assert app(directory="/srv/shop", env_files=[".env", "/etc/x.env"]).env_paths == ["/srv/shop/.env", "/etc/x.env"]
