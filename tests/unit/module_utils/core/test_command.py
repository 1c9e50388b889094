"""Commands: no shell, a clean environment, a time limit, an error that shows what was said last."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_output_is_returned_without_what_went_to_stderr() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    heard: list[str] = []
    assert _command.run(python(code), doing="It", timeout=20, heard=heard.append) == "out\n"
    assert heard == ["err\n"]


@pytest.mark.parametrize(
    ("argv", "timeout", "message"),
    [
        pytest.param(
            python("import sys; print('no'); print('because', file=sys.stderr); sys.exit(3)"),
            20,
            "The build failed with code 3: because",
            id="it ends with an error",
        ),
        pytest.param(python("print('only this'); exit(1)"), 20, "failed with code 1: only this", id="no stderr"),
        pytest.param(python("exit(1)"), 20, "The build failed with code 1: no output", id="silence"),
        pytest.param(
            python("import os; os.kill(os.getpid(), 9)"), 20, "failed with code -9: no output", id="killed by a signal"
        ),
        pytest.param(
            ["no-such-command-here"], 20, "command 'no-such-command-here' was not found on the target", id="no command"
        ),
        pytest.param(["/"], 20, "'/' could not be started", id="no right to run it"),
        pytest.param(["true", "a\0b"], 20, "'true' could not be started", id="no argument"),
        pytest.param(
            python("import sys, time; print('step 1', file=sys.stderr, flush=True); time.sleep(60)"),
            1,
            "The build timed out after 1 s. Last output: step 1",
            id="out of time",
        ),
    ],
)
def test_a_failure_says_what_was_done_and_what_was_said_last(argv: list[str], timeout: float, message: str) -> None:
    with pytest.raises(OpsError) as error:
        _command.run(argv, doing="The build", timeout=timeout)
    assert message in error.value.message


def test_a_missing_command_says_who_installs_it() -> None:
    with pytest.raises(OpsError) as error:
        _command.run(["no-such-command-here"], doing="It", timeout=1)
    assert error.value.hint == "Run playbooks/prepare.yml."


def test_only_what_a_command_needs_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-1234")
    monkeypatch.setenv("DOCKER_HOST", "unix:///x.sock")
    environment = _command.environment({"APP_VERSION": "v1"})
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert (environment["DOCKER_HOST"], environment["APP_VERSION"]) == ("unix:///x.sock", "v1")


def test_stdin_is_closed() -> None:
    assert _command.run(python("import sys; print(repr(sys.stdin.read()))"), doing="It", timeout=20) == "''\n"


def test_a_log_keeps_all_that_was_printed_for_its_owner_also_on_failure(tmp_path: Path) -> None:
    log = tmp_path / "build.log"
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(1)"
    with pytest.raises(OpsError):
        _command.run(python(code), doing="It", timeout=20, log=log)
    assert log.read_text() == "out\nerr\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_output_can_go_into_a_file_as_bytes(tmp_path: Path) -> None:
    with open(tmp_path / "dump", "wb") as stream:
        code = "import sys; sys.stdout.buffer.write(bytes([0, 255]))"
        assert _command.run(python(code), doing="It", timeout=20, stdout=stream) == ""
    assert (tmp_path / "dump").read_bytes() == b"\x00\xff"


def test_output_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_command, "OUTPUT_LIMIT", 1 << 20)
    with pytest.raises(OpsError, match="more than 1 MiB"):
        _command.run(["yes", "refs/heads/x"], doing="It", timeout=60)


def test_of_errors_without_an_end_the_end_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_command, "OUTPUT_LIMIT", 1 << 16)
    code = "import sys; sys.stderr.write('remote: x\\n' * 300_000 + 'the last\\n'); print('out'); sys.exit(1)"
    with pytest.raises(OpsError, match="the last"):
        _command.run(python(code), doing="It", timeout=60, log=tmp_path / "log")
    assert (tmp_path / "log").stat().st_size < 4 * (1 << 16)


def test_a_log_is_kept_as_it_may_be_shown(tmp_path: Path) -> None:
    code = "import sys; print('key hunter2'); print('key hunter2', file=sys.stderr)"
    log = tmp_path / "log"
    _command.run(python(code), doing="It", timeout=20, log=log, clean=lambda text: text.replace("hunter2", "***"))
    assert log.read_text() == "key ***\nkey ***\n"
