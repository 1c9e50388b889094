"""What a caller may give: refused as text, before anything reads it as anything else."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _inputs

BACKUP = "20261123T204105Z-0002-v0.2.0"


def read(name: str, value: Any = None, **more: Any) -> str:
    given = {} if value is None else {name.rstrip("!"): value}
    return _inputs.read([name], {**given, **more}, "shop")[name.rstrip("!")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version!", "v0.2.0"),
        ("version!", "feature/login"),
        ("version!", "a" * 40),
        ("version!", "sha256:" + "a" * 64),
        ("version!", "1.0+build@5"),
        ("release", "0003-v0.2.0"),
        ("release", "last good"),
        ("release", "last_good"),
        ("reason", "errors since the release; see https://x.example/?a=b&c={d}"),
        ("reason", "Größe"),
        ("confirm", "shop"),
    ],
)
def test_an_input_that_fits_is_taken_as_it_is(name: str, value: str) -> None:
    assert read(name, value) == value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("v1; rm -rf /", id="shell"),
        pytest.param("$(id)", id="command substitution"),
        pytest.param("`id`", id="back quotes"),
        pytest.param("v1|tee", id="a pipe"),
        pytest.param("v1 v2", id="a space"),
        pytest.param("{{ lookup('pipe', 'id') }}", id="jinja"),
        pytest.param("{% raw %}", id="a jinja block"),
        pytest.param("--upload-pack=x", id="a leading dash"),
        pytest.param("-v1", id="an option"),
        pytest.param("../../etc", id="leading dots"),
        pytest.param("v1/../v2", id="dots within"),
        pytest.param("a..b", id="a range of commits"),
        pytest.param("v1^{}", id="git syntax"),
        pytest.param("v1~1", id="an ancestor"),
        pytest.param("/etc/passwd", id="a path"),
        pytest.param("v1\n", id="a newline at the end"),
        pytest.param("v1\nv2", id="a newline within"),
        pytest.param("v1\x00", id="a null byte"),
        pytest.param("vé", id="a letter of another alphabet"),
        pytest.param("a" * 201, id="too long"),
    ],
)
@pytest.mark.parametrize("name", ["version!", "backup"])
def test_a_version_that_could_be_read_as_something_else_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused) as error:
        read(name, value, confirm="shop")
    plain = name.rstrip("!")
    assert error.value.message == f"{plain} must be {_inputs.INPUTS[plain].expected}; given was {value!r}."
    assert error.value.hint == f"Give it as -e {plain}={_inputs.INPUTS[plain].example}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("release", "{{ x }}"),
        ("release", "a;b"),
        ("release", "-x"),
        ("release", "a\nb"),
        ("reason", "two\nlines"),
        ("reason", "a bell\x07"),
        ("reason", "a control\x9b2J"),
        ("reason", "backwards\u202e"),
        ("reason", "two\u2028lines"),
        ("reason", "nothing\u200b"),
        ("reason", "half\ud800"),
        ("reason", "x" * 501),
        ("confirm", "shop; id"),
    ],
)
def test_other_inputs_are_refused_where_they_do_not_fit(name: str, value: str) -> None:
    with pytest.raises(Refused, match=f"{name} must be"):
        read(name, value)


@pytest.mark.parametrize("value", [1.0, 2, True, ["v1"], {"a": 1}])
def test_what_is_not_text_is_refused_with_its_type(value: Any) -> None:
    with pytest.raises(Refused) as error:
        read("version!", value)
    assert error.value.message == f"version must be text and is {value!r} ({type(value).__name__})."


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param({}, "version is required and nothing was given.", id="nothing alike"),
        pytest.param({"version": ""}, "version is required and nothing was given.", id="empty"),
        pytest.param(
            {"verison": "v1"}, "version is required and nothing was given, but there is 'verison'.", id="mistyped"
        ),
        pytest.param(
            {"app_version": "v1"},
            "version is required and nothing was given, but there is 'app_version'.",
            id="by another name",
        ),
        pytest.param({"ansible_version": {}}, "version is required and nothing was given.", id="ansible's own"),
    ],
)
def test_a_missing_version_is_refused_with_what_is_alike(variables: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused) as error:
        read("version!", **variables)
    assert error.value.message == message
    assert error.value.hint == "Give it as -e version=v0.2.0."


def test_an_example_with_spaces_is_quoted_for_the_shell_and_for_ansible() -> None:
    with pytest.raises(Refused) as error:
        read("reason!")
    assert error.value.hint == """Give it as -e 'reason="errors since the release"'."""


@pytest.mark.parametrize(("name", "default"), [("release", "last good"), ("reason", ""), ("backup", "")])
def test_an_input_that_is_not_given_has_its_default(name: str, default: str) -> None:
    assert read(name) == default
    assert read(name, "") == default


@pytest.mark.parametrize("confirm", ["", "Shop", "yes"])
def test_a_restore_is_confirmed_by_the_name_of_the_application(confirm: str) -> None:
    with pytest.raises(Refused) as error:
        _inputs.read(["backup!", "confirm"], {"backup": BACKUP, "confirm": confirm}, "shop")
    assert f"confirm must be 'shop' and is {confirm!r}" in error.value.message
    assert error.value.hint == "If you mean it, add -e confirm=shop."


def test_a_confirmed_restore_is_taken() -> None:
    given = {"backup": BACKUP, "confirm": "shop"}
    assert _inputs.read(["backup!", "confirm", "reason"], given, "shop") == {**given, "reason": ""}


def test_without_a_backup_nothing_needs_to_be_confirmed() -> None:
    assert _inputs.read(["backup", "confirm"], {}, "shop") == {"backup": "", "confirm": ""}


def test_an_input_loses_what_ansible_knows_of_it() -> None:
    class Tagged(str):
        """As ansible-core marks text that may be a template."""

        __slots__ = ()

    assert type(read("version!", Tagged("v1"))) is str


@pytest.mark.parametrize("name", _inputs.INPUTS)
def test_each_example_and_each_default_fits(name: str) -> None:
    given = _inputs.INPUTS[name]
    for value in filter(None, (given.example, given.default)):
        assert _inputs.read([name, "confirm"], {"confirm": "shop", name: value}, "shop")[name] == value
