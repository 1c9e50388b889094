"""The compose command's arguments, and what is done to a rendered configuration."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _cli
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from tests.unit.support.making import app


def test_a_source_is_read_with_its_files_profiles_and_env_files() -> None:
    model = app(
        compose_files=["compose.yml", "prod.yml"], compose_profiles=["mongo"], directory="/srv", env_files=[".env"]
    )
    assert _cli.of_source(model, Path("/tree"), "v1").argv("config", "--quiet") == [
        *["docker", "compose", "--ansi", "never", "--project-name", "shop", "--project-directory", "/tree"],
        *["--file", "/tree/compose.yml", "--file", "/tree/prod.yml", "--env-file", "/srv/.env"],
        *["--profile", "mongo", "config", "--quiet"],
    ]


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        pytest.param(["compose.yml"], "/tree", id="beside all else"),
        pytest.param(["deploy/compose.yml", "compose.prod.yml"], "/tree/deploy", id="where the first file is"),
        pytest.param(["/etc/shop/compose.yml"], "/tree", id="a file of the host's is about the checkout"),
    ],
)
def test_paths_start_where_compose_starts_them(files: list[str], folder: str) -> None:
    assert _cli.of_source(app(compose_files=files), Path("/tree"), "v1").directory == Path(folder)


@pytest.mark.parametrize(
    ("service", "number"),
    [
        pytest.param({}, 1, id="nobody says"),
        pytest.param({"scale": 2}, 2, id="scale"),
        pytest.param({"deploy": {"replicas": 3}}, 3, id="replicas"),
        pytest.param({"deploy": {"replicas": 0}}, 0, id="none"),
        pytest.param({"scale": 0}, 0, id="none, by scale"),
        pytest.param({"scale": None, "deploy": {"replicas": None}}, 1, id="null"),
        pytest.param({"deploy": None}, 1, id="an empty deploy"),
    ],
)
def test_how_many_containers_a_service_has(service: dict[str, Any], number: int) -> None:
    assert _cli.replicas({"services": {"web": service}}) == {"web": number}


def test_a_release_needs_nothing_but_its_rendered_configuration() -> None:
    model = app(compose_profiles=["mongo"], directory="/srv", env_files=[".env"], environment={"A": 1})
    compose = _cli.of_release(model, Path("/state/compose.json"))
    options = ["--project-name", "shop", "--file", "/state/compose.json"]
    assert compose.argv("up") == ["docker", "compose", "--ansi", "never", *options, "up"]
    assert compose.variables is None


@pytest.mark.parametrize(
    ("given", "variables"),
    [
        pytest.param({}, {"PWD": "/tree", "APP_VERSION": "v1"}, id="folder and version are always there"),
        pytest.param(
            {"A": True, "B": 8, "C": "x"},
            {"A": "true", "B": "8", "C": "x", "PWD": "/tree", "APP_VERSION": "v1"},
            id="as yaml writes them",
        ),
        pytest.param(
            {"APP_VERSION": "v9"}, {"PWD": "/tree", "APP_VERSION": "v1"}, id="the version is not the inventory's"
        ),
    ],
)
def test_the_interpolation_has_text_and_the_version(given: dict[str, Any], variables: dict[str, str]) -> None:
    assert _cli.of_source(app(environment=given), Path("/tree"), "v1").variables == variables


CONFIG: dict[str, Any] = {
    "name": "shop",
    "services": {
        "web": {
            "build": {"context": "/tree"},
            "profiles": ["all"],
            "image": "shop-web",
            "environment": {"SECRET": "s", "EMPTY": None},
            "ports": [{"target": 80, "published": "8099"}],
            "healthcheck": {"test": ["CMD", "true"]},
            "deploy": {"replicas": 2},
        },
        "db": {"image": "postgres:16", "pull_policy": "always", "volumes": [{"type": "volume", "source": "data"}]},
    },
    "networks": {"default": {"name": "shop_default"}},
    "volumes": {"data": {"name": "shop_data"}},
    "secrets": {"key": {"file": "/etc/key"}},
    "x-note": [1, 2],
}


def test_pinning_changes_where_images_come_from_and_keeps_everything_else() -> None:
    before = copy.deepcopy(CONFIG)
    pinned = _cli.pinned(CONFIG, {"web": "sha256:aa", "db": "sha256:dd"})
    assert before == CONFIG
    expected = copy.deepcopy(CONFIG)
    del expected["services"]["web"]["build"], expected["services"]["web"]["profiles"]
    expected["services"]["web"].update(image="sha256:aa", pull_policy="never")
    expected["services"]["db"].update(image="sha256:dd", pull_policy="never")
    assert pinned == expected


def test_what_a_service_can_do_without_and_a_profile_left_out_is_not_missed() -> None:
    optional, needed = {"condition": "service_started", "required": False}, {"condition": "service_healthy"}
    config = {"services": {"web": {"depends_on": {"mysql": optional, "db": needed}}, "db": {}}}
    pinned = _cli.pinned(config, {"web": "sha256:aa", "db": "sha256:dd"})
    assert pinned["services"]["web"]["depends_on"] == {"db": needed}


@pytest.mark.parametrize(
    ("warnings", "names"),
    [
        pytest.param("", [], id="nothing was said"),
        pytest.param(
            'time="2026-11-30T03:00:00Z" level=warning msg="The \\"B\\" variable is not set. Defaulting to a blank '
            'string."\ntime="2026-11-30T03:00:00Z" level=warning msg="The \\"A\\" variable is not set. Defaulting to a '
            'blank string."\n',
            ["A", "B"],
            id="for programs",
        ),
        pytest.param('WARN[0000] The "A" variable is not set. Default\nWARN[0000] The "A" variable is not set.', ["A"],
                     id="for people, twice"),
        pytest.param('the attribute "version" is obsolete', [], id="another warning"),
        pytest.param('The "A B" variable is not set', [], id="no name"),
    ],
)  # fmt: skip
def test_the_variables_that_compose_warns_of(warnings: str, names: list[str]) -> None:
    assert _cli.unset(warnings) == names


def test_a_service_without_an_image_cannot_be_pinned() -> None:
    with pytest.raises(KeyError):
        _cli.pinned(CONFIG, {"web": "sha256:aa"})


@pytest.mark.parametrize(
    ("config", "directory", "same"),
    [
        pytest.param({"a": "/tree/x", "b": [1]}, "/tree", True, id="the same"),
        pytest.param({"b": [1], "a": "/other/x"}, "/other", True, id="in another folder and order"),
        pytest.param({"a": "/tree/y", "b": [1]}, "/tree", False, id="another file"),
        pytest.param({"a": "/tree/x", "b": [2]}, "/tree", False, id="another value"),
    ],
)
def test_inputs_are_compared_wherever_the_source_lies(config: dict[str, Any], directory: str, same: bool) -> None:
    reference = _cli.inputs({"a": "/tree/x", "b": [1]}, Path("/tree"))
    assert (_cli.inputs(config, Path(directory)) == reference) is same


def say(monkeypatch: pytest.MonkeyPatch, answer: str | OpsError) -> list[list[str]]:
    """Let every command give this answer; returns the commands."""
    asked: list[list[str]] = []

    def run(argv: list[str], **_options: Any) -> str:
        asked.append(argv)
        if isinstance(answer, OpsError):
            raise answer
        return answer

    monkeypatch.setattr(_command, "run", run)
    return asked


@pytest.mark.parametrize("said", ["2.17.0\n", "v2.32.4\n", "2.40.3-desktop.1\n", "3.0.0\n"])
def test_a_compose_that_is_new_enough_is_taken(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    say(monkeypatch, said)
    assert _cli.version() == said.strip().lstrip("v")


@pytest.mark.parametrize("said", ["2.16.9", "v2.2.3", "1.29.2", "nonsense"])
def test_a_compose_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    say(monkeypatch, said)
    with pytest.raises(Refused, match=r"expected 2\.17 or later") as error:
        _cli.version()
    assert said.lstrip("v") in error.value.message
    assert "playbooks/prepare.yml" in error.value.hint


def test_a_missing_compose_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, OpsError("docker: 'compose' is not a docker command."))
    with pytest.raises(Refused, match="no Compose v2 plugin") as error:
        _cli.version()
    assert "docker-compose-plugin" in error.value.hint


def test_compose_files_that_cannot_be_parsed_are_refused_with_what_compose_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say(monkeypatch, OpsError("Reading the compose files failed with code 15: yaml: line 3: mapping values"))
    with pytest.raises(Refused) as error:
        _cli.of_source(app(), Path("/tree"), "v1").config()
    assert "(/tree/compose.yml) are not valid" in error.value.message
    assert "line 3" in error.value.message


@pytest.mark.parametrize("said", ["", "[]", "null", '{"services": ' * 5000, '{"a": NaN}', f'{{"a": {"9" * 5000}}}'])
def test_a_rendered_configuration_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    say(monkeypatch, said)
    with pytest.raises(Refused) as error:
        _cli.of_source(app(), Path("/tree"), "v1").config()
    assert "/tree/compose.yml" in error.value.message


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('failed to read /x/.env: line 3: unexpected character "!" in variable name "A canary!=x"', "/x/.env: line 3:"),
        ('line 7: unterminated quoted value "canary', "line 7: unterminated quoted value"),
        ("required variable FOO is missing a value: canary\ncanary", "required variable FOO is missing a value"),
        ('invalid interpolation format for services.x.environment.Y.\n"${1canary}"', "services.x.environment.Y"),
        ('failed to read /x: Invalid template: "${canary"', "/x: Invalid template"),
        ('line 2: some other "canary" of a newer Compose', "line 2:"),
    ],
)
def test_what_compose_repeats_of_a_file_is_left_out(monkeypatch: pytest.MonkeyPatch, said: str, kept: str) -> None:
    say(monkeypatch, OpsError(f"Reading the compose files failed with code 15: {said}"))
    with pytest.raises(Refused) as error:
        _cli.of_source(app(), Path("/tree"), "v1").config()
    assert "canary" not in error.value.message
    assert kept in error.value.message


def test_a_rendered_configuration_is_plain_data(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = say(monkeypatch, json.dumps(CONFIG))
    assert _cli.of_source(app(), Path("/tree"), "v1").config() == CONFIG
    assert asked[0][-3:] == ["config", "--format", "json"]


@pytest.mark.parametrize(
    ("said", "hashes"),
    [
        pytest.param("db 1f0a\nweb 22cc\n", {"db": "1f0a", "web": "22cc"}, id="compose 2.32, 2024-12"),
        pytest.param("\n", {}, id="no service"),
    ],
)
def test_configuration_hashes_are_read(monkeypatch: pytest.MonkeyPatch, said: str, hashes: dict[str, str]) -> None:
    say(monkeypatch, said)
    assert _cli.of_release(app(), Path("/x.json")).hashes() == hashes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), ("10s", 10), ("1m30s", 90), ("1h0m0s", 3600), ("1.5s", 1.5), ("500ms", 0.5), ("junk", 0), ("9" * 30, 0)],
)
def test_durations_are_read_as_compose_writes_them(text: str, seconds: float) -> None:
    assert _cli.seconds_in(text) == seconds
