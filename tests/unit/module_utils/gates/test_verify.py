"""The step that runs the health checks: on what, as which phase of an operation, and how it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.gates import _verify
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._verify import VERIFY
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from tests.unit.support import making
from tests.unit.support.metric_sources import plain_project


class Echo(BaseHTTPRequestHandler):
    """Answers with its path; ``/ill`` never well, ``/ills-later`` well twice."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        body = self.path.encode()
        self.seen.append(self.path)
        is_ill = self.path == "/ill" or (self.path == "/ills-later" and self.seen.count(self.path) > 2)
        self.send_response(503 if is_ill else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def target(state: Path, *checks: dict[str, Any]) -> SimpleNamespace:
    """A target whose current release has the service ``web``."""
    store = Store(str(state))
    config = {"env": "e", "inputs": "i", "services": {"web": "digest"}}
    store.write("releases/0001-v1/record.json", making.record_file(config=config, activated="2026-11-25T02:00:00Z"))
    store.write("current.json", {"release": "0001-v1"})
    app = SimpleNamespace(checks=list(checks), env_paths=[], metric_sources={}, lease_ttl=60, release_services=["web"])
    return SimpleNamespace(
        app=app, store=store, project=plain_project(), redactor=Redactor([]), altered=lambda record: [],
        record=lambda release: Record.of(store.read(f"releases/{release}/record.json") or {}),
        completed=lambda release: (),
    )  # fmt: skip


def verify(on: SimpleNamespace, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in VERIFY.spec.items()}
    return VERIFY.run(on, {**defaults, **params}, check_mode)


def phases(on: SimpleNamespace) -> list[tuple[str, str]]:
    return [(one["name"], one["state"]) for one in (on.store.read("operation.json") or {}).get("phases", [])]


def api(url: str, path: str = "/", **more: Any) -> dict[str, Any]:
    return {"name": "API", "kind": "http", "url": url + path, "timeout": 0.1, "interval": 0.05, **more}


def token(on: SimpleNamespace) -> int:
    held: int = on.store.acquire(holder="me", purpose="test", ttl=60, wait=0).token
    on.store.write("operation.json", making.journal(token=held))
    return held


def test_a_look_that_belongs_to_no_operation_writes_nothing(url: str, tmp_path: Path) -> None:
    on = target(tmp_path, api(url))
    found = verify(on)
    assert (found["verdict"], found["release"], found["changed"]) == ("pass", "0001-v1", False)
    assert phases(on) == []


def test_what_was_changed_by_hand_is_a_failing_line(url: str, tmp_path: Path) -> None:
    on = target(tmp_path, api(url))
    on.altered = lambda record: [f"web runs another image than {record.id} recorded"]
    with pytest.raises(OpsError) as error:
        verify(on)
    assert [(one["kind"], one["state"]) for one in error.value.data["checks"]] == [
        ("http", "pass"),
        ("release", "fail"),
    ]
    # a phase of an operation is about what the operation has just made
    assert verify(on, token=token(on), services=["web"])["verdict"] == "pass"


@pytest.mark.parametrize(("completed", "state"), [((), "fail"), (["web"], "pass")])
def test_what_the_platform_says_may_end_may_end(tmp_path: Path, completed: list[str], state: str) -> None:
    on = target(tmp_path, {"name": "Containers", "kind": "containers"})
    on.project = plain_project(found=[making.container("web", state="exited")])
    on.completed = {"0001-v1": completed}.get
    params = {"checks": on.app.checks, "services": ["web"], "completed": on.completed("0001-v1")}
    assert [one["state"] for one in _verify.examine(params, on.project, on.redactor)["checks"]] == [state]
    if state == "pass":
        assert verify(on)["verdict"] == "pass"


@pytest.mark.parametrize("given", [{}, {"services": ["web"]}, {"services": ["web"], "release": "0001-v1"}])
def test_the_containers_of_a_service_are_counted(given: dict[str, Any], tmp_path: Path) -> None:
    on = target(tmp_path, {"name": "Containers", "kind": "containers", "timeout": 0.1})
    on.project = plain_project(found=[making.container("web")])
    assert verify(on, **given)["verdict"] == "pass"
    record = on.record("0001-v1")
    three = replace(record, config=replace(record.config, replicas={"web": 3}))
    on.store.write("releases/0001-v1/record.json", three.as_data())
    with pytest.raises(OpsError) as error:
        verify(on, **given)
    assert "web has 1 of 3 containers" in error.value.data["checks"][0]["reason"]


@pytest.mark.parametrize(("kind", "passes"), [("git", False), ("found", True)])
def test_what_was_found_is_held_to_its_containers_alone(url: str, tmp_path: Path, kind: str, passes: bool) -> None:
    on = target(tmp_path, api(url, "/ill"))
    on.project = plain_project(found=[making.container("web")])
    record = on.record("0001-v1")
    found = replace(record, source=replace(record.source, type=kind))
    on.store.write("releases/0001-v1/record.json", found.as_data())
    given: dict[str, Any] = {"token": token(on), "services": ["web"], "release": "0001-v1", "phase": "verify return"}
    if not passes:
        with pytest.raises(OpsError):
            verify(on, **given)
        return
    found = verify(on, **given)
    assert [(one["kind"], one["state"]) for one in found["checks"]] == [("containers", "pass")]


def test_a_soak_is_a_phase_after_the_verification(url: str, tmp_path: Path) -> None:
    on = target(tmp_path, api(url, interval=0.1))
    found = verify(on, token=token(on), soak=0.25)
    assert phases(on) == [("verify", "ok"), ("soak", "ok")]
    assert found["checks"][0]["elapsed_s"] >= 0.25


def test_the_gates_of_a_soak_know_what_those_of_the_current_release_showed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def metrics(*arguments: Any) -> list[Any]:
        given.append(arguments[-1])
        return []

    monkeypatch.setattr(_verify, "_metrics", metrics)
    on = target(tmp_path, api(url))
    shown = [{"kind": "metric", "observed": {"steps": [1.0]}}]
    on.store.write("releases/0001-v1/record.json", {**on.store.read("releases/0001-v1/record.json"), "gates": shown})
    verify(on, token=token(on), soak=0.1, gates=[{"metric": "queue"}], services=["web"])
    assert given == [shown]


def test_what_a_check_saw_is_shown_without_secrets(url: str, tmp_path: Path) -> None:
    on = target(tmp_path, api(url, "/canary-1234", body_contains="canary-1234-no"))
    on.redactor = Redactor(["canary-1234", "canary-1234-no"])
    with pytest.raises(OpsError) as failed:
        verify(on)
    assert failed.value.data["checks"]
    assert "canary" not in str(failed.value.data["checks"])


def test_the_phase_is_called_as_the_role_says(url: str, tmp_path: Path) -> None:
    on = target(tmp_path, api(url))
    verify(on, token=token(on), phase="verify return")
    assert phases(on) == [("verify return", "ok")]


@pytest.mark.parametrize(("path", "phase"), [("/ill", "verify"), ("/ills-later", "soak")])
def test_a_failure_names_its_phase_and_has_the_checks(url: str, tmp_path: Path, path: str, phase: str) -> None:
    on = target(tmp_path, api(url, path))
    with pytest.raises(OpsError) as raised:
        verify(on, token=token(on), soak=0.6)
    assert (raised.value.data["verdict"], raised.value.data["phase"]) == ("fail", phase)
    assert [check["state"] for check in raised.value.data["checks"]] == ["fail"]
    assert phases(on)[-1] == (phase, "failed")


@pytest.mark.parametrize("verdict", ["fail", "error", "inconclusive"])
@pytest.mark.parametrize("holds_lease", [False, True])
def test_nothing_but_a_pass_lets_an_operation_go_on(
    verdict: str, holds_lease: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_verify, "examine", lambda *_: {"verdict": verdict, "summary": "No.", "checks": []})
    on = target(tmp_path)
    with pytest.raises(OpsError) as raised:
        verify(on, token=token(on) if holds_lease else 0)
    assert (raised.value.data["verdict"], raised.value.data["phase"]) == (verdict, "verify")


def test_a_check_of_what_runs_fails_without_an_operation_too(url: str, tmp_path: Path) -> None:
    with pytest.raises(OpsError) as raised:
        verify(target(tmp_path, api(url, "/ill")))
    assert (raised.value.data["verdict"], raised.value.data["phase"]) == ("fail", "verify")


def test_check_mode_leaves_the_journal_alone(url: str, tmp_path: Path) -> None:
    on = target(tmp_path, api(url))
    verify(on, token=token(on), check_mode=True)
    assert phases(on) == []
