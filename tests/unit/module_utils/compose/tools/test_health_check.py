"""The module's work from its parameters to its result."""

from __future__ import annotations

import contextlib
import gc
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.doc_fragments import checklist
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools import _health_check
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools._health_check import ENTRY, SPEC
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.modules import health_check
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


def run(*checks: dict[str, Any], check_mode: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in SPEC.items()}
    return ENTRY.run({**defaults, "checks": list(checks), **params}, check_mode)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_pass(url: str, check_mode: bool) -> None:
    result = run({"name": "API", "kind": "http", "url": url + "/health"}, check_mode=check_mode)
    assert (result["changed"], result["verdict"], result["msg"]) == (False, "pass", "1 of 1 required checks passed.")
    assert result["summary"] == result["msg"]
    assert result["checklist"].startswith("[x] API")
    assert result["checks"][0]["observed"] == {"status": 200, "bytes": 7}


def test_a_failure_fails_the_task_and_keeps_all_that_was_seen(url: str) -> None:
    with pytest.raises(OpsError) as failed:
        run({"name": "API", "kind": "http", "url": url + "/ill", "timeout": 0.1})
    result = failed.value.as_result()
    assert (result["failed"], result["kind"], result["verdict"], result["changed"]) == (True, "failed", "fail", False)
    assert "1 of 1 required checks failed: API (answered 503, expected 200: /ill)" in result["msg"]
    assert result["checks"][0]["state"] == "fail"


def test_a_failure_that_need_not_pass_is_a_result(url: str) -> None:
    result = run({"name": "API", "kind": "http", "url": url + "/ill", "timeout": 0.1}, must_pass=False)
    assert result["verdict"] == "fail"


def test_an_advisory_failure_is_shown_only(url: str) -> None:
    ill = {"name": "Dashboard", "kind": "http", "url": url + "/ill", "timeout": 0.1, "severity": "advisory"}
    result = run({"name": "API", "kind": "http", "url": url + "/"}, ill)
    assert result["verdict"] == "pass"
    assert "advisory: Dashboard" in result["summary"]


def test_hold_is_for_all_checks(url: str) -> None:
    result = run({"name": "API", "kind": "http", "url": url + "/", "interval": 0.1, "hold": 60}, hold=0.3)
    assert 1 < result["checks"][0]["attempts"] <= 4
    assert 0.3 <= result["checks"][0]["elapsed_s"] < 10  # of the 60 that the check itself would take


def test_secrets_are_blanked_out_everywhere(url: str, tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text("PASSWORD='from-env-canary'\n")
    check = {"name": "API", "kind": "http", "url": url + "/given-canary/from-env-canary", "status": 500, "timeout": 0.1}
    result = run(check, must_pass=False, redact=["given-canary"], redact_env_files=[str(env)])
    assert "canary" not in str(result)
    assert "/********/********" in result["checks"][0]["observed"]["body"]


def test_an_env_file_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="cannot be read: No such file"):
        run({"name": "API", "kind": "http", "url": url}, redact_env_files=["/does/not/exist"])


def test_checks_that_need_a_project_are_refused_without_one() -> None:
    with pytest.raises(Refused, match="Database"):
        run({"name": "Database", "kind": "postgres"})


def test_a_negative_hold_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="hold must not be negative"):
        run({"name": "API", "kind": "http", "url": url}, hold=-1)


def test_no_engine_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///does/not/exist.sock")
    result = run({"name": "Containers", "kind": "containers"}, project="studio", must_pass=False)
    for thread in threading.enumerate():  # one that has not ended yet still holds it
        if thread.name == "check":
            thread.join(5)
    with warnings.catch_warnings():  # the SDK forgets the socket that it could not connect
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert result["verdict"] == "error"
    assert "the socket does not exist" in result["checks"][0]["reason"]
    assert result["checks"][0]["attempts"] == 1


def test_the_documentation_names_each_option_and_its_default() -> None:
    texts = (health_check.DOCUMENTATION, checklist.ModuleDocFragment.DOCUMENTATION)
    documented = {name: one for text in texts for name, one in yaml.safe_load(text)["options"].items()}
    assert set(documented) == set(SPEC)
    for name, option in SPEC.items():
        assert documented[name]["type"] == option["type"], name
        assert documented[name].get("default") == option.get("default"), name
        assert documented[name].get("required", False) == option.get("required", False), name


def test_what_ought_to_run_is_looked_up_where_nobody_says_it(url: str, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    config = {"env": "e", "inputs": "i", "services": {"web": "digest"}}
    store.write("releases/0001-v1/record.json", making.record_file(config=config, activated="2026-11-25T02:00:00Z"))
    store.write("current.json", {"release": "0001-v1"})
    absent = {"name": "Cache", "kind": "redis", "service": "redis", "when_present": True, "severity": "advisory"}
    result = run({"name": "API", "kind": "http", "url": url}, absent, state_dir=str(tmp_path), project="shop")
    assert result["release"] == "0001-v1"
    assert result["checks"][1]["reason"] == "redis is not part of the application"


def test_what_others_wait_for_the_end_of_may_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    config = {"env": "e", "inputs": "i", "services": {"web": "digest", "init": "digest"}}
    store.write("releases/0001-v1/record.json", making.record_file(config=config, activated="2026-11-25T02:00:00Z"))
    store.write("current.json", {"release": "0001-v1"})
    ended = plain_project(found=[making.container("web"), making.container("init", state="exited")])
    monkeypatch.setattr(_health_check, "Project", lambda name: contextlib.nullcontext(ended))
    check = {"name": "Containers", "kind": "containers", "timeout": 0.1}
    given: dict[str, Any] = {"state_dir": str(tmp_path), "project": "x", "must_pass": False}
    assert run(check, **given)["verdict"] == "fail"
    needs = {"init": {"condition": "service_completed_successfully"}}
    rendered = {"services": {"web": {"depends_on": needs}, "init": {}}}
    store.write("releases/0001-v1/compose.json", rendered)
    assert run(check, **given)["verdict"] == "pass"
