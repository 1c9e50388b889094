"""The docker command and the SDK speak to one engine, or both are named before anything is changed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import docker.errors
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _endpoints, _errors
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused

LOCAL = "unix:///var/run/docker.sock"
OTHER = "unix:///run/user/1000/docker.sock"


def commands(monkeypatch: pytest.MonkeyPatch, context: str | OpsError, engine: str | OpsError = "") -> list[str]:
    """What the docker command answers, of its context and of its engine; gives what it was asked."""
    asked: list[str] = []
    answers = {"context": context, "info": engine}

    def run(argv: list[str], **_: Any) -> str:
        asked.append(argv[1])
        answer = answers[argv[1]]
        if isinstance(answer, OpsError):
            raise answer
        return f"{answer}\n"

    monkeypatch.setattr(_command, "run", run)
    return asked


def engine(*found: str | OpsError) -> Callable[[], dict[str, Any]]:
    """What the SDK is answered, again and again the last of it."""
    answers = list(found)

    def info() -> dict[str, Any]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, OpsError):
            raise answer
        return {"ID": answer}

    return info


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the docker command's settings, and a user who has set nothing."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


failed = functools.partial(OpsError, "It failed.", reason="command_failed")


@pytest.mark.parametrize(
    ("content", "variables", "name"),
    [
        pytest.param(None, {}, "", id="nothing"),
        pytest.param('{"currentContext": "rootless"}', {}, "rootless", id="docker context use"),
        pytest.param('{"currentContext": "default"}', {}, "", id="the default"),
        pytest.param('{"currentContext": "rootless"}', {"DOCKER_CONTEXT": "other"}, "other", id="DOCKER_CONTEXT"),
        pytest.param('{"currentContext": "rootless"}', {"DOCKER_CONTEXT": "default"}, "", id="back to the default"),
        pytest.param('{"currentContext": "rootless"}', {"DOCKER_HOST": OTHER}, "", id="DOCKER_HOST counts before"),
        pytest.param('{"currentContext": 3}', {}, "", id="no name"),
        pytest.param("[" * 100, {}, "", id="no settings"),
        pytest.param("[]", {}, "", id="a list"),
    ],
)
def test_the_context_that_is_in_use(
    settings: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, variables: dict[str, str], name: str
) -> None:
    if content is not None:
        (settings / "config.json").write_text(content)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert _endpoints.context() == name


@pytest.mark.parametrize(
    ("variables", "context", "theirs", "asked"),
    [
        pytest.param({}, f"default {LOCAL}", failed(), ["context"], id="the same endpoint: no engine is asked again"),
        pytest.param({"DOCKER_HOST": OTHER}, f"default {OTHER}", failed(), ["context"], id="DOCKER_HOST"),
        pytest.param({}, f"default {OTHER}", "A", ["context", "info"], id="another way to the same engine"),
        pytest.param(
            {"DOCKER_CONTEXT": "other"}, f"other {OTHER}", "A", ["context", "context", "info"], id="a context of both"
        ),
        pytest.param({}, OpsError("none", reason="program_missing"), "", ["context"], id="no command"),
    ],
)
def test_one_engine_is_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    context: str | OpsError,
    theirs: str | OpsError,
    asked: list[str],
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    found = commands(monkeypatch, context, theirs)
    assert _endpoints.one_engine(engine("A")) == {"ID": "A"}
    assert found == asked


@pytest.mark.parametrize("theirs", ["B", "", failed()], ids=["another", "an old command and none", "none"])
def test_another_engine_of_the_command_is_refused_and_both_are_named(
    monkeypatch: pytest.MonkeyPatch, theirs: str | OpsError
) -> None:
    commands(monkeypatch, f"rootless {OTHER}", theirs)
    with pytest.raises(Refused) as caught:
        _endpoints.one_engine(engine("A"))
    assert caught.value.reason == "engines_differ"
    assert all(one in caught.value.message for one in (LOCAL, OTHER, "rootless"))


def test_an_engine_with_another_id_each_time_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "podman")
    commands(monkeypatch, f"podman {OTHER}", "B")
    assert _endpoints.one_engine(engine("A", "C")) == {"ID": "A"}


def test_a_context_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "nothing")
    commands(monkeypatch, failed())
    with pytest.raises(Refused) as caught:
        _endpoints.one_engine(engine("A"))
    assert caught.value.reason == "engine_unreachable"
    assert all(one in caught.value.message for one in (LOCAL, "nothing"))


def test_a_context_that_does_not_answer_is_named_beside_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "rootless")
    commands(monkeypatch, f"rootless {OTHER}")
    with pytest.raises(Refused) as caught:
        _endpoints.one_engine(engine(Refused(f"There is none at {OTHER}.", reason="engine_unreachable")))
    assert caught.value.reason == "engine_unreachable"
    assert all(one in caught.value.message for one in (LOCAL, OTHER))
    assert "docker context use default" in caught.value.hint


def test_without_a_context_an_engine_that_does_not_answer_is_all_there_is_to_say() -> None:
    with pytest.raises(Refused) as caught:
        _endpoints.one_engine(engine(Refused(f"There is none at {LOCAL}.", hint="Start it.")))
    assert (caught.value.message, caught.value.hint) == (f"There is none at {LOCAL}.", "Start it.")


class OldSdk:
    """One that knows nothing of contexts."""

    errors = docker.errors

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []

    def _open(self, **given: Any) -> Any:
        self.opened.append(given)
        return SimpleNamespace(api=SimpleNamespace(hooks={"response": []}))

    from_env = DockerClient = _open


@pytest.mark.parametrize("context", ["", "rootless"])
def test_an_sdk_that_knows_no_contexts_is_pointed_at_the_same_engine(
    monkeypatch: pytest.MonkeyPatch, context: str
) -> None:
    old = OldSdk()
    monkeypatch.setattr(_errors, "docker", old)
    monkeypatch.setenv("DOCKER_CONTEXT", context)
    commands(monkeypatch, f"rootless {OTHER}")
    _errors.connect()
    assert [given.get("base_url") for given in old.opened] == [OTHER if context else None]
