"""Planted secrets on the real engine: after every kind of run, at -vvv, they are where they belong and nowhere else.

They belong into the env file, which is not ours, and into releases/<id>/compose.json, the sealed configuration.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.integration.application import Application, Run
from tests.integration.observed import assert_described
from tests.integration.speaking import COMMANDS, PROGRAM, spelled
from tests.lab import images, registry
from tests.lab.steps import LabError, wait_until

BLANK = "********"
DASHBOARD = "src.services.monitoring.dashboard"
SPEAKS = "python /speak.py SECRET_KEY POSTGRES_PASSWORD DATABASE_URL PLAIN_TOKEN OF_A_FILE /run/secrets/mounted"
SAYS = 'echo "says $$SECRET_KEY $$POSTGRES_PASSWORD"'
# what a tag of the tests has in its compose file instead: secrets said all the time, or at a crash
CHATTY = {
    f"    command: [python, -m, {DASHBOARD}]\n    environment:\n": (
        f"    command: [sh, -c, 'while {SAYS}; {SPEAKS}; do sleep 1; done & exec python -m {DASHBOARD}']\n"
        "    env_file: [own.env]\n    secrets: [mounted]\n    volumes: ['./speak.py:/speak.py:ro']\n"
        "    environment:\n      SECRET_KEY: ${SECRET_KEY}\n      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}\n"
        "      DATABASE_URL: ${DATABASE_URL}\n      PLAIN_TOKEN: PLAIN\n"
    ),
    "\nservices:\n": "\nsecrets: {mounted: {file: ./mounted.txt}}\n\nservices:\n",
}
WORDS = "ERROR postgres in /home/app/web"
SHOUTING = {"    build:\n": f"    command: [sh, -c, '{SAYS}; echo {WORDS}; env; exit 1']\n    build:\n"}
TALKATIVE = ["sh", "-c", 'echo "ERROR $POSTGRES_PASSWORD $SECRET_KEY" >&2; env >&2; exit 3']
LISTENING = [
    {"name": "Nobody says anything", "kind": "logs", "services": ["dashboard"], "patterns": ["says", "spelled"]}
]


#: in the compose file, in an env file and in a file with a secret, all of the repository
KEPT = [f"t0k-{secrets.token_hex(8)}" for _ in range(3)]


class Arguments(threading.Thread):
    """Looks at the argument lists of all processes, again and again, for as long as it is let."""

    def __init__(self, canaries: list[str]) -> None:
        super().__init__(daemon=True)
        self.canaries = [canary.encode() for canary in canaries]
        self.looks = 0
        self.found: set[bytes] = set()
        self.done = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.done.wait(0.02):
            self.looks += 1
            for entry in os.scandir("/proc"):
                with contextlib.suppress(OSError):
                    if entry.name.isdigit():
                        line = Path(entry.path, "cmdline").read_bytes()
                        self.found |= {line for canary in self.canaries if canary in line}


@dataclass
class Told:
    """What all runs printed and published, and what the argument lists showed."""

    began: float
    canaries: list[str]
    runs: dict[str, Run] = field(default_factory=dict)
    arguments: set[bytes] = field(default_factory=set)

    def leaks(self, text: str) -> list[str]:
        """The lines that show a secret."""
        return [line for line in text.splitlines() if any(canary in line for canary in self.canaries)]


@contextlib.contextmanager
def watched(canaries: list[str]) -> Iterator[Told]:
    """Argument lists are checked while the body runs."""
    told = Told(time.time(), canaries)
    arguments = Arguments(canaries)
    arguments.start()
    yield told
    arguments.done.set()
    arguments.join()
    assert arguments.looks > 100
    told.arguments = arguments.found


@pytest.fixture(scope="module")
def talking(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with two more tags, whose containers say their secrets, of which it has three itself."""
    clone = tmp_path_factory.mktemp("talking") / "studio"
    git = ["git", "-C", str(clone), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", "clone", "--quiet", str(source), str(clone)], check=True)
    compose = clone / "compose.yml"
    (clone / "speak.py").write_text(PROGRAM)
    (clone / "own.env").write_text(f"OF_A_FILE=any {KEPT[1]} <words>\n")
    (clone / "mounted.txt").write_text(f"{KEPT[2]}/&x\n")
    for tag, edits in (("v0.5.0-chatty", CHATTY), ("v0.5.1-shouting", SHOUTING)):
        for old, new in edits.items():
            assert old in compose.read_text()
            compose.write_text(compose.read_text().replace(old, new.replace("TOKEN: PLAIN", f"TOKEN: {KEPT[0]}")))
        for verb in (["add", "--all"], ["commit", "--quiet", "--all", "--message", tag], ["tag", tag]):
            subprocess.run([*git, *verb], check=True)
    return clone


@pytest.fixture(scope="module")
def told(app: Application, talking: Path) -> Told:
    """Every kind of run, good and bad, with a secret that changes on the way."""
    password, key, rotated, dsn = (secrets.token_hex(8) for _ in range(4))
    # all that a password may have and an env file can carry: @ / % {{ }} ' $ and a double quote
    app.env = {"POSTGRES_PASSWORD": rf'''"p@ss/{password}%{{{{x}}}}'\$y\""''', "SECRET_KEY": key,
               "DATABASE_URL": f"postgres://user:{dsn}%40/x?y@db:5432/shop?sslmode=require",
               "DATABASE": "postgres", "APP_FOLDER": "/home/app/web"}  # fmt: skip
    app.variables["app_repository"] = str(talking)
    say_it_in_a_header(app.variables["app_checks"])
    app.write()
    with watched([password, key, rotated, *spelled(password, key, rotated, dsn, *KEPT)]) as told:

        def play(name: str, playbook: str, changes: Mapping[str, Any] | None = None, **inputs: str) -> None:
            app.write(**(changes or {}))
            told.runs[name] = app.play(playbook, "-vvvvv", **inputs)

        play("deploy", "deploy", version="v0.5.0-chatty")
        play("verify", "verify")
        app.env["SECRET_KEY"] = rotated
        play("verify what says its secrets", "verify", {"app_checks": LISTENING})
        play("crash", "deploy", version="v0.5.1-shouting")
        play("migration", "deploy", {"app_migration_command": TALKATIVE}, version="v0.2.0")
        play("check", "deploy", version="v0.2.1")
        play("second", "deploy", version="v0.2.1")
        play("backup", "backup")
        play("restore", "restore", backup=backup_of(told.runs["backup"]), confirm=app.name)
        play("rollback", "rollback", release="v0.5.0-chatty", reason="it was quieter")
        play("releases", "releases")
    return told


def say_it_in_a_header(checks: Sequence[dict[str, Any]]) -> None:
    """Each question over HTTP has a secret among its headers."""
    for check in checks:
        if check["kind"] == "http":
            check["headers"] = {"X-Key": "${SECRET_KEY}"}


def backup_of(run: Run) -> str:
    name: str = run.target()["backup"]
    return name


def test_the_runs_did_what_they_were_to_do(app: Application, told: Told) -> None:
    messages = {name: run.target()["message"] for name, run in told.runs.items() if run.rc != 0}
    assert set(messages) == {"verify what says its secrets", "crash", "migration"}, messages
    assert_described(app, *(run for name, run in told.runs.items() if name != "releases"))
    container, _, _ = app.containers()["app"]
    with contextlib.closing(docker.from_env()) as client:
        environment = dict(one.split("=", 1) for one in client.containers.get(container).attrs["Config"]["Env"])
    assert environment["POSTGRES_PASSWORD"] == f"p@ss/{told.canaries[0]}%{{{{x}}}}'$y\""
    assert environment["SECRET_KEY"] == told.canaries[1], "the release came back with the key it had"


def test_output_at_vvv_shows_none(told: Told) -> None:
    assert {name: told.leaks(run.output) for name, run in told.runs.items()} == {name: [] for name in told.runs}
    shown = told.runs["verify what says its secrets"].output
    assert BLANK in shown
    assert "spelled" in shown


def test_no_command_of_an_application_reaches_a_terminal_or_a_file(app: Application, told: Told) -> None:
    for name, run in told.runs.items():
        assert [char for char in COMMANDS if char in run.output] == [], name
        assert [char for char in COMMANDS if char in json.dumps(run.stats, ensure_ascii=False)] == [], name
    for path in (path for path in app.state.rglob("*") if path.is_file() and "source" not in path.parts):
        if path.suffix in (".json", ".jsonl", ".log", ".txt"):
            text = path.read_text(errors="surrogateescape")
            assert [char for char in (*COMMANDS, "\\u001b", "\\u009b") if char in text] == [], path


def test_results_show_none(told: Told) -> None:
    texts = {name: json.dumps(run.stats, indent=0) for name, run in told.runs.items()}
    assert {name: told.leaks(text) for name, text in texts.items()} == {name: [] for name in texts}


def test_no_argument_list_ever_showed_one(told: Told) -> None:
    assert told.arguments == set()


def holding(told: Told, folder: Path, since: float = 0) -> Iterator[Path]:
    """The files below a folder that hold a secret."""
    for directory, _, names in os.walk(folder):
        for path in (Path(directory, name) for name in names):
            with contextlib.suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_mtime >= since and status.st_size < 8_000_000:
                    content = path.read_bytes()
                    if any(canary.encode() in content for canary in told.canaries):
                        yield path


def test_the_sealed_configuration_alone_holds_them(app: Application, told: Told) -> None:
    # what the repository has is in its work tree as well
    found = [path for path in holding(told, app.state) if "source" not in path.relative_to(app.state).parts]
    assert found
    assert {path.name for path in found} == {"compose.json"}
    for path in found:
        assert path.parent.parent == app.state / "releases"
        assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


def test_evidence_was_kept_with_blanks_in_their_place(app: Application, told: Told) -> None:
    for name, log in (("crash", "app.log"), ("crash", "dashboard.log"), ("migration", "dashboard.log")):
        text = (Path(told.runs[name].target()["evidence"]) / log).read_text()
        assert f"says {BLANK} {BLANK}" in text, name
        # words of the env file that are no secrets are left
        assert name != "crash" or log != "app.log" or WORDS in text


def test_the_state_is_for_its_owner_only(app: Application, told: Told) -> None:
    assert told.runs
    # an image inherits the modes of its source, so those stay as the repository has them, inside a closed folder
    mine = [
        app.state,
        *(path for path in app.state.rglob("*") if "source" not in path.relative_to(app.state).parts[:-1]),
    ]
    assert {str(path): oct(path.stat().st_mode) for path in mine if path.stat().st_mode & 0o077} == {}


def left_over(told: Told, mine: Path) -> list[Path]:
    """Files outside the folders of tests that hold a secret; a test beside this one has the same login in its own."""
    tests = next(parent for parent in mine.parents if parent.name.startswith("pytest-of-"))
    homes = [Path(tempfile.gettempdir()), Path("/dev/shm"), Path.home() / ".ansible", Path.home() / ".docker"]
    found = [
        path for home in homes for path in holding(told, home, told.began) if not path.is_relative_to(tests)
        # the engine's own, while it starts a health check inside a container
        and not path.name.startswith("runc-process")
    ]  # fmt: skip
    # a login that a run beside this one uses is there for a moment
    with contextlib.suppress(LabError):
        wait_until("the end of those files", lambda: not any(path.exists() for path in found), seconds=10)
    return [path for path in found if path.exists()]


def test_nothing_is_left_in_temporary_folders_or_the_configuration_of_docker(app: Application, told: Told) -> None:
    assert left_over(told, app.folder) == []


# a registry with a login


@dataclass
class Shop:
    """An application whose image comes from the registry with a login, and who may read it."""

    app: Application
    password: str
    digest: str


@pytest.fixture(scope="module")
def shop(base_images: images.Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A busybox that says nothing, behind a login."""
    found = registry.ensure(login=True)
    name, folder = f"shop-{secrets.token_hex(3)}", tmp_path_factory.mktemp("shop")
    repository = f"{found.address}/{name}/web"
    with contextlib.closing(docker.from_env()) as client:
        client.images.get(base_images.busybox).tag(repository, "1")
        login = {"username": found.user, "password": found.password}
        client.images.push(repository, "1", auth_config=login)
        digest = client.images.get_registry_data(f"{repository}:1", auth_config=login).id
        client.images.remove(f"{repository}:1")
    (folder / "compose.yml").write_text(
        f"services: {{web: {{image: '{repository}:${{APP_VERSION}}', init: true, command: [sleep, '3600']}}}}\n"
    )
    variables = {
        "app_name": name, "app_platform": "compose", "app_source": "images", "app_directory": str(folder),
        "app_state_dir": str(folder / "state"), "app_images": {"web": repository}, "app_release_services": ["web"],
        "app_checks": [{"name": "It runs", "kind": "containers"}], "app_soak_seconds": 0, "app_disk_free_mb": 100,
        "app_registry_username": found.user, "app_registry_password": found.password,
    }  # fmt: skip
    application = Application(name, folder, variables, {}, "")
    yield Shop(application, found.password, digest)
    application.remove()
    with contextlib.closing(docker.from_env()) as client, contextlib.suppress(docker.errors.ImageNotFound):
        client.images.remove(f"{repository}@{digest}")


@pytest.fixture(scope="module")
def sold(shop: Shop) -> Told:
    """A deployment that may not, one that may, one of what is not there, and the rest."""
    wrong = secrets.token_hex(8)
    with watched([shop.password, wrong]) as told:
        shop.app.write(app_registry_password=wrong)
        told.runs["wrong password"] = shop.app.deploy("1", "-vvv")
        shop.app.write()
        told.runs["unknown tag"] = shop.app.deploy("2", "-vvv")
        told.runs["deploy"] = shop.app.deploy("1", "-vvv")
        told.runs["again"] = shop.app.deploy("1", "-vvv")
        told.runs["check by digest"] = shop.app.deploy(shop.digest, "-vvv", "--check", "--diff")
    return told


def test_a_login_is_used_and_shown_nowhere(shop: Shop, sold: Told) -> None:
    assert sold.runs["deploy"].target()["status"] == "ok", sold.runs["deploy"].output
    assert sold.runs["again"].target()["status"] == "unchanged"
    assert sold.runs["check by digest"].rc == 0
    for name in ("wrong password", "unknown tag"):
        assert sold.runs[name].target()["status"] == "refused", sold.runs[name].output
        assert "Nothing was touched." in sold.runs[name].target()["message"]
    assert {name: sold.leaks(run.output + json.dumps(run.stats)) for name, run in sold.runs.items()} == {
        name: [] for name in sold.runs
    }
    assert sold.arguments == set()
    assert list(holding(sold, shop.app.state)) == []
    assert left_over(sold, shop.app.folder) == []
