"""What tests of the Python API share: a small application, and what can be seen of a run from outside."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import doppelganger_ops as ops
from doppelganger_ops import events
from doppelganger_ops.environment import MARKER
from doppelganger_ops.executor import Running
from doppelganger_ops.job import Job
from doppelganger_ops.schemas import problems
from tests.integration.application import ROOT, Application
from tests.lab import pages as lab_pages
from tests.lab import registry
from tests.lab.images import Images


def pages(folder: Path, images: Images, port: int) -> Application:
    """The example without a database, from a registry, with short times; a deployment takes a few seconds."""
    lab_pages.ensure("pages", images)
    address = registry.ensure().address
    url = f"http://127.0.0.1:{port}/"
    secret = secrets.token_urlsafe(18)
    variables = {
        "app_name": f"pages-{secrets.token_hex(3)}",
        "app_platform": "compose",
        "app_source": "images",
        "app_directory": str(ROOT / "examples/pages"),
        "app_state_dir": str(folder / "state"),
        "app_images": dict.fromkeys(("web", "clock"), f"{address}/pages/web"),
        "app_env_files": [str(folder / ".env")],
        "app_environment": {"PAGES_REGISTRY": address, "PAGES_PORT": str(port)},
        "app_release_services": ["web", "clock"],
        "app_checks": [
            {"name": "Containers", "kind": "containers"},
            {"name": "Page", "kind": "http", "url": url, "body_contains": "Pages"},
        ],
        "app_soak_seconds": 1,
        "app_start_timeout": 60,
        "app_disk_free_mb": 100,
        "app_lease_ttl": 3,
    }
    return Application(str(variables["app_name"]), folder, variables, {"PAGES_SECRET": secret}, url, [secret])


class Recorder(ops.ProcessExecutor):
    """Counts its runs and has each write a report, which is then held against its schema."""

    def __init__(self, reports: Path) -> None:
        super().__init__()
        self.runs = 0
        self.reports: list[dict[str, Any]] = []
        self._folder = reports

    def start(self, job: Job) -> Running:
        self.runs += 1
        return super().start(replace(job, environment={**job.environment, "OPS_REPORT_DIR": str(self._folder)}))

    def read(self) -> None:
        """Take in the reports that were written since the last time."""
        for path in sorted(self._folder.glob("*.json")):
            report = json.loads(path.read_text())
            path.unlink()
            self.reports.append(report)
            assert problems("report", report) == [], report


class RunFolders:
    """A folder for the folders of runs, so that what is left behind there was left by these runs."""

    def __enter__(self) -> Self:
        # a short name: sockets are made in there, and the path of a socket has at most 107 characters
        self.folder = Path(tempfile.mkdtemp(prefix="api-", dir="/tmp"))
        self._before = os.environ.get("TMPDIR"), tempfile.tempdir
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        variable, tempfile.tempdir = self._before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable
        shutil.rmtree(self.folder)

    def left(self) -> list[Path]:
        """The folders of runs that are under way, or were left behind."""
        return list(self.folder.glob("doppelganger-ops-*"))


def left_of(ident: str) -> list[str]:
    """Every living process of a run, with its arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"{MARKER}={ident}".encode() in (entry / "environ").read_bytes():
                found.append(f"{entry.name}: {(entry / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}")
        except OSError:
            continue
    return found


def wait_until(is_so: Callable[[], bool], within: float = 20) -> None:
    """Wait for something, at most so long; whoever asks looks again."""
    until = time.monotonic() + within
    while not is_so() and time.monotonic() < until:
        time.sleep(0.05)


def nothing_left(ident: str, within: float = 0) -> None:
    """No process of the run is alive; ``within`` so many seconds where nobody waited for it."""
    wait_until(lambda: not left_of(ident), within)
    left = left_of(ident)
    assert left == [], left


def in_phase(handle: ops.Handle[Any], phase: str, act: Callable[[], object]) -> None:
    """Do something as soon as a phase has begun."""
    for event in handle.events():
        if isinstance(event, events.PhaseStarted) and event.phase == phase:
            act()
            return
    raise AssertionError(f"{phase} did not begin: {handle.wait()}")


def lease_expires(app: Application) -> float:
    """When the lease of an application expires, in seconds since 1970; 0 where nobody holds it."""
    lease = app.read("lease.json")
    return 0.0 if lease["released"] else float(lease["expires"])
