"""Rules, routes and dashboards that are made from the catalogue, as the real promtool and amtool judge them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue, catalogue
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring import _alert_routes
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring._alert_rules import JOBS, rules
from tests.integration import rule_cases
from tests.lab import monitoring
from tests.unit.plugin_utils.monitoring import test_plan


@pytest.fixture(scope="module")
def programs() -> Path:
    return monitoring.programs()


@pytest.fixture(scope="module")
def studio() -> Catalogue:
    return catalogue(_catalogue_file.ours(), "studio")


def run(*argv: str | Path, cwd: Path) -> str:
    """What a program says; it must end well."""
    done = subprocess.run(argv, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def write(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def write_tests(folder: Path, made: dict[str, Any], tests: list[dict[str, Any]]) -> list[str]:
    """A file of tests for the rules of each metric: promtool works out all rules of a file in every test."""
    names = []
    of_alert = {rule["alert"]: rule["labels"]["metric"] for rule in made["groups"][0]["rules"]}
    for metric in dict.fromkeys(of_alert.values()):
        chosen = [rule for rule in made["groups"][0]["rules"] if rule["labels"]["metric"] == metric]
        write(folder / f"rules-{metric}.yml", {"groups": [{"name": metric, "rules": chosen}]})
        mine = [test for test in tests if of_alert[test["name"].split()[0]] == metric]
        content = {"rule_files": [f"rules-{metric}.yml"], "evaluation_interval": "15s", "tests": mine}
        names.append(write(folder / f"tests-{metric}.yml", content).name)
    return names


def test_every_limit_fires_in_time_and_none_without_a_reason(programs: Path, studio: Catalogue, tmp_path: Path) -> None:
    made = rules(studio, list(JOBS))
    alerts = [rule["alert"] for rule in made["groups"][0]["rules"]]
    write(tmp_path / "rules.yml", made)
    assert f"{len(alerts)} rules found" in run(programs / "promtool", "check", "rules", "rules.yml", cwd=tmp_path)

    tests = rule_cases.cases(studio)
    names = write_tests(tmp_path, made, tests)
    assert run(programs / "promtool", "test", "rules", *names, cwd=tmp_path).count("SUCCESS") == len(names)

    assert {f"{alert} {what}" for alert in alerts for what in ("fires", "does not fire")} <= {
        test["name"] for test in tests
    }


def test_rules_that_never_fire_do_not_pass(programs: Path, studio: Catalogue, tmp_path: Path) -> None:
    """The tests of the rules can fail: each that expects an alert says that it did not come."""
    made = rules(studio, list(JOBS))
    for rule in made["groups"][0]["rules"]:
        rule["expr"] = f"({rule['expr']}) and on() vector(0) > 1"
    tests = [test for test in rule_cases.cases(studio) if test["name"].endswith(" fires")]
    argv = [str(programs / "promtool"), "test", "rules", *write_tests(tmp_path, made, tests)]
    done = subprocess.run(argv, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.returncode != 0
    assert (done.stdout + done.stderr).count("got:[]") >= len(tests)


# routes

WHO: dict[str, tuple[dict[str, str], str]] = {
    "critical": ({"alertname": "ServiceUpCritical", "app": "studio", "severity": "critical"}, "page"),
    "warning": ({"alertname": "ErrorRateWarning", "app": "studio", "severity": "warning"}, "email"),
    "info": ({"alertname": "CpuInfo", "app": "studio", "severity": "info"}, "dashboard"),
    "of nobody": ({"alertname": "Else", "app": "other"}, "dashboard"),
}


@pytest.mark.parametrize("secrets", [set(), {"webhook_token", "pagerduty_key", "smtp_password"}])
def test_amtool_reads_the_routes_and_sends_each_alert_to_its_place(
    programs: Path, tmp_path: Path, secrets: set[str]
) -> None:
    made = test_plan.plan(secrets=secrets)
    config = next(one["content"] for one in made["files"] if one["path"] == "alertmanager/alertmanager.yml")
    (tmp_path / "alertmanager.yml").write_text(config)
    checked = run(programs / "amtool", "check-config", "alertmanager.yml", cwd=tmp_path)
    assert "SUCCESS" in checked
    for labels, receiver in WHO.values():
        given = [f"{name}={value}" for name, value in labels.items()]
        argv = [str(programs / "amtool"), "config", "routes", "test", "--config.file=alertmanager.yml", *given]
        assert run(*argv, cwd=tmp_path).split()[-1] == receiver


def test_promtool_reads_the_configuration_of_the_stack(programs: Path, tmp_path: Path) -> None:
    made = test_plan.plan(secrets=test_plan.ALL_SECRETS, exporters=["host", "database", "cache"])
    for one in made["files"]:
        path = tmp_path / one["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        # promtool wants to see the client certificate where the stack has it mounted: here it is a file in the folder.
        path.write_text(one["content"].replace(_alert_routes.SECRETS, str(tmp_path / "secrets")))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "pair.pem").touch()
    checked = run(programs / "promtool", "check", "config", "prometheus/prometheus.yml", cwd=tmp_path)
    assert f"{len(made['alerts'])} rules found" in checked
