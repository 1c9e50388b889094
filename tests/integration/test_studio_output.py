"""What people see of a run: the screen of each way in which it ends, a terminal, and the report in a real browser."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen._live_line import from_message
from doppelganger_ops.schemas import problems
from tests.integration.application import ROOT, Application, Run, controller
from tests.lab import browser

PHASE = re.compile(r"^  (?P<name>\w[\w ]*?) +\d+\.\d s(?P<failed>  FAILED)?", re.MULTILINE)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reports of this file's runs go."""
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def good(app: Application, reports: Path) -> Run:
    """A first deployment, which passes."""
    return app.deploy("v0.1.0", ops_report_dir=str(reports))


@pytest.fixture(scope="module")
def undone(app: Application, good: Run, reports: Path) -> Run:
    """A deployment of a version that is broken."""
    assert good.rc == 0, good.output
    return app.deploy("v0.9.0-errors", ops_report_dir=str(reports))


def phases(run: Run) -> list[str]:
    """The phases on the screen, with what failed."""
    return [match["name"] + (" FAILED" if match["failed"] else "") for match in PHASE.finditer(run.output)]


def end(run: Run) -> list[str]:
    """The lines from the paragraph on that says how it ended."""
    lines = run.output.splitlines()
    return lines[max(number for number, line in enumerate(lines) if line.startswith("app: ")) :]


def about(run: Run) -> str:
    """The line that says what a run is about."""
    said = run.target()["about"]
    assert all(said[name] for name in ("application", "environment", "operator"))
    return f"  application: {said['application']}, environment: {said['environment']}, operator: {said['operator']}"


def test_a_good_deployment_is_its_phases_its_checklist_and_a_paragraph(good: Run) -> None:
    assert good.rc == 0, good.output
    lines = good.output.splitlines()
    assert lines[:2] == ["", "Deploy, one host first, then in batches: app"]
    assert phases(good) == ["preflight", "lease", "images", "backup", "migrate", "apply", "verify", "record"]
    ticked = [line for line in lines if line.startswith("      [")]
    assert len(ticked) == len(good.target()["checks"])
    assert end(good)[:4] == [
        "app: OK", about(good), "  Deployed v0.1.0. 0001-v0.1.0 is running.",
        f"  changed: {', '.join(good.target()['services'])}; nothing ran before",
    ]  # fmt: skip
    assert "\x1b" not in good.output
    assert "TASK" not in good.output


def test_one_that_is_undone_says_what_failed_what_runs_and_what_to_do(undone: Run) -> None:
    assert undone.rc == 2, undone.output
    seen = phases(undone)
    failed = f"{undone.target()['failure']['phase']} FAILED"
    assert seen == ["preflight", "lease", "images", "backup", "migrate", "apply", failed, "evidence", "return",
                    "verify return", "record"]  # fmt: skip
    last = " ".join(" ".join(end(undone)).split())
    assert last.startswith(f"app: ROLLED BACK {about(undone).strip()} {' '.join(undone.target()['message'].split())}")
    assert "  next: " in "\n".join(end(undone))
    assert "[ERROR]" not in undone.output


def test_a_refused_one_says_what_was_expected_and_what_to_do(app: Application, good: Run) -> None:
    run = app.deploy("v0 1; rm")
    assert run.rc == 2, run.output
    assert phases(run) == []
    assert "app: REFUSED" in run.output
    assert "Nothing was touched." in run.said
    assert "next: " in run.output


def test_check_mode_shows_the_differences_below_their_phase(app: Application, good: Run) -> None:
    run = app.deploy("v0.2.0", "--check", "--diff")
    assert run.rc == 0, run.output
    lines = run.output.splitlines()
    assert lines[1].endswith("(check mode, nothing is changed)")
    apply = next(number for number, line in enumerate(lines) if line.startswith("  apply "))
    assert lines[apply + 1 : apply + 3] == ["--- 0001-v0.1.0", "+++ v0.2.0"]
    assert end(run)[1:5] == [
        about(run), f"  {run.target()['message']}",
        f"  would change: {', '.join(run.target()['services'])}", "  next: Run it without --check to do it.",
    ]  # fmt: skip


def test_everything_is_shown_where_it_is_asked_for(app: Application, good: Run) -> None:
    run = app.play("verify", "-v")
    assert "TASK [doppelganger.ops.verify : Verify | Run the health checks of the current release]" in run.output
    assert "PLAY RECAP" in run.output
    assert "app: UNCHANGED" in run.output, "the lines of the action, as the callback shows none"


def on_a_terminal(app: Application, playbook: str) -> str:
    """What a playbook writes to a terminal, with all that moves the cursor."""
    ours, theirs = pty.openpty()
    # one column more than lines have without a terminal: Ansible leaves the last one free
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 121, 0, 0))
    command = [controller(), "-i", str(app.inventory), str(ROOT / "playbooks" / f"{playbook}.yml")]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "TERM": "xterm"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        with closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
            written = b"".join(_read(terminal.fileno()))
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # so a terminal says that the other side has gone
            return
        if not piece:
            return
        yield piece


def as_seen(written: str) -> str:
    """The screen in the end: what was erased is gone, and colours are not counted."""
    lines = [line.rpartition("\r\x1b[K")[2] for line in written.split("\n")]
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))


def test_a_terminal_shows_what_goes_on_and_nothing_of_it_is_left(app: Application, good: Run) -> None:
    written = on_a_terminal(app, "verify")
    assert re.search(r"\r\x1b\[Kverify \d+ s", written)
    assert "\x1b[0;32m" in written

    def timeless(text: str) -> str:
        return re.sub(r" +\d+\.\d+ s", " N s", text).strip()

    assert timeless(as_seen(written)) == timeless(app.play("verify").output)


def test_a_program_that_reads_the_output_is_told_of_waits(app: Application, good: Run, tmp_path: Path) -> None:
    playbook = str(ROOT / "playbooks" / "verify.yml")
    command = [sys.executable, "-m", "ansible_runner", "run", str(tmp_path), "-p", playbook, "--quiet", "-i", "told",
               "--inventory", str(app.inventory)]  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "OPS_TELL_WAITS": "1",
                   "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(path.read_text()) for path in (tmp_path / "artifacts/told/job_events").glob("*.json")]
    told = [found for event in events if (found := from_message(event["stdout"]))]
    assert {host for host, _ in told} == {"app"}
    assert any("checks done, waiting for " in words for _, words in told)
    assert any("app: UNCHANGED" in event["stdout"] for event in events), "where ours shows nothing, the action does"


# the report


def test_a_report_is_written_where_it_was_asked_for_and_only_there(reports: Path, good: Run, undone: Run) -> None:
    pages, data = (sorted(reports.glob(pattern)) for pattern in ("*.html", "*.json"))
    assert [path.stem for path in pages] == [path.stem for path in data]
    assert len(list(reports.iterdir())) == 4, "one of each for each of the two runs that asked for one"
    written = [json.loads(path.read_text()) for path in data]
    assert [report["targets"] for report in written] == [run.result["targets"] for run in (good, undone)]
    assert [problems("report", report) for report in written] == [[], []]
    assert f"The report is {pages[0]}" in good.output


def test_no_secret_is_in_a_report(app: Application, reports: Path, good: Run, undone: Run) -> None:
    texts = [path.read_text() for path in reports.iterdir()]
    assert [secret for secret in app.secrets for text in texts if secret in text] == []


def test_a_report_that_cannot_be_written_ends_no_run(app: Application, good: Run, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    run = app.play("verify", ops_report_dir=str(shared))
    assert run.rc == 0, run.output
    assert "The report could not be written" in run.said
    assert f"chmod 700 {shared}" in run.said
    assert list(shared.iterdir()) == []


@pytest.mark.parametrize(
    ("width", "dark", "media"), [(1200, False, "screen"), (380, True, "screen"), (794, False, "print")]
)
def test_a_browser_shows_it_without_complaint_and_without_scrolling_sideways(
    reports: Path, undone: Run, look: browser.Browser, width: int, dark: bool, media: str
) -> None:
    page = sorted(reports.glob("*.html"))[-1]
    look.open(page, width, dark=dark, media=media)
    application, version = undone.target()["about"]["application"], undone.target()["version"]
    assert look.value("document.title") == f"Deploy {version} of {application}: ROLLED BACK"
    assert look.value("document.documentElement.scrollWidth") == width
    assert look.value("document.querySelectorAll('svg rect.failed').length") == 1
    assert look.complaints == []
    assert set(look.requests) == {page.as_uri()}


@pytest.fixture(scope="module")
def look() -> Iterator[browser.Browser]:
    """A browser; started once, as that takes a second."""
    with browser.opened() as found:
        yield found
