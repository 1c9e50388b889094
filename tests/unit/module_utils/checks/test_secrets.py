"""Headers of checks that name a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import Check, parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._secrets import filled, filled_sources
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused


def checks(**headers: Any) -> list[Check]:
    return parse_checks([{"name": "API", "kind": "http", "url": "http://127.0.0.1/", "headers": headers}])


@pytest.fixture
def env(tmp_path: Path) -> str:
    path = tmp_path / ".env"
    path.write_text("TOKEN=canary-1234\n")
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Bearer ${TOKEN}", "Bearer canary-1234"),
        ("${TOKEN}${TOKEN}", "canary-1234canary-1234"),
        ("$TOKEN ${} {TOKEN}", "$TOKEN ${} {TOKEN}"),
        (7, "7"),
    ],
)
def test_a_header_may_name_a_secret(env: str, given: Any, sent: str) -> None:
    (found,) = filled(checks(Authorization=given, Other="${TOKEN}"), [env])
    assert found.options["headers"] == {"Authorization": sent, "Other": "canary-1234"}


def test_a_name_that_no_env_file_has_is_refused(env: str) -> None:
    with pytest.raises(Refused, match="'API' names TOKEM") as error:
        filled(checks(Authorization="Bearer ${TOKEM}"), [env])
    assert error.value.reason == "env_value_missing"


def test_without_a_name_no_file_is_read() -> None:
    given = [*checks(Accept="text/html"), *parse_checks([{"name": "Up", "kind": "containers"}])]
    assert filled(given, ["/does/not/exist"]) == given


def test_a_header_of_a_source_of_metrics_may_name_a_secret(env: str) -> None:
    sources = {"prometheus": {"url": "http://p", "headers": {"X-Key": "${TOKEN}"}}, "host": {}, "json": {"url": "x"}}
    found = filled_sources(sources, [env])
    assert found == {**sources, "prometheus": {"url": "http://p", "headers": {"X-Key": "canary-1234"}}}
    with pytest.raises(Refused, match="A header of the source of metrics 'json' names TOKEM"):
        filled_sources({"json": {"headers": {"X-Key": "${TOKEM}"}}}, [env])
    assert filled_sources({"host": {}}, ["/does/not/exist"]) == {"host": {}}
