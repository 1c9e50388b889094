"""Logs that are made to delay the way back and to cut a secret through, on the real engine."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from tests.integration.application import Application, Run
from tests.lab import images, registry

SECONDS = 20
#: 15 MB without an end of line, and lines as fast as they can be written: both of nothing but the secret
ENDLESS = "yes \"$$TOKEN\" | tr -d '\\n' | head -c 15000000; sleep 5; exit 1"
FAST = 'exec yes "$$TOKEN"'
COMPOSE = """
x-web: &web
  image: "{repository}:${{APP_VERSION}}"
  init: true
  environment: {{TOKEN: "${{TOKEN}}"}}
  logging: {{driver: json-file, options: {{max-size: 30m, max-file: "2"}}}}
services:
  endless: {{<<: *web, command: {endless}}}
  fast: {{<<: *web, command: {fast}}}
"""


def on_second(command: str) -> str:
    """A command of the second version; the first is quiet."""
    return json.dumps(["sh", "-c", f"[ ${{APP_VERSION}} = 2 ] || exec sleep 3600; {command}"])


@dataclass(frozen=True)
class Failed:
    """The deployment of a version that logs like that."""

    app: Application
    token: str
    run: Run
    report: Path

    def shown(self, text: str) -> set[str]:
        """The parts of the secret that a text has, of eight characters each."""
        return {part for at in range(len(self.token) - 7) if (part := self.token[at : at + 8]) in text}


@pytest.fixture(scope="module")
def failed(base_images: images.Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failed]:
    found = registry.ensure()
    name, folder, token = f"logs-{secrets.token_hex(3)}", tmp_path_factory.mktemp("logs"), secrets.token_hex(16)
    repository = f"{found.address}/{name}/web"
    with contextlib.closing(docker.from_env()) as client:
        for tag in ("1", "2"):
            client.images.get(base_images.busybox).tag(repository, tag)
            client.images.push(repository, tag)
    compose = COMPOSE.format(repository=repository, endless=on_second(ENDLESS), fast=on_second(FAST))
    (folder / "compose.yml").write_text(compose)
    variables = {
        "app_name": name, "app_platform": "compose", "app_source": "images", "app_directory": str(folder),
        "app_state_dir": str(folder / "state"), "app_images": {"endless": repository, "fast": repository},
        "app_release_services": ["endless", "fast"], "app_env_files": [str(folder / ".env")],
        "app_checks": [{"name": "Containers", "kind": "containers"}], "app_soak_seconds": 12, "app_disk_free_mb": 100,
        "app_evidence_timeout": SECONDS,
    }  # fmt: skip
    app = Application(name, folder, variables, {"TOKEN": token}, "")
    good = app.deploy("1")
    assert good.rc == 0, good.output
    yield Failed(app, token, app.deploy("2", "-vvvvv", ops_report_dir=str(folder / "reports")), folder / "reports")
    app.remove()


def test_the_good_release_returns_in_time(failed: Failed) -> None:
    target = failed.run.target()
    assert target["status"] == "rolled_back", target
    assert failed.app.current()["version"] == "1"
    [seconds] = [phase["seconds"] for phase in target["phases"] if phase["name"] == "evidence"]
    assert seconds < SECONDS


def test_the_manifest_says_what_is_not_all(failed: Failed) -> None:
    folder = Path(failed.run.target()["evidence"])
    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert {name: files[name]["state"] for name in ("endless.log", "fast.log", "containers.json")} == {
        "endless.log": "truncated",
        "fast.log": "truncated",
        "containers.json": "ok",
    }
    # one secret after the other, over the ends of lines as well: all of it may be a part of one
    assert files["endless.log"]["size"] < 600_000
    assert files["fast.log"]["size"] < 600_000
    assert "********" in (folder / "fast.log").read_text()


def test_no_part_of_the_secret_is_shown(failed: Failed) -> None:
    assert failed.shown(failed.run.output) == set()
    assert failed.shown(json.dumps(failed.run.stats)) == set()
    kept = [
        Path(directory, name)
        for root in (failed.app.state, failed.report)
        for directory, _, names in os.walk(root)
        for name in names
    ]
    assert failed.report in {path.parent for path in kept}
    assert {path.name for path in kept if failed.shown(path.read_text(errors="replace"))} == {"compose.json"}
