"""The dashboard on the real engine, in a real browser: what it shows, how it follows what happens, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest
import yaml

from doppelganger_ops import schemas
from tests.integration.application import Application
from tests.integration.embedding import RunFolders
from tests.integration.observed import everything
from tests.integration.visitors import visitors
from tests.lab import browser

#: often, so that a test need not wait; a look takes longer, so one follows the other
EVERY = "2"
#: within which what happened is on the page: two looks, on however busy a machine
SOON = 300.0
#: nobody listens there
NOBODY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}


@dataclass
class Shown:
    """A dashboard that runs, and where it is."""

    app: Application
    process: subprocess.Popen[str]
    url: str
    folders: RunFolders

    def data(self) -> dict[str, Any]:
        """What it knows."""
        with urllib.request.urlopen(f"{self.url}data.json", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@pytest.fixture(scope="module")
def shown(app: Application, run_folders: RunFolders) -> Iterator[Shown]:
    """The command, for the studio, a host that nobody reaches, and one whose model is refused."""
    # without the one that goes on to fail because of what was logged before
    checks = [check for check in app.variables["app_checks"] if check["kind"] != "logs"]
    app.variables.update({"app_soak_seconds": 0, "app_checks": checks})
    app.write()
    run = app.deploy("v0.2.1")
    assert run.rc == 0, run.output
    for check in checks:
        check.update({"timeout": 3} if check["kind"] == "http" else {})
    with_others(app)
    command = [str(Path(sys.executable).with_name("doppelganger-ops")), "dashboard", "-i", str(app.inventory),
               "--port", "0", "--every", EVERY, "--grafana-url", "http://127.0.0.1:3001/"]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield Shown(app, process, line.split()[4], run_folders)
        finally:
            process.kill()


def with_others(app: Application, **changes: Any) -> None:
    """The inventory with three hosts, of which the first is the studio."""
    inventory = yaml.safe_load(app.write(**changes).read_text())
    studio = inventory["targets"]["hosts"]["app"]
    others = {"lost": {**app.variables, **NOBODY}, "wrong": {**studio, "app_soak_seconds": "long"}}
    inventory["targets"]["hosts"] |= others
    # it is read all the time, so never half of it
    fresh = app.inventory.parent.parent / "hosts.new"
    fresh.write_text(yaml.safe_dump(inventory))
    fresh.rename(app.inventory)


@pytest.fixture(scope="module")
def look() -> Iterator[browser.Browser]:
    """A browser, started once."""
    with browser.opened() as found:
        yield found


@contextlib.contextmanager
def failing(app: Application) -> Iterator[None]:
    """The application answers with errors, as long as this goes on."""
    with contextlib.closing(docker.from_env()) as client:
        container = client.containers.get(app.containers()["app"][0])

        def fault(word: str) -> None:
            done = container.exec_run(["sh", "-c", f"printf '{word}' > FAULT"], user="0")
            assert done.exit_code == 0, done.output

        fault("errors")
        try:
            yield
        finally:
            fault("")


def target(host: str, inside: str = "") -> str:
    return f"document.querySelector('[data-target=\"{host}\"]{inside}')"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_a_browser_shows_targets_releases_checks_and_metrics(
    shown: Shown, look: browser.Browser, width: int, dark: bool
) -> None:
    look.open(shown.url, width, dark=dark)
    look.until(f"{target('app')} && {target('app')}.innerText.includes('0001-v0.2.1 runs')", SOON)
    look.until("document.querySelectorAll('[data-metric]').length >= 10", SOON)
    text = look.value("document.body.innerText")
    for said in ("All containers running", "Database accessible", "0001-v0.2.1 runs", "Request rate", "CPU usage",
                 "limit: critical > 10, warning > 1", "Grafana"):  # fmt: skip
        assert said in text
    assert look.value("document.querySelectorAll('[data-metric=error_rate] line.limit').length") == 2
    assert look.value("document.querySelectorAll('[data-metric=memory] polyline').length") == 1
    assert look.value("document.documentElement.scrollWidth") == width
    assert look.complaints == []
    assert {url for url in look.requests if not url.startswith(shown.url)} == set()


def test_the_data_is_as_its_schema_says_and_holds_no_secret(shown: Shown) -> None:
    found = shown.data()
    assert schemas.problems("dashboard", found) == []
    assert [secret for secret in shown.app.secrets if secret in json.dumps(found)] == []
    metrics = found["targets"]["app"]["points"]
    assert len(metrics["error_rate"]) >= 2, "a look has samples of its own"
    assert all(abs(points[-1][0] - time.time()) < 120 for points in metrics.values() if points)


def test_a_target_that_cannot_be_reached_and_one_that_is_refused_are_named(shown: Shown, look: browser.Browser) -> None:
    looks = shown.data()["targets"]["lost"]["looks"]
    assert {look["status"] for look in looks.values()} == {"unreachable"}
    lost, wrong = (look.value(f"{target(host)}.innerText") for host in ("lost", "wrong"))
    assert "cannot be seen" in lost
    assert "port 9" in lost
    assert "never seen" in lost
    assert "cannot be seen" in wrong
    assert "app_soak_seconds" in wrong


def test_an_alert_comes_and_goes_without_loading_the_page_anew(shown: Shown, look: browser.Browser) -> None:
    before = everything(shown.app)
    look.value("window.still = true")
    alert = "document.querySelector('[data-alert=error_rate][data-state=firing]')"
    assert not look.value(f"!!{alert}")
    with visitors(shown.app.url):
        with failing(shown.app):
            look.until(f"{alert} && {alert}.innerText.includes('critical P1')", SOON)
            look.until("document.querySelector('[data-metric=error_rate]').dataset.state == 'critical'", SOON)
            look.until(f"{target('app')}.innerText.includes('failed: API endpoints')", SOON)
            assert "docs/metrics.md#error_rate" in look.value(f"{alert}.innerText")
            assert "critical" in look.value("document.title")
        look.until("!document.querySelector('[data-alert=error_rate]')", SOON)
        look.until(f"!{target('app')}.innerText.includes('failed:')", SOON)
    assert look.value("window.still") is True
    assert look.value("document.documentElement.scrollWidth") == 360
    assert look.complaints == []
    assert everything(shown.app) == before, "it only looks"


def test_a_target_that_is_lost_keeps_what_was_seen_and_is_not_fine(shown: Shown, look: browser.Browser) -> None:
    with_others(shown.app, **NOBODY)
    look.until(f"{target('app')}.innerText.includes('port 9')", SOON)
    look.until("document.querySelectorAll('#host-1 .old').length >= 4", SOON)
    assert "0001-v0.2.1 is current" in look.value(f"{target('app')}.innerText")
    assert "What is shown of it was seen" in look.value("document.querySelector('#host-1').innerText")
    assert look.value(f"{target('app')}.dataset.state") != "fine"


def test_it_ends_soon_and_leaves_nothing_and_the_page_says_that_it_is_gone(shown: Shown, look: browser.Browser) -> None:
    children = psutil.Process(shown.process.pid).children(recursive=True)
    shown.process.send_signal(signal.SIGTERM)
    assert shown.process.wait(timeout=60) == 0
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    assert shown.folders.left() == []
    look.until("!document.querySelector('#lost').hidden", SOON)
