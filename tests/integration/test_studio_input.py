"""Bad input on the real engine: refused before anything is touched, each with its own clear message."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.application import ROOT, Application, play
from tests.integration.observed import everything, validate

PLAYBOOKS = (
    "deploy", "rollback", "verify", "monitor", "releases", "backup", "restore", "lock", "unlock", "prepare", "observe"
)  # fmt: skip


@pytest.fixture(scope="module")
def broken(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with more tags: a compose file that nobody can read, and links that lead out of it."""
    clone = tmp_path_factory.mktemp("broken") / "studio"
    git = ["git", "-C", str(clone), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", "clone", "--quiet", str(source), str(clone)], check=True)
    (clone / "compose.yml").write_text("services: [app\n")
    for verb in (["commit", "--quiet", "--all", "--message", "Break it"], ["tag", "v0.4.0-unparsable"]):
        subprocess.run([*git, *verb], check=True)
    theirs = clone.parent / "theirs"
    (theirs / "context").mkdir(parents=True)
    (theirs / "theirs.env").write_text("A=canary-of-others\n")
    for tag, settings, target in (
        ("env-file", {"image": "x", "env_file": "link"}, "theirs.env"),
        ("context", {"build": "./link"}, "context"),
        ("include", {"image": "x"}, "theirs.yml"),
    ):
        include = {"include": ["link"]} if tag == "include" else {}
        (clone / "compose.yml").write_text(yaml.safe_dump({**include, "services": {"app": settings}}))
        (clone / "link").unlink(missing_ok=True)
        (clone / "link").symlink_to(theirs / target)
        for verb in (["add", "--all"], ["commit", "--quiet", "--message", tag], ["tag", f"v0.4.0-{tag}"]):
            subprocess.run([*git, *verb], check=True)
    return clone


@pytest.fixture(scope="module")
def deployed(app: Application, broken: Path) -> Application:
    """The studio at v0.1.0."""
    app.variables["app_repository"] = str(broken)
    app.write()
    run = app.deploy("v0.1.0")
    assert run.rc == 0, run.output
    return app


@pytest.fixture(scope="module")
def untouched(deployed: Application) -> dict[str, Any]:
    """All that may not change."""
    return everything(deployed)


@dataclass(frozen=True)
class Case:
    """What is wrong: the caller's input, the inventory, or the env file; and what the message has to say."""

    says: tuple[str, ...]
    inputs: Mapping[str, Any] = field(default_factory=lambda: {"version": "v0.2.0"})
    changes: Mapping[str, Any] = field(default_factory=dict)
    without: str = ""
    spoil: Callable[[Path], object] = lambda path: None
    playbook: str = "deploy"


def only_one_key(path: Path) -> None:
    path.write_text(path.read_text().splitlines()[0] + "\nSECRET_KEY=\n")


INPUTS = {
    "shell in the version": Case(("version must be a tag", "v1; touch"), {"version": "v1; touch /tmp/ops-pwned"}),
    "a template in the version": Case(
        ("version must be a tag", "lookup"), {"version": "{{ lookup('pipe', 'touch /tmp/ops-pwned') }}"}
    ),
    "an option as the version": Case(("version must be a tag",), {"version": "--upload-pack=touch /tmp/ops-pwned"}),
    "a path as the version": Case(("version must be a tag",), {"version": "v0.1.0/../../x"}),
    "an unknown tag": Case(("'v0.2.9' was not found", "Did you mean one of", "v0.2.0"), {"version": "v0.2.9"}),
    "no version": Case(("version is required and nothing was given", "-e version="), {}),
    "a mistyped input": Case(("version is required", "there is 'verison'"), {"verison": "v0.2.0"}),
    "a number": Case(("version must be text and is 2 (int)",), {"version": 2}),
    "a list": Case(("version must be text and is ['v0.2.0'] (list)",), {"version": ["v0.2.0"]}),
    "a reason of two lines": Case(("reason must be one line",), {"version": "v0.2.0", "reason": "a\nb"}),
    "a template in the release": Case(
        ("release must be a release's id",), {"release": "{{ lookup('pipe', 'touch /tmp/ops-pwned') }}"},
        playbook="rollback",
    ),
    "an unknown release": Case(
        ("'v9'", "Choose one of: 0001-v0.1.0"), {"release": "v9"}, playbook="rollback"
    ),
    "no backup": Case(("backup is required",), {}, playbook="restore"),
    "a path as the backup": Case(("backup must be a backup's id",), {"backup": "../../etc"}, playbook="restore"),
}  # fmt: skip
INVENTORIES = {
    "a mistyped variable": Case(
        ("app_compose_file is not a variable", "Did you mean app_compose_files?"), changes={"app_compose_file": "x.yml"}
    ),
    "a wrong type": Case(("app_soak_seconds", "a whole number"), changes={"app_soak_seconds": "soon"}),
    "a missing variable": Case(
        ("missing required arguments: app_release_services",), without="app_release_services"
    ),
    "an unknown platform": Case(("app_platform must be one of: compose", "swarm"), changes={"app_platform": "swarm"}),
    "a bad name": Case(("app_name is 'My Studio'", "lower case"), changes={"app_name": "My Studio"}),
    "an undefined variable": Case(("app_env_files", "nowhere"),
                                  changes={"app_env_files": "{{ nowhere }}"}),
    "a check of an unknown kind": Case(("htpp",), changes={"app_checks": [{"name": "x", "kind": "htpp"}]}),
    "a service that compose does not have": Case(
        ("app_release_services names the service 'worker'", "app, dashboard, postgres, redis"),
        changes={"app_release_services": ["app", "worker"]},
    ),
    "an unparsable compose file": Case(("compose.yml) are not valid",), {"version": "v0.4.0-unparsable"}),
    "a link to an env file elsewhere": Case(
        ("theirs.env",), {"version": "v0.4.0-env-file"}
    ),
    "a link to a build context elsewhere": Case(
        ("theirs/context",), {"version": "v0.4.0-context"}
    ),
    "a link to an included file elsewhere": Case(
        ("theirs.yml",), {"version": "v0.4.0-include"}
    ),
    "a missing compose file": Case(
        ("are not valid", "compose.prod.yml"), changes={"app_compose_files": ["compose.prod.yml"]}
    ),
    "a repository that is not there": Case(
        ("Cannot reach the source repository", "/nowhere/studio.git"), changes={"app_repository": "/nowhere/studio.git"}
    ),
    "a repository nobody answers for": Case(
        ("Cannot reach the source repository",), changes={"app_repository": "http://127.0.0.1:1/studio.git"}
    ),
    "a full disk": Case(("MiB free, expected 999999999 MiB",), changes={"app_disk_free_mb": 999_999_999}),
}  # fmt: skip
ENV_FILES = {
    "that everybody may write": Case(("mode 0666",), spoil=lambda path: path.chmod(0o666)),
    "that its group may write": Case(("mode 0660",), spoil=lambda path: path.chmod(0o660)),
    "that is missing": Case(("does not exist on the target",), spoil=Path.unlink),
    "without a required key": Case(("SECRET_KEY must have a value and has none",), spoil=only_one_key),
    "that is no text": Case(("Line 1", "UTF-8"), spoil=lambda path: path.write_bytes(b"A=\xff\n")),
}


def assert_refused(app: Application, case: Case, untouched: Mapping[str, Any]) -> None:
    """The run ends red, says what is wrong, and left everything alone."""
    run = app.play(case.playbook, **case.inputs)
    assert run.rc != 0, run.output
    target = run.target()
    assert target["status"] == "refused", run.output
    assert target["reason"] not in ("", "task_failed", "step_failed"), run.output
    for words in case.says:
        assert words in f"{target['message']} {target['hint']}"
    assert "Nothing was touched." in target["message"]
    assert not Path("/tmp/ops-pwned").exists()
    assert "canary-of-others" not in run.output
    validate("result", run.result)
    assert everything(app) == untouched


@pytest.mark.parametrize("case", INPUTS.values(), ids=INPUTS.keys())
def test_input_is_refused(deployed: Application, untouched: dict[str, Any], case: Case) -> None:
    assert_refused(deployed, case, untouched)


@pytest.mark.parametrize("case", INVENTORIES.values(), ids=INVENTORIES.keys())
def test_an_inventory_is_refused(
    deployed: Application, untouched: dict[str, Any], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.without:
        monkeypatch.delitem(deployed.variables, case.without)
    deployed.write(**case.changes)
    assert_refused(deployed, case, untouched)


@pytest.mark.parametrize("case", ENV_FILES.values(), ids=ENV_FILES.keys())
def test_an_env_file_is_refused(deployed: Application, untouched: dict[str, Any], case: Case) -> None:
    deployed.write()
    case.spoil(deployed.folder / ".env")
    assert_refused(deployed, case, untouched)
    deployed.write()


def test_a_repository_with_a_password_is_refused_without_showing_it(
    deployed: Application, untouched: dict[str, Any]
) -> None:
    deployed.write(app_repository="https://me:hunter22@example.com/studio.git")
    run = deployed.deploy("v0.2.0")
    deployed.write()
    assert run.target()["status"] == "refused"
    assert (run.target()["reason"], "app_repository" in run.target()["message"]) == ("invalid_input", True)
    assert "hunter22" not in run.output
    assert everything(deployed) == untouched


@pytest.mark.parametrize("playbook", ["deploy", "rollback", "verify", "backup"])
def test_an_engine_that_is_not_there_is_named(
    deployed: Application, untouched: dict[str, Any], playbook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        run = deployed.play(playbook, **({"version": "v0.2.0"} if playbook == "deploy" else {}))
    assert run.rc != 0
    assert run.target()["failure"]["phase"] == ("verify" if playbook == "verify" else "preflight")
    assert "/nowhere/docker.sock" in run.target()["message"], run.output
    if playbook != "verify":
        assert run.target()["status"] == "refused"
    assert everything(deployed) == untouched


@pytest.mark.parametrize("playbook", ["lock", "unlock"])
def test_a_lock_without_a_reason_is_refused(deployed: Application, untouched: dict[str, Any], playbook: str) -> None:
    run = deployed.play(playbook)
    assert run.rc != 0
    assert "reason is required and nothing was given" in run.said
    assert everything(deployed) == untouched


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_empty_group_ends_red(playbook: str, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"targets": {"hosts": {}}}))
    run = play(inventory, playbook, version="v0.2.0")
    assert run.rc != 0
    assert "Expected at least one host in the group 'targets', and the group is empty" in run.said


NO_HOSTS: dict[str, Any] = {
    "no such group": ({"webservers": {"hosts": {"web1": {}}}}, (), "the inventory has no such group"),
    "an unknown limit": ({"targets": {"hosts": {"app": {}}}}, ("--limit", "web9"), "web9"),
    "a limit of others": (
        {"targets": {"hosts": {"app": {}}}, "webservers": {"hosts": {"web1": {}}}},
        ("--limit", "web1"),
        "--limit leaves none of app",
    ),
}


@pytest.mark.parametrize(("hosts", "arguments", "says"), NO_HOSTS.values(), ids=NO_HOSTS.keys())
def test_no_hosts_ends_red(hosts: dict[str, Any], arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump(hosts))
    run = play(inventory, "deploy", *arguments, version="v0.2.0")
    assert run.rc != 0
    assert says in run.output


def test_every_playbook_is_in_the_table() -> None:
    assert sorted(PLAYBOOKS) == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
