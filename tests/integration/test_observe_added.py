"""Rules that are added to what is there: a Prometheus that somebody else runs, with a folder of rules."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import doppelganger_ops as ops
from tests.integration.application import Run, play
from tests.integration.conftest import free_port
from tests.integration.receivers import until
from tests.lab import monitoring

CONFIG = {"global": {"evaluation_interval": "1s"}, "rule_files": ["rules/*.yml"]}
FOREIGN = {"groups": [{"name": "theirs", "rules": [{"alert": "Theirs", "expr": "vector(1) > 2"}]}]}


@dataclass(frozen=True)
class Theirs:
    """A Prometheus that is there, its folder of rules, and an inventory that names both."""

    url: str
    rules: Path
    inventory: Path
    variables: dict[str, Any]
    pid: int

    def play(self, *arguments: str, **changes: Any) -> Run:
        connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        host = {**connection, **self.variables, **changes}
        self.inventory.write_text(yaml.safe_dump({"targets": {"hosts": {"app": host}}}))
        return play(self.inventory, "observe", *arguments)

    def alerts(self) -> set[str]:
        return set(self._queries())

    def loaded(self, alert: str) -> str:
        """The expression of an alert that is at work."""
        return self._queries()[alert]

    def _queries(self) -> dict[str, str]:
        with urllib.request.urlopen(f"{self.url}/api/v1/rules", timeout=5) as answer:
            groups = json.loads(answer.read())["data"]["groups"]
        return {rule["name"]: rule["query"] for group in groups for rule in group["rules"]}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    folder = tmp_path_factory.mktemp("prometheus")
    rules = folder / "rules"
    rules.mkdir()
    (rules / "theirs.yml").write_text(yaml.safe_dump(FOREIGN))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(CONFIG))
    port = free_port()
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--web.enable-lifecycle"]
    argv = [str(monitoring.programs() / "prometheus"), *options, f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    variables = {
        "app_name": "shop",
        "app_platform": "compose",
        "app_source": "images",
        "app_directory": str(folder),
        "app_release_services": ["shop"],
        "app_images": {"shop": "shop"},
        "observe_mode": "rules",
        "observe_rules_dir": str(rules),
        "observe_prometheus_url": f"http://127.0.0.1:{port}",
        "observe_timeout": 10.0,
    }
    found = Theirs(f"http://127.0.0.1:{port}", rules, folder / "hosts.yml", variables, process.pid)

    def is_ready() -> bool:
        try:
            return bool(found.alerts())
        except OSError:
            return False

    until("Prometheus", is_ready)
    yield found
    process.terminate()
    process.wait(10)


def test_rules_are_added_and_nothing_else_is_touched(theirs: Theirs) -> None:
    foretold = theirs.play("--check", "--diff")
    assert (foretold.rc, foretold.changed()) == (0, 1), foretold.output
    assert "alert: ErrorRateCritical" in foretold.output
    assert theirs.alerts() == {"Theirs"}
    assert [path.name for path in theirs.rules.iterdir()] == ["theirs.yml"]

    run = theirs.play()
    assert (run.rc, run.changed()) == (0, 1), run.output
    assert "rules are loaded" in run.output
    assert {"Theirs", "ErrorRateCritical", "AppMetricsMissing"} <= theirs.alerts()
    assert sorted(path.name for path in theirs.rules.iterdir()) == ["doppelganger-ops-shop.yml", "theirs.yml"]

    again = theirs.play()
    assert (again.rc, again.changed()) == (0, 0), again.output
    called = ops.observe(inventory=theirs.inventory)
    assert (called.status, called.changed) == (ops.Status.UNCHANGED, False), called
    assert "rules are loaded" in called.targets["app"].message
    called.to_json()


def test_a_run_that_was_killed_before_the_reload_is_made_good(theirs: Theirs) -> None:
    """The file is as it is wanted, and Prometheus has not read it."""
    assert theirs.play().rc == 0
    file = theirs.rules / "doppelganger-ops-shop.yml"
    before = file.read_text()
    assert theirs.play(app_metrics={"cpu": {"limits": {"warning": {"above": 81}}}}).rc == 0
    # as a run leaves it that is killed between the writing and the reload
    file.write_text(before)
    (theirs.rules / ".shop.reload-due").touch()
    assert theirs.play("--check").changed() == 1
    run = theirs.play()
    assert (run.rc, run.changed()) == (0, 1), run.output
    with urllib.request.urlopen(f"{theirs.url}/api/v1/rules", timeout=5) as answer:
        assert "> 81" not in answer.read().decode()


@pytest.mark.parametrize(("by_signal", "said"), [(False, "answered 500"), (True, "refused its files")])
def test_rules_that_are_refused_are_taken_back(theirs: Theirs, by_signal: bool, said: str) -> None:
    """By the endpoint, and by a command where that Prometheus has none that is open."""
    reload = {"observe_reload_command": ["kill", "-HUP", str(theirs.pid)]} if by_signal else {}
    limit = 82 + by_signal
    taken = theirs.play(app_metrics={"cpu": {"limits": {"warning": {"above": limit}}}}, **reload)
    assert (taken.rc, taken.changed()) == (0, 1), taken.output
    before = (theirs.rules / "doppelganger-ops-shop.yml").read_text()
    assert f"> {limit}" in before
    run = theirs.play(app_metrics={"cpu": {"sources": {"prometheus": {"query": "sum("}}}}, **reload)
    assert run.rc == 2, run.output
    assert said in run.output
    assert (theirs.rules / "doppelganger-ops-shop.yml").read_text() == before
    assert f"> {limit}" in theirs.loaded("CpuWarning")
    assert theirs.play(**reload).rc == 0


def test_a_prometheus_that_reads_another_folder_is_not_called_done(theirs: Theirs, tmp_path: Path) -> None:
    run = theirs.play(app_name="other", observe_rules_dir=str(tmp_path), observe_timeout=1.0)
    assert run.rc == 2, run.output
    assert "rules are not loaded" in run.output


def test_a_prometheus_that_is_not_there_is_named(theirs: Theirs, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    run = theirs.play(observe_prometheus_url=nowhere, observe_rules_dir=str(tmp_path), observe_timeout=1.0)
    assert run.rc == 2, run.output
    assert f"Prometheus at {nowhere} cannot be reached" in run.output
