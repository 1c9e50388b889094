"""The module's work from its parameters to its result."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils._check_task import ENTRY, SPEC, examine
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.modules import health_check


class Echo(BaseHTTPRequestHandler):
    """Answers with its path."""

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(503 if self.path == "/ill" else 200)
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
    assert result["checks"][0]["attempts"] == 4
    assert 0.3 <= result["checks"][0]["elapsed_s"] < 0.6


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
    with pytest.raises(Refused, match="Database must look into a container, and no project is named"):
        run({"name": "Database", "kind": "postgres"})


def test_a_negative_hold_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="hold must not be negative"):
        run({"name": "API", "kind": "http", "url": url}, hold=-1)


def test_no_engine_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///does/not/exist.sock")
    result = examine({"checks": [{"name": "Containers", "kind": "containers"}], "project": "studio"})
    with warnings.catch_warnings():  # the SDK forgets the socket that it could not connect
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert result["verdict"] == "error"
    assert "the socket does not exist" in result["checks"][0]["reason"]
    assert result["checks"][0]["attempts"] == 1


def test_the_documentation_names_each_option_and_its_default() -> None:
    documented = yaml.safe_load(health_check.DOCUMENTATION)["options"]
    assert set(documented) == set(SPEC)
    for name, option in SPEC.items():
        assert documented[name]["type"] == option["type"], name
        assert documented[name].get("default") == option.get("default"), name
        assert documented[name].get("required", False) == option.get("required", False), name
