"""What goes into a pod and comes out of it: the real shell and the real programs, on this machine instead of a pod."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import uuid
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import BrokenOff, OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import TimedOut
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._exec import ExecResult
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running import _console
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._console import DatabasePod
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.running._project import KubeProject

#: with lines, without an end of line, and longer than one message
CONTENT = b"PGDMP\n\0\xff\n" + bytes(range(256)) * 300


class Here:
    """A project whose only pod is this machine. ``spoilt`` changes what is on its way, ``breaks`` counts the commands
    whose connection breaks off."""

    def __init__(self, spoilt: bool = False, late: bool = False, breaks: Collection[int] = ()) -> None:
        self.cluster = self
        self.ran: list[Sequence[str]] = []
        self._spoilt, self._late, self._breaks = spoilt, late, breaks

    def ready_pod(self, service: str) -> dict[str, Any]:
        return {"metadata": {"name": service}, "spec": {"containers": [{"name": "main"}]}}

    def exec(
        self, pod: str, container: str, argv: Sequence[str], *, timeout: float, stdin: BinaryIO | None = None,
        stdin_bytes: int = 0, stdout: BinaryIO | None = None,
    ) -> ExecResult:  # fmt: skip
        assert (pod, container) == ("db", "main")
        assert timeout <= 10
        self.ran.append(argv)
        if self._late and argv[0] != "rm":
            raise TimedOut("too late")
        is_cut = len(self.ran) - 1 in self._breaks and argv[0] != "rm"
        given = self._carried(stdin.read(stdin_bytes)) if stdin is not None else b""
        done = subprocess.run(argv, input=given, capture_output=True, check=False)
        if is_cut:
            if stdout is not None:
                stdout.write(done.stdout[:90])
            raise BrokenOff("The connection broke off.")
        if stdout is None:
            return ExecResult(done.returncode, (done.stdout + done.stderr).decode())
        carried = self._carried(done.stdout)
        for start in range(0, len(carried), 7000):
            stdout.write(carried[start : start + 7000])
        return ExecResult(done.returncode, done.stderr.decode())

    def _carried(self, content: bytes) -> bytes:
        return content[:-1] + b"?" if self._spoilt and content else content


def pod_of(project: Here) -> DatabasePod:
    return DatabasePod(cast(KubeProject, project), "db")


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    name = f"test-{uuid.uuid4().hex}"
    monkeypatch.setattr(secrets, "token_hex", lambda _: name)
    yield
    assert not Path(f"/tmp/doppelganger-ops-{name}").exists()


@pytest.mark.parametrize("content", [CONTENT, b"", b"\n", b"no end"])
def test_what_a_program_reads_is_what_was_sent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(b"before" + content)
    here = Here()
    with open(tmp_path / "file", "rb") as stream:
        stream.seek(6)
        said = pod_of(here).run(["sha256sum"], doing="Reading", timeout=10, stdin=stream)
    assert said.split()[0] == hashlib.sha256(content).hexdigest()
    assert len(here.ran) == 1


@pytest.mark.parametrize("content", [CONTENT, b"", b"\n", b"no end"])
def test_what_a_program_writes_is_what_arrives(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "there").write_bytes(content)
    here = Here()
    with open(tmp_path / "here", "wb") as stream:
        assert pod_of(here).run(["cat", str(tmp_path / "there")], doing="Writing", timeout=10, stdout=stream) == ""
    assert (tmp_path / "here").read_bytes() == content
    assert len(here.ran) == 1


def test_what_is_spoilt_on_its_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    marker = tmp_path / "ran"
    with open(tmp_path / "file", "rb") as stream, pytest.raises(OpsError, match="arrived in the pod"):
        pod_of(Here(spoilt=True)).run(["touch", str(marker)], doing="It", timeout=10, stdin=stream)
    assert not marker.exists()
    with open(tmp_path / "out", "wb") as stream, pytest.raises(OpsError, match="arrived here"):
        pod_of(Here(spoilt=True)).run(["cat", str(tmp_path / "file")], doing="It", timeout=10, stdout=stream)


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_a_program_that_fails_says_why(tmp_path: Path, stream: str) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    failing = ["sh", "-c", "echo it is broken >&2; exit 3"]
    with open(tmp_path / "file", "r+b") as file, pytest.raises(OpsError, match="code 3: it is broken") as error:
        pod_of(Here()).run(failing, doing="It", timeout=10, **cast(dict[str, Any], {stream: file}))
    assert error.value.data["rc"] == 3


def test_what_was_cut_off_is_taken_away_from_here(tmp_path: Path) -> None:
    here = Here(late=True)
    with open(tmp_path / "out", "wb") as stream, pytest.raises(OpsError, match="timed out after 10 s"):
        pod_of(here).run(["cat", "/dev/null"], doing="It", timeout=10, stdout=stream)
    assert [argv[0] for argv in here.ran] == ["sh", "rm"]


# connections that break off


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_console, "_PAUSES", (0, 0))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("breaks", [set(), {0}, {0, 2}], ids=str)
def test_what_only_reads_is_run_anew_and_comes_whole(tmp_path: Path, breaks: set[int]) -> None:
    (tmp_path / "there").write_bytes(CONTENT)
    here = Here(breaks=breaks)
    with open(tmp_path / "here", "xb") as stream:
        command = ["cat", str(tmp_path / "there")]
        pod_of(here).run(command, doing="The dump", timeout=10, stdout=stream, may_repeat=True)
    assert (tmp_path / "here").read_bytes() == CONTENT


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("may_repeat", "times"), [(False, 1), (True, 3)])
def test_what_changes_something_is_not_run_twice_and_nothing_for_ever(may_repeat: bool, times: int) -> None:
    here = Here(breaks=range(9))
    with pytest.raises(BrokenOff):
        pod_of(here).run(["true"], doing="The query", timeout=10, may_repeat=may_repeat)
    assert len(here.ran) == times
