"""Reading a checklist: what is accepted, and how each mistake is named."""

from __future__ import annotations

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import (
    COMMON,
    Check,
    needs_engine,
    parse_checks,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._kinds import KINDS
from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._logs import ERROR_LINES
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

URL = "http://localhost:8000/health"


def test_defaults_are_those_of_the_documentation() -> None:
    [check] = parse_checks([{"name": "api", "kind": "http", "url": URL}])
    assert check == Check(name="api", kind="http", options=check.options)
    assert (check.severity, check.timeout, check.attempt_timeout, check.interval) == ("required", 30, 5, 0.5)
    assert (check.successes, check.hold, check.hold_failures, check.when_present) == (1, 0, 0, False)
    assert check.options["method"] == "GET"
    assert check.options["status"] == (200,)
    assert check.options["validate_certs"] is True


@pytest.mark.parametrize(
    ("given", "option", "read"),
    [
        ({"kind": "http", "url": URL, "status": 204}, "status", (204,)),
        ({"kind": "http", "url": URL, "status": [200, 302]}, "status", (200, 302)),
        ({"kind": "http", "url": "/health", "service": "app", "port": 8000}, "port", 8000),
        ({"kind": "redis", "service": "redis"}, "port", 6379),
        ({"kind": "mongo", "host": "localhost"}, "port", 27017),
        ({"kind": "postgres"}, "service", "postgres"),
        ({"kind": "logs"}, "patterns", ERROR_LINES),
        ({"kind": "logs", "patterns": []}, "patterns", ()),
        ({"kind": "containers", "services": ["app"]}, "services", ("app",)),
        ({"kind": "exec", "service": "app", "command": ["true"]}, "expect_code", 0),
        ({"kind": "containers", "services": None}, "services", None),
    ],
)
def test_options_are_read(given: dict[str, object], option: str, read: object) -> None:
    [check] = parse_checks([{"name": "one", **given}])
    assert check.options[option] == read


def test_numbers_may_be_whole_where_any_are_fine() -> None:
    [check] = parse_checks(
        [{"name": "api", "kind": "http", "url": URL, "timeout": 3, "hold": 1, "max_latency_ms": 200}]
    )
    assert (check.timeout, check.hold, check.options["max_latency_ms"]) == (3.0, 1.0, 200.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("http", "check 1: expected a dictionary, found 'http' (str)"),
        ({"kind": "http", "url": URL}, "check '1': name is missing"),
        ({"name": "a"}, f"check 'a': kind must be one of {', '.join(KINDS)}"),
        ({"name": "a\x1b[2J", "kind": "tcp", "host": "h", "port": 1}, "name must be a string all of which can be seen"),
        ({"name": "a\u202e", "kind": "tcp", "host": "h", "port": 1}, "name must be a string all of which can be seen"),
        ({"name": "a", "kind": "htpp", "url": URL}, "found 'htpp', did you mean 'http'?"),
        ({"name": "a", "kind": "http"}, "check 'a': url is missing"),
        ({"name": "a", "kind": "http", "url": URL, "stauts": 200}, "'stauts' for kind http, did you mean 'status'?"),
        ({"name": "a", "kind": "tcp", "host": "h", "port": 1, "url": URL}, "unknown option 'url' for kind tcp"),
        ({"name": "a", "kind": "http", "url": URL, "timeout": "30"}, "timeout must be a number, found '30' (str)"),
        ({"name": "a", "kind": "http", "url": URL, "timeout": True}, "timeout must be a number, found True (bool)"),
        ({"name": "a", "kind": "http", "url": URL, "successes": 1.5}, "successes must be a whole number, found 1.5"),
        ({"name": "a", "kind": "http", "url": URL, "status": ["200"]}, "status must be a number or a list of numbers"),
        ({"name": "a", "kind": "http", "url": URL, "json": "x"}, "json must be a dictionary"),
        ({"name": "a", "kind": "http", "url": URL, "body_matches": "("}, "body_matches must be a regular expression"),
        ({"name": "a", "kind": "http", "url": URL, "validate_certs": "no"}, "validate_certs must be true or false"),
        ({"name": "a", "kind": "http", "url": "localhost:8000"}, "url must start with http:// or https://"),
        (
            {"name": "a", "kind": "http", "url": URL, "service": "app"},
            "with service, url must be a path and port be given",
        ),
        ({"name": "a", "kind": "logs", "patterns": "ERROR"}, "patterns must be a list of regular expressions"),
        ({"name": "a", "kind": "logs", "allow": ["["]}, "allow must be a list of regular expressions"),
        ({"name": "a", "kind": "exec", "service": "app", "command": "ls -l"}, "command must be a list of strings"),
        ({"name": "a", "kind": "tcp", "port": 80}, "either service or host must say where to look"),
        ({"name": "a", "kind": "tcp", "host": "h", "port": 70000}, "port must be from 1 to 65535, found 70000"),
        ({"name": "a", "kind": "redis", "host": "h", "password_env": "P"}, "so service is needed"),
        ({"name": "a", "kind": "redis", "host": "h", "when_present": True}, "when_present needs a service"),
        ({"name": "a", "kind": "logs", "severity": "requird"}, "found 'requird', did you mean 'required'?"),
        ({"name": "a", "kind": "logs", "timeout": 0}, "timeout must be more than 0, found 0"),
        ({"name": "a", "kind": "logs", "interval": -1}, "interval must be more than 0, found -1"),
        ({"name": "a", "kind": "logs", "hold": -1}, "hold must not be negative, found -1"),
    ],
)
def test_mistakes_are_named(given: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_checks([given])
    assert said in refused.value.message
    assert "ansible-doc" in refused.value.hint


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(Refused) as refused:
        parse_checks([{"name": "a", "kind": "x"}, {"name": "b", "kind": "tcp"}, {"name": "c", "kind": "logs"}])
    assert "check 'a': kind" in refused.value.message
    assert "check 'b': port is missing" in refused.value.message


def test_a_name_is_used_once() -> None:
    with pytest.raises(Refused, match=r"check 'a': the name is used 2 times"):
        parse_checks([{"name": "a", "kind": "logs"}, {"name": "a", "kind": "containers"}])


def test_an_empty_checklist_is_no_checklist() -> None:
    with pytest.raises(Refused, match="the checklist is empty"):
        parse_checks([])


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({"kind": "containers"}, True),
        ({"kind": "postgres"}, True),
        ({"kind": "redis", "service": "redis"}, True),
        ({"kind": "redis", "host": "localhost"}, False),
        ({"kind": "http", "url": URL}, False),
        ({"kind": "http", "url": "/", "service": "app", "port": 80}, True),
    ],
)
def test_who_needs_the_engine(given: dict[str, object], needed: bool) -> None:
    [check] = parse_checks([{"name": "one", **given}])
    assert needs_engine(check) is needed


def test_every_kind_is_documented() -> None:
    import yaml

    from ansible_collections.doppelganger.ops.plugins.doc_fragments.checklist import ModuleDocFragment

    options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["checks"]["suboptions"]
    assert options["kind"]["choices"] == list(KINDS)
    assert set(options) == {name for kind in KINDS.values() for name in kind.options} | set(COMMON)
    assert [name for name, one in options.items() if not all(one["description"])] == []
    assert {one["default"] for name, one in options.items() if "default" in one} == {"required", 30, 5, 0.5, 1, 0}


def test_the_examples_of_the_documentation_can_be_read() -> None:
    import yaml

    from ansible_collections.doppelganger.ops.plugins.modules import health_check

    [first, _second] = yaml.safe_load(health_check.EXAMPLES)
    assert len(parse_checks(first["doppelganger.ops.health_check"]["checks"])) == 7
