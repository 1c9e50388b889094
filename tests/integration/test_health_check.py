"""The checklist against a real engine: a healthy application, and each way in which a container can fall."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import NotThere, TimedOut
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import examine
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from tests.lab import engine, images

PASSWORD = "canary-of-the-database"
Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def lab() -> images.Images:
    engine.ensure()
    return images.ensure()


def compose(folder: Path, *words: str) -> None:
    subprocess.run(["docker", "compose", "--progress", "quiet", *words], cwd=folder, check=True, capture_output=True)


@contextmanager
def project(folder: Path, services: Services) -> Iterator[str]:
    """A compose project for the length of the block, under a name that no other run of the tests uses."""
    name = f"checks-{uuid.uuid4().hex[:8]}"
    (folder / "compose.yaml").write_text(json.dumps({"name": name, "services": services}))
    try:
        compose(folder, "up", "--detach", "--pull", "never")
        yield name
    finally:
        compose(folder, "down", "--volumes", "--timeout", "0")


def shell(lab: images.Images, script: str, **more: Any) -> dict[str, Any]:
    """A service that runs a script."""
    return {"image": lab.busybox, "command": ["sh", "-c", script], "init": True, "stop_grace_period": "1s", **more}


def checked(name: str, *checks: dict[str, Any], redact: Sequence[str] = (), **params: Any) -> tuple[Any, float]:
    """The result of a checklist, and how long it took."""
    began = time.monotonic()
    with Project(name) as project:
        found = examine({"checks": list(checks), **params}, project, Redactor(redact))
    return found, time.monotonic() - began


def until(true: Callable[[], bool]) -> None:
    """Wait, for at most 30 seconds."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


CONTAINERS = {"name": "containers", "kind": "containers"}
WAITING = {"name": "api", "kind": "http", "url": "http://127.0.0.1:1/"}
WEB = """mkdir -p /www && echo '{"status": "ok"}' > /www/health && exec busybox httpd -f -p 8000 -h /www"""


@pytest.fixture(scope="module")
def studio(lab: images.Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A healthy application of three services."""
    test = ["CMD", "busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8000/health"]
    services = {
        "app": shell(lab, WEB, healthcheck={"test": test, "interval": "1s", "timeout": "2s"}),
        "postgres": {
            "image": lab.postgres,
            "environment": {"POSTGRES_PASSWORD": PASSWORD, "POSTGRES_USER": "studio", "POSTGRES_DB": "data"},
        },
        "redis": {
            "image": lab.redis,
            "command": ["redis-server", "--requirepass", PASSWORD],
            "environment": {"SECRET": PASSWORD},
        },
    }
    with project(tmp_path_factory.mktemp("studio"), services) as name:
        yield name


CHECKLIST: list[dict[str, Any]] = [
    CONTAINERS,
    {"name": "API", "kind": "http", "service": "app", "port": 8000, "url": "/health", "json": {"status": "ok"}},
    {"name": "Port", "kind": "tcp", "service": "postgres", "port": 5432, "timeout": 120},
    {"name": "Database", "kind": "postgres", "timeout": 120},
    {
        "name": "Query",
        "kind": "postgres",
        "query": "SELECT current_user || current_database()",
        "expect": "studiodata",
        "timeout": 120,
    },
    {"name": "Redis", "kind": "redis", "service": "redis", "password_env": "SECRET"},
    {"name": "Mongo", "kind": "mongo", "service": "mongo", "when_present": True},
    # whoever asks PostgreSQL while it starts makes it log a FATAL
    {"name": "Logs", "kind": "logs", "allow": ["the database system is starting up"]},
    {"name": "Command", "kind": "exec", "service": "app", "command": ["cat", "/www/health"], "output_contains": "ok"},
]
SERVICES = ["app", "postgres", "redis"]


def test_a_healthy_application_passes_all_its_checks(studio: str) -> None:
    result, _ = checked(studio, *CHECKLIST, services=SERVICES)
    states = {check["name"]: check["state"] for check in result["checks"]}
    assert result["verdict"] == "pass", result["checklist"]
    assert states.pop("Mongo") == "skipped"
    assert set(states.values()) == {"pass"}
    assert PASSWORD not in str(result)


def test_failures_of_each_kind_are_told_apart(studio: str) -> None:
    checks = [
        {"name": "service", "kind": "exec", "service": "mongo", "command": ["true"], "timeout": 0.2},
        {"name": "command", "kind": "exec", "service": "app", "command": ["no-such-command"], "timeout": 5},
        {"name": "code", "kind": "exec", "service": "app", "command": ["false"], "timeout": 6, "interval": 6},
        {
            "name": "hang",
            "kind": "exec",
            "service": "app",
            "command": ["sleep", "3"],
            "timeout": 1,
            "attempt_timeout": 0.5,
        },
        {"name": "psql", "kind": "postgres", "service": "app", "timeout": 5},
        {"name": "query", "kind": "postgres", "query": "SELECT nothing", "timeout": 6, "interval": 6},
        {"name": "auth", "kind": "redis", "service": "redis", "timeout": 5},
        {"name": "port", "kind": "tcp", "service": "app", "port": 1, "timeout": 5},
        {"name": "variable", "kind": "redis", "service": "redis", "password_env": "NOPE", "timeout": 5},
    ]
    result, took = checked(studio, *checks)
    reasons = {check["name"]: (check["state"], check["reason"]) for check in result["checks"]}
    expected = {
        "service": ("fail", f"No container of the service mongo of project {studio} is running."),
        "command": ("error", "no-such-command cannot be run in app"),
        "code": ("fail", "ended with code 1, expected 0"),
        "hang": ("fail", "sleep in app was still running after"),
        "psql": ("error", "psql cannot be run in app"),
        "query": ("fail", 'column "nothing" does not exist'),
        "auth": ("fail", "wants a password (NOAUTH)"),
        "port": ("fail", "nothing is listening at app"),
        "variable": ("error", "has no variable NOPE"),
    }
    for name, (state, reason) in expected.items():
        assert reasons[name][0] == state, (name, reasons[name])
        assert reason in reasons[name][1], (name, reasons[name])
    assert took < 30
    assert PASSWORD not in str(result)


@pytest.mark.parametrize(
    ("script", "more", "reason"),
    [
        pytest.param(
            "sleep 0.7; echo oh no >&2; exit 3", {}, "app exited with code 3; its last words: oh no", id="crash"
        ),
        pytest.param("sleep 0.5; echo again; exit 3", {"restart": "always"}, "app exited with code 3", id="restarts"),
        pytest.param(
            "sleep 0.5; tail /dev/zero",
            {"mem_limit": "16m", "memswap_limit": "16m"},
            "killed for lack of memory",
            id="oom",
        ),
        pytest.param(
            "sleep 60",
            {"healthcheck": {"test": ["CMD-SHELL", "echo not well; exit 1"], "interval": "0.5s", "retries": 2}},
            "app is unhealthy: not well",
            id="unhealthy",
        ),
        pytest.param("sleep 0.7", {}, "app exited with code 0", id="gone"),
    ],
)
def test_a_terminal_state_ends_the_wait_by_name(
    lab: images.Images, tmp_path: Path, script: str, more: dict[str, Any], reason: str
) -> None:
    services = {"app": shell(lab, script, **more), "db": shell(lab, "sleep 60")}
    since = time.time()
    with project(tmp_path, services) as name:
        result, took = checked(name, CONTAINERS, WAITING, services=["app", "db"], since=since)
    containers, api = result["checks"]
    assert result["verdict"] == "fail"
    assert reason in containers["reason"], containers
    assert (api["state"], api["reason"].startswith("stopped: app ")) == ("inconclusive", True)
    assert took < 20  # of the 30 that the others would have waited
    assert set(containers["observed"]["log"]) == {"app"}


def test_a_crash_after_the_containers_passed_is_noticed_at_once(lab: images.Images, tmp_path: Path) -> None:
    """It ran when it was checked first, and only the event of its end tells more: the interval is too long."""
    began: list[float] = []
    with project(tmp_path, {"app": shell(lab, "sleep 60")}) as name:
        kill = ["docker", "kill", f"{name}-app-1"]

        def crash() -> None:
            subprocess.run(kill, check=True, capture_output=True)
            began.append(time.monotonic())

        timer = threading.Timer(1, crash)
        timer.start()
        result, _ = checked(name, {**CONTAINERS, "interval": 20}, {**WAITING, "interval": 20})
        noticed = time.monotonic()
        timer.join()
    assert result["checks"][0]["reason"].startswith("app exited with code 137")
    assert noticed - began[0] < 10  # of the 20 to its next look


def test_a_container_that_gets_healthy_ends_the_wait_at_once(lab: images.Images, tmp_path: Path) -> None:
    healthcheck = {"test": ["CMD-SHELL", "test -e /ready"], "interval": "1s", "retries": 30}
    services = {"app": shell(lab, "sleep 1.5; touch /ready; exec sleep 60", healthcheck=healthcheck)}
    with project(tmp_path, services) as name:
        result, took = checked(name, {**CONTAINERS, "interval": 20, "timeout": 60, "attempt_timeout": 5})
    assert result["verdict"] == "pass"
    assert result["checks"][0]["reason"] == "1 running, 1 healthy"
    assert took < 12


def test_restarts_may_be_tolerated(lab: images.Images, tmp_path: Path) -> None:
    script = "test -e /tmp/once || { touch /tmp/once; exit 1; }; exec sleep 60"
    since = time.time()
    with project(tmp_path, {"app": shell(lab, script, restart="always")}) as name:
        with Project(name) as found:
            until(lambda: found.containers()[0].restart_count == 1)
        tolerant, _ = checked(name, {**CONTAINERS, "max_restarts": 1}, since=since)
        strict, _ = checked(name, CONTAINERS, since=since)
        old, _ = checked(name, CONTAINERS)
    assert [each["verdict"] for each in (tolerant, strict, old)] == ["pass", "fail", "pass"]


def test_missing_and_completed_services(lab: images.Images, tmp_path: Path) -> None:
    services = {"app": shell(lab, "sleep 60"), "init": shell(lab, "exit 0")}
    with project(tmp_path, services) as name, Project(name) as found:
        until(lambda: {one.state for one in found.containers()} == {"running", "exited"})
        completed, _ = checked(name, {**CONTAINERS, "completed": ["init"]}, services=["app", "init"])
        strict, _ = checked(name, CONTAINERS, services=["app", "init"])
        missing, _ = checked(name, {**CONTAINERS, "services": ["app", "db"], "timeout": 0.2})
    assert completed["verdict"] == "pass"
    assert "init exited with code 0" in strict["summary"]
    assert "db has no container" in missing["summary"]


def test_error_lines_since_the_release(lab: images.Images, tmp_path: Path) -> None:
    logs = {"name": "logs", "kind": "logs"}
    told = "until [ -e /go ]; do sleep 0.1; done; echo INFO fine; echo ERROR with canary-in-the-log"
    with project(tmp_path, {"app": shell(lab, f"echo ERROR of old; {told}; exec sleep 60")}) as name:
        with Project(name) as found:
            until(lambda: found.log_ends("app") == [LogEnd("ERROR of old\n")])
            since = time.time()
            before, _ = checked(name, logs, since=since)
            go = threading.Timer(1, found.exec, ("app", ["touch", "/go"], 20))
            go.start()
            held, took = checked(name, logs, since=since, hold=60, redact=["canary-in-the-log"])
            go.join()
        every, _ = checked(name, logs)
        allowed, _ = checked(name, {**logs, "allow": ["canary-in-the-log"]}, since=since)
    assert before["verdict"] == "pass"
    assert held["verdict"] == "fail"
    assert held["checks"][0]["observed"]["lines"] == ["app: ERROR with ********"]
    assert took < 50, "a failure ends the hold"
    assert every["checks"][0]["observed"]["matches"] == 2
    assert allowed["verdict"] == "pass"


def test_a_long_log_is_read_in_time_or_undecided(lab: images.Images, tmp_path: Path) -> None:
    script = "seq 1 40000; exec sleep 60"
    logs = {"name": "logs", "kind": "logs"}
    with project(tmp_path, {"app": shell(lab, script)}) as name:
        with Project(name) as found:
            until(lambda: found.log_ends("app", limit_bytes=20)[0].text.endswith("40000\n"))
            assert found.log_ends("app", limit_bytes=18) == [LogEnd("39998\n39999\n40000\n", was_cut=True)]
        hurried, _ = checked(name, {**logs, "attempt_timeout": 0.1, "timeout": 0.15})
        patient, _ = checked(name, {**logs, "attempt_timeout": 1, "timeout": 60})
    assert hurried["verdict"] == "inconclusive", hurried["checklist"]
    assert patient["checks"][0]["observed"]["lines_read"] == 40_000


class TestProject:
    """The wrapper over the engine, used by all the others."""

    def test_containers(self, studio: str) -> None:
        with Project(studio) as found:
            app, postgres, _redis = found.containers()
        assert [app.service, app.state, app.health] == ["app", "running", "healthy"]
        assert [postgres.health, postgres.exit_code, postgres.oneoff] == ["none", 0, False]
        assert app.image_id.startswith("sha256:")
        assert len(app.config_hash) == 64

    def test_exec(self, studio: str) -> None:
        with Project(studio) as found:
            told = found.exec("app", ["sh", "-c", 'echo "$WORD"; echo err >&2; exit 4'], 5, {"WORD": "hello"})
            assert (told.code, sorted(told.output.split())) == (4, ["err", "hello"])
            big = found.exec("app", ["sh", "-c", "yes | head -c 3000000"], 20)
            assert (big.code, len(big.output)) == (0, 1_000_000)
            with pytest.raises(TimedOut, match="sleep in app was still running"):
                found.exec("app", ["sleep", "2"], 0.3)
            with pytest.raises(NotThere, match="No container of the service nobody"):
                found.exec("nobody", ["true"], 1)

    def test_exec_loses_no_output(self, studio: str) -> None:
        with Project(studio) as found:
            assert {found.exec("app", ["echo", "here"], 5).output for _ in range(20)} == {"here\n"}

    def test_images(self, studio: str, lab: images.Images) -> None:
        with Project(studio) as found:
            identifier = found.image_id(lab.busybox)
            assert identifier is not None
            assert found.has_image(identifier)
            found.tag(identifier, "doppelganger-test/checks", "one")
            assert found.image_id("doppelganger-test/checks:one") == identifier
            assert found.remove_image("doppelganger-test/checks:one")
            assert not found.remove_image("doppelganger-test/checks:one")
            assert found.has_image(identifier)

    def test_events(self, studio: str) -> None:
        with Project(studio) as found:
            happenings = found.events(timeout=5)
            assert next(happenings) is None
            subprocess.run(["docker", "pause", f"{studio}-redis-1"], check=True, capture_output=True)
            subprocess.run(["docker", "unpause", f"{studio}-redis-1"], check=True, capture_output=True)
            seen: list[str] = []
            while seen[-1:] != ["unpause"]:
                event = next(happenings)
                seen += [event.action] if event and event.service == "redis" else []
            happenings.close()
        assert seen == ["pause", "unpause"]
