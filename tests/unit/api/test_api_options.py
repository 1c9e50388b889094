"""What a caller may give: refused before anything runs, with what to do instead."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import doppelganger_ops as ops
from doppelganger_ops import environment, installation, options
from doppelganger_ops.job import Job, unsafe
from tests.unit.api.scripted import ScriptedExecutor


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    path.write_text("targets: {hosts: {app: }}\n")
    return path


WRONG: list[tuple[str, dict[str, Any], type[ops.OpsError], str]] = [
    ("no inventory", {"inventory": "/nowhere/hosts.yml"}, ops.InventoryError, "/nowhere/hosts.yml"),
    ("an empty list", {"inventory": []}, ops.InventoryError, "empty"),
    ("one of two", {"inventory": ["/", "/nowhere"]}, ops.InventoryError, "/nowhere"),
    ("a version that is no text", {"version": 2}, ops.InputError, "version must be text and is 2"),
    ("a file as limit", {"limit": "@/etc/passwd"}, ops.InputError, "limit"),
    ("a file in a limit", {"limit": "web1, @/etc/passwd"}, ops.InputError, "limit"),
    ("a file after a colon", {"limit": "web1:@/etc/passwd"}, ops.InputError, "limit"),
    ("a file after a space", {"limit": "web1 @/etc/passwd"}, ops.InputError, "limit"),
    ("a deadline that never comes", {"deadline": float("nan")}, ops.InputError, "deadline"),
    ("a folder to keep in that is none", {"keep": "/proc/nothing"}, ops.InputError, "cannot be used"),
    ("a regular expression as limit", {"limit": "~(a+)+$"}, ops.InputError, "limit"),
    ("a regular expression in a limit", {"limit": "web1,~(a+)+$"}, ops.InputError, "limit"),
    ("one after a colon", {"limit": "web1:~(a+)+$"}, ops.InputError, "limit"),
    ("one that is cut with the rest", {"limit": "app,&~(a+)+$"}, ops.InputError, "limit"),
    ("one that is taken off", {"limit": "app:!~(a+)+$"}, ops.InputError, "limit"),
    ("a file that is taken off", {"limit": "app,!@/etc/passwd"}, ops.InputError, "limit"),
    ("an option as limit", {"limit": "--become"}, ops.InputError, "limit"),
    ("an empty limit", {"limit": " "}, ops.InputError, "limit"),
    ("lines as limit", {"limit": "a\nb"}, ops.InputError, "limit"),
    ("no deadline at all", {"deadline": 0}, ops.InputError, "deadline"),
    ("a deadline before now", {"deadline": timedelta(seconds=-1)}, ops.InputError, "deadline"),
    ("a text as deadline", {"deadline": "1m"}, ops.InputError, "deadline"),
    ("a secret that is not set", {"environment": ["NOT_SET_ANYWHERE"]}, ops.InputError, "NOT_SET_ANYWHERE"),
    ("a text for a list", {"environment": "HOME"}, ops.InputError, "list"),
    ("no vault password", {"vault_password_files": ["/nowhere"]}, ops.InputError, "vault"),
    ("no file of variables", {"variable_files": ["/nowhere"]}, ops.InputError, "variables"),
    ("variables that have no names", {"variables": {"a b": 1}}, ops.InputError, "variables"),
    ("a missing inventory", {"inventory": None}, ops.InputError, "inventory"),
    ("a number as inventory", {"inventory": 3}, ops.InputError, "inventory"),
    ("bytes as inventory", {"inventory": b"/"}, ops.InputError, "inventory"),
    ("a number in a list", {"inventory": ["/", 3]}, ops.InputError, "inventory"),
    ("NUL in a path", {"inventory": "/\0"}, ops.InputError, "inventory"),
    ("half a character in a path", {"inventory": "/\udcff"}, ops.InputError, "inventory"),
    ("a path that is too long", {"inventory": "/" + "a" * 5000}, ops.InputError, "inventory"),
    ("a path that moves the cursor", {"inventory": "/nowhere\x1b[2J"}, ops.InputError, "inventory"),
    ("a secret that moves the cursor", {"environment": ["A\x1b[2J"]}, ops.InputError, "environment"),
    ("nobody's home", {"inventory": "~nobody-at-all/x"}, ops.InputError, "inventory"),
    ("an option there is not", {"dealine": 3}, ops.InputError, "deadline"),
    ("a text as check", {"check": "no"}, ops.InputError, "check"),
    ("nothing as check", {"check": None}, ops.InputError, "check"),
    ("a text as forks", {"forks": "3"}, ops.InputError, "forks"),
    ("no forks", {"forks": 0}, ops.InputError, "forks"),
    ("yes as forks", {"forks": True}, ops.InputError, "forks"),
    ("too many forks", {"forks": 10**9}, ops.InputError, "forks"),
    ("half a fork", {"forks": 1.5}, ops.InputError, "forks"),
    ("a text as verbosity", {"verbosity": "v"}, ops.InputError, "verbosity"),
    ("too much verbosity", {"verbosity": 6}, ops.InputError, "verbosity"),
    ("less than none", {"verbosity": -1}, ops.InputError, "verbosity"),
    ("nothing as verbosity", {"verbosity": None}, ops.InputError, "verbosity"),
    ("yes as a deadline", {"deadline": True}, ops.InputError, "deadline"),
    ("too long a deadline", {"deadline": 10**400}, ops.InputError, "deadline"),
    ("a list as deadline", {"deadline": [1]}, ops.InputError, "deadline"),
    ("a number as limit", {"limit": 3}, ops.InputError, "limit"),
    ("a list as limit", {"limit": ["web1"]}, ops.InputError, "limit"),
    ("a limit written backwards", {"limit": "web\u202e1"}, ops.InputError, "limit"),
    ("no path as inventory", {"inventory": ""}, ops.InputError, "inventory"),
    ("no path in a list of them", {"inventory": [""]}, ops.InputError, "inventory"),
    ("no path as a file of variables", {"variable_files": [""]}, ops.InputError, "variable_files"),
    ("no path to keep in", {"keep": ""}, ops.InputError, "keep"),
    ("a number to keep in", {"keep": 3}, ops.InputError, "keep"),
    ("NUL to keep in", {"keep": "/tmp/\0"}, ops.InputError, "keep"),
    ("a mapping as environment", {"environment": {"A": "b"}}, ops.InputError, "environment"),
    ("a number in environment", {"environment": [3]}, ops.InputError, "environment"),
    ("nothing as environment", {"environment": None}, ops.InputError, "environment"),
    ("a text as files of variables", {"variable_files": "/"}, ops.InputError, "variable_files"),
    ("a number as a file of variables", {"variable_files": [3]}, ops.InputError, "variable_files"),
    ("a text as files of passwords", {"vault_password_files": "/"}, ops.InputError, "vault_password_files"),
    ("a list as variables", {"variables": [1]}, ops.InputError, "variables"),
    ("a text as variables", {"variables": "a=b"}, ops.InputError, "variables"),
    ("a handler that is none", {"on_event": 3}, ops.InputError, "on_event"),
    ("an executor that is none", {"executor": "me"}, ops.InputError, "executor"),
    ("no executor", {"executor": None}, ops.InputError, "executor"),
    ("a list as reason", {"reason": ["why"]}, ops.InputError, "reason"),
    ("half a character as reason", {"reason": "\ud800"}, ops.InputError, "reason"),
    ("NUL as reason", {"reason": "a\0"}, ops.InputError, "reason"),
]


@pytest.mark.parametrize(("given", "error", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_cannot_be_used_is_refused(
    inventory: Path, given: dict[str, Any], error: type[ops.OpsError], said: str
) -> None:
    executor = ScriptedExecutor()
    kept = inventory.parent / "kept"
    with pytest.raises(error, match=said) as raised:
        ops.deploy.start(**{"version": "v1", "inventory": inventory, "executor": executor, "keep": kept, **given})
    assert isinstance(raised.value, ops.NeverRan)
    assert executor.jobs == []
    assert not kept.exists(), "nothing is touched"


@pytest.mark.parametrize(("text", "size"), [("x", 1), ("é", 6), ("\n", 2)])
def test_too_large_a_secret_is_refused(inventory: Path, monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    monkeypatch.setenv("BIG", text * (environment.MOST_SECRETS // size))
    with pytest.raises(ops.InputError, match="file"):
        ops.verify.start(inventory=inventory, environment=["BIG"], executor=ScriptedExecutor())


def job(inventory: Path, **given: Any) -> Job:
    found = options.job_of("deploy", {"version": "v1"}, {"inventory": inventory, **given})  # type: ignore[typeddict-item]  # the cases choose
    Path(found.folder).rmdir()
    return found


def test_the_environment_is_what_is_needed_and_no_more(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "ANSIBLE_STDOUT_CALLBACK", "LD_PRELOAD", "K8S_AUTH_API_KEY", "BASH_ENV"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("KUBECONFIG", "/some/where")
    found = job(inventory).environment
    assert "secret" not in found.values()
    assert found["KUBECONFIG"] == "/some/where"
    assert found["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert Path(found["ANSIBLE_CONFIG"]).is_file()


def test_a_secret_is_apart_from_the_environment(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2-canary")
    found = job(inventory, environment=["DATABASE_PASSWORD"])
    assert found.secrets == {"DATABASE_PASSWORD": "hunter2-canary"}
    assert "hunter2-canary" not in str(found.environment)
    assert "hunter2-canary" not in repr(found)


def test_the_own_interpreter_comes_first_on_the_path(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    first = job(inventory).environment["PATH"].split(os.pathsep)[0]
    assert (Path(first) / "ansible-playbook").exists()


def test_arguments(inventory: Path, tmp_path: Path) -> None:
    found = job(inventory, check=True, forks=3, variable_files=[inventory], vault_password_files=[inventory])
    assert found.arguments == (
        "--check", "--diff", "--forks", "3", "--vault-password-file", str(inventory), "-e", f"@{inventory}",
    )  # fmt: skip


def test_a_verbs_own_parameters_win_over_variables(inventory: Path) -> None:
    assert job(inventory, variables={"version": "v9", "app_soak_seconds": 1}).inputs == {
        "version": "v1",
        "app_soak_seconds": 1,
    }


def test_what_is_kept_goes_into_folders_for_their_owner_alone(inventory: Path) -> None:
    kept = job(inventory, keep=inventory.parent / "runs/mine").kept
    assert kept is not None
    assert [folder.stat().st_mode & 0o777 for folder in (Path(kept), *Path(kept).parents[:2])] == [0o700] * 3


def test_nothing_is_kept_where_others_may_put_something_else(inventory: Path) -> None:
    runs = inventory.parent / "runs"
    runs.mkdir()
    runs.chmod(0o777)
    with pytest.raises(ops.InputError) as error:
        job(inventory, keep=runs)
    assert str(runs) in error.value.hint
    assert list(runs.iterdir()) == []
    runs.chmod(0o1777)
    kept = job(inventory, keep=runs).kept
    assert kept is not None
    assert Path(kept).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("given", [{"most": 0}, {"most": "4"}, {"most": True}, {"python": 3}, {"python": "/\0"}])
def test_an_executor_that_cannot_be(given: dict[str, Any]) -> None:
    with pytest.raises(ops.InputError, match=next(iter(given))):
        ops.ProcessExecutor(**given)


def test_text_is_marked_as_data_however_deep() -> None:
    assert unsafe({"a": ["{{ 1 }}", {"b": ("x", 1, None)}], "c": True}) == {
        "a": [{"__ansible_unsafe": "{{ 1 }}"}, {"b": [{"__ansible_unsafe": "x"}, 1, None]}],
        "c": True,
    }


def test_a_job_crosses_as_one_line(inventory: Path) -> None:
    found = job(inventory, limit="app", deadline=timedelta(minutes=1))
    line = found.to_line()
    assert line.count(b"\n") == 1
    assert Job.from_line(line) == found
    assert json.loads(line)["deadline"] == 60.0


def test_every_verb_has_a_playbook() -> None:
    found = installation.find()
    for verb in (name.removeprefix("start_") for name in ops.__all__ if name.startswith("start_")):
        assert found.playbook(verb).is_file()
    with pytest.raises(ops.AnsibleMissing, match="nonsense"):
        found.playbook("nonsense")


def test_a_missing_ansible_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doppelganger_ops.installation.util.find_spec", lambda name: None)
    with pytest.raises(ops.AnsibleMissing, match="ansible and ansible_runner"):
        installation.require_ansible()
