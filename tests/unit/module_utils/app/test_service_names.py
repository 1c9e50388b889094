"""Services that an inventory names, against those that a version has."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app._service_names import refuse_missing_services
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.making import app


def check(**options: Any) -> dict[str, Any]:
    return {"checks": [{"name": "c", **options}]}


@pytest.mark.parametrize(
    ("changes", "variable", "named"),
    [
        pytest.param({}, "", "", id="all are there"),
        pytest.param({"release_services": ["web", "api"]}, "app_release_services", "api", id="a release service"),
        pytest.param({"migration_service": "migrate"}, "app_migration_service", "migrate", id="the migration service"),
        pytest.param({"database_service": "postgres"}, "app_database_service", "postgres", id="the database service"),
        pytest.param(check(kind="logs", services=["wbe"]), "app_checks", "wbe", id="a log"),
        pytest.param(check(kind="containers", services=["web", "dbb"]), "app_checks", "dbb", id="one of several"),
        pytest.param(check(kind="containers", completed=["init"]), "app_checks", "init", id="one that may end"),
        pytest.param(check(kind="exec", service="wbe", command=["x"]), "app_checks", "wbe", id="a command"),
        pytest.param(check(kind="http", service="front", url="/"), "", "", id="one that answers"),
        pytest.param(check(kind="exec", service="front"), "app_checks", "front", id="that is no container"),
        pytest.param(check(kind="exec", service="mongo", when_present=True), "", "", id="one that may be missing"),
        pytest.param(check(kind="http", url="http://h/"), "", "", id="none at all"),
    ],
)
def test_a_service_that_the_source_does_not_have_is_refused(changes: dict[str, Any], variable: str, named: str) -> None:
    asked = (app(**changes), ["web", "db"], "the service", "the compose files", "Fix it.", ["front"])
    if not variable:
        refuse_missing_services(*asked)
        return
    with pytest.raises(Refused) as error:
        refuse_missing_services(*asked)
    assert error.value.data == {"variable": variable, "service": named}
    assert (error.value.hint, error.value.reason) == ("Fix it.", "invalid_input")


@pytest.mark.parametrize(("named", "meant"), [("wbe", "'web'"), ("dbb", "'db'"), ("postgres", "")])
def test_the_name_that_was_meant_is_said(named: str, meant: str) -> None:
    with pytest.raises(Refused) as error:
        refuse_missing_services(app(**check(kind="logs", services=[named])), ["web", "db"], "a", "b", "c")
    assert error.value.message.partition("did you mean ")[2].rstrip("?") == meant
