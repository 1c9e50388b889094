"""Setting a monitoring up in a namespace, over a server that keeps what it is sent; the real one is tried as well."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._http import Answer
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login._rights import Right
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _wait
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps._monitoring_stack import (
    BehindService,
    set_up,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget
from tests.unit.plugin_utils.kubernetes.steps.test_monitoring_objects import plan

Object = dict[str, Any]
APP = {
    "kind": "Deployment",
    "metadata": {"name": "app"},
    "spec": {"selector": {"matchLabels": {"run": "app"}}, "template": {"metadata": {"labels": {"run": "app"}}}},
}
SECRETS = {"webhook_token": "token-7f3a", "pagerduty_key": "key-22c9", "smtp_password": "mail-5d10"}


class Server:
    """A namespace, and the Prometheus in it, which has loaded whatever was planned last."""

    namespace = "studio"

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Object] = {}
        self.missing: list[Right] = []
        self.planned: Object = {}
        #: the rule that it does not load
        self.loses = ""

    def missing_rights(self, rights: list[Right]) -> list[Right]:
        return [one for one in self.missing if one in rights]

    def list(self, api_version: str, kind: str, *, labels: str = "") -> tuple[list[Object], str]:
        del api_version, labels
        return [copy.deepcopy(one) for (of, _), one in self.kept.items() if of == kind], "1"

    def get(self, api_version: str, kind: str, name: str) -> Object | None:
        del api_version
        return copy.deepcopy(self.kept.get((kind, name)))

    def apply(self, sent: Object, *, dry_run: bool = False, force: bool = False) -> Object:
        del force
        key = (sent["kind"], sent["metadata"]["name"])
        fields = [{"manager": "doppelganger-ops", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
        found = copy.deepcopy({**sent, "metadata": {**sent["metadata"], "uid": "/".join(key), "managedFields": fields}})
        if not dry_run:
            self.kept[key] = found
        return copy.deepcopy(found)

    def delete(self, api_version: str, kind: str, name: str, **more: Any) -> bool:
        del api_version, more
        return self.kept.pop((kind, name), None) is not None

    def service_get(self, service: str, port: int, path: str, *, timeout: float, limit: int) -> Answer:
        del port, timeout, limit
        assert service == "monitoring-studio-prometheus"
        loaded = [name for name in self.planned["alerts"] if name != self.loses]
        rules = [{"name": name, "labels": {"app": "studio"}, "health": "ok"} for name in loaded]
        targets = [{"labels": {"job": job}, "health": "up"} for job in self.planned["jobs"]]
        data = {"groups": [{"rules": rules}], "activeTargets": targets, "activeAlertmanagers": [{}]}
        return Answer(200, {}, json.dumps({"data": data}).encode() if path.startswith("/api/v1/") else b"")


def do(server: Server, planned: Object, check_mode: bool = False, **secrets: str) -> Object:
    server.planned = planned
    target = SimpleNamespace(
        app=SimpleNamespace(name="studio"), cluster=server, redactor=SimpleNamespace(text=lambda text: text),
        current=lambda: "0001-v1", manifests=lambda release: [APP] if release else [],
    )  # fmt: skip
    params = {"plan": planned, "secrets": {**SECRETS, **secrets}, "timeout": 1.0}
    return set_up(cast(KubeTarget, target), params, check_mode)


@contextmanager
def waiting(monkeypatch: pytest.MonkeyPatch, *ends: OpsError | None) -> Iterator[None]:
    """Each wait ends as told, the last one's way from then on."""
    left = list(ends)

    def wait(*_: Any, **__: Any) -> None:
        end = left.pop(0) if len(left) > 1 else left[0]
        if end is not None:
            raise end

    with monkeypatch.context() as patch:
        patch.setattr(_wait, "wait", wait)
        yield


def names(server: Server) -> set[str]:
    return {f"{kind} {name.removeprefix('monitoring-studio-')}" for kind, name in server.kept}


CPU = {"metrics": {"cpu": {"limits": {"warning": {"above": 77}}}}}


def test_a_check_foretells_a_run_sets_up_and_a_second_one_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with waiting(monkeypatch, None):
        foretold = do(server, plan(), check_mode=True)
        assert (foretold["changed"], server.kept) == (True, {})
        assert foretold["services"] == ["monitoring-studio-alertmanager", "monitoring-studio-prometheus"]
        assert do(server, plan())["changed"] is True
        before = copy.deepcopy(server.kept)
        assert do(server, plan())["changed"] is False
        assert do(server, plan(), check_mode=True)["diff"] == []
    assert server.kept == before
    assert server.kept["Service", "monitoring-studio-watched-app"]["spec"]["selector"] == {"run": "app"}


def test_another_secret_is_another_object_and_its_reader_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with waiting(monkeypatch, None):
        do(server, plan())
        [first] = [name for kind, name in server.kept if kind == "Secret"]
        found = do(server, plan(), webhook_token="token-other")
    [second] = [name for kind, name in server.kept if kind == "Secret"]
    assert first != second
    assert base64.b64decode(server.kept["Secret", second]["data"]["webhook_token"]) == b"token-other"
    assert found["services"] == ["monitoring-studio-alertmanager"]
    assert "token-other" not in json.dumps(found)


def test_what_is_no_longer_wanted_goes_once_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with waiting(monkeypatch, None):
        do(server, plan(exporters=["host"]))
        assert "DaemonSet host" in names(server)
        do(server, plan({**CPU}))
    assert {"DaemonSet host", "Service host"}.isdisjoint(names(server))
    assert len([name for name in names(server) if name.startswith("ConfigMap prometheus-")]) == 1


def test_what_prometheus_still_finds_wrong_is_an_error_that_says_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.loses = plan()["alerts"][0]
    with waiting(monkeypatch, None), pytest.raises(OpsError, match=r"1 of .* not loaded") as error:
        do(server, plan())
    assert error.value.as_result()["changed"] is True


def test_what_does_not_come_up_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with waiting(monkeypatch, None):
        do(server, plan())
    before = copy.deepcopy(server.kept)
    with waiting(monkeypatch, _wait.NotReady("it crashes"), None), pytest.raises(OpsError) as failure:
        do(server, plan(CPU, exporters=["host"]))
    assert "is as it was before" in failure.value.hint
    assert server.kept == before
    ends = _wait.NotReady("it crashes"), _wait.NotReady("the old one too")
    with waiting(monkeypatch, *ends), pytest.raises(OpsError) as failure:
        do(server, plan(CPU))
    assert "is not at work again: the old one too" in failure.value.hint


def test_what_a_killed_run_left_and_does_not_come_up_is_said_and_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with waiting(monkeypatch, None):
        do(server, plan())
    before = copy.deepcopy(server.kept)
    with waiting(monkeypatch, _wait.NotReady("it crashes")), pytest.raises(OpsError) as failure:
        do(server, plan())
    assert "nothing to change" in failure.value.hint
    assert server.kept == before


def test_a_first_one_that_does_not_come_up_is_left_to_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with waiting(monkeypatch, _wait.NotReady("it crashes")), pytest.raises(OpsError):
        do(server, plan())
    assert "Deployment prometheus" in names(server)


def test_a_right_that_is_missing_is_named_before_anything_is_read() -> None:
    server = Server()
    server.missing = [Right("patch", "apps", "deployments"), Right("create", "apps", "daemonsets")]
    with pytest.raises(Refused, match=r"cannot patch deployments\.apps, in namespace") as refusal:
        do(server, plan())
    assert "rbac-observe.yml" in refusal.value.hint
    with pytest.raises(Refused, match=r"create daemonsets\.apps"):
        do(server, plan(exporters=["host"]))


def test_an_application_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"Expected web among the workloads .* found app") as refusal:
        do(Server(), plan({"metric_sources": {"openmetrics": {"service": "web", "port": 1}}}))
    assert "Deploy the application first" in refusal.value.hint


def test_an_answer_that_is_none_is_said() -> None:
    class Silent(Server):
        def service_get(self, service: str, port: int, path: str, *, timeout: float, limit: int) -> Answer:
            del service, port, path, timeout, limit
            return Answer(503, {}, b"no endpoints")

    with pytest.raises(OpsError, match="answered 503: no endpoints"):
        BehindService(cast(Any, Silent()), "prometheus", 9090).read("/api/v1/rules")
