"""A database's programs in its pod, over connections that break off."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils._errors import BrokenOff
from ansible_collections.doppelganger.ops.plugins.plugin_utils import _kube_console
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_console import DatabasePod
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_exec import ExecResult

DUMP = b"a dump of everything"


class FakeProject:
    """A pod whose connections break off in the middle of the commands that ``breaks`` counts."""

    def __init__(self, breaks: set[int]) -> None:
        self.cluster = self
        self.begun: list[str] = []
        self._breaks = breaks

    def ready_pod(self, service: str) -> dict[str, Any]:
        return {"metadata": {"name": f"{service}-0"}, "spec": {"containers": [{"name": "main"}]}}

    def exec(self, name: str, container: str, argv: Sequence[str], **streams: Any) -> ExecResult:
        is_cut = len(self.begun) in self._breaks
        self.begun.append(" ".join(argv))
        if argv[0] == "cat":
            streams["stdout"].write(DUMP[:5] if is_cut else DUMP)
        if is_cut and argv[0] != "rm":
            raise BrokenOff("The connection broke off.")
        said = f"{len(DUMP)}\n{hashlib.sha256(DUMP).hexdigest()} -\n" if "sha256sum" in self.begun[-1] else ""
        return ExecResult(0, said)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kube_console, "_PAUSES", (0, 0))


@pytest.mark.parametrize("breaks", [set(), {0}, {1}, {2}, {0, 2}], ids=str)
def test_what_only_reads_is_run_anew_and_comes_whole(tmp_path: Path, breaks: set[int]) -> None:
    project = FakeProject(breaks)
    with (tmp_path / "dump").open("xb") as stream:
        pod = DatabasePod(project, "postgres")  # type: ignore[arg-type]  # it is what a project is here
        pod.run(["pg_dump"], doing="The dump", timeout=9, stdout=stream, may_repeat=True)
    assert (tmp_path / "dump").read_bytes() == DUMP
    written = [re.findall(r"/tmp/\S+", one)[0] for one in project.begun if one.endswith("pg_dump")]
    assert len(written) == len(set(written)), "each into a file of its own: the one before may still be written"


def test_what_changes_something_is_not_run_twice() -> None:
    project = FakeProject({0})
    with pytest.raises(BrokenOff):
        DatabasePod(project, "postgres").run(["psql"], doing="The query", timeout=9)  # type: ignore[arg-type]  # as above
    assert len(project.begun) == 1


def test_it_is_not_tried_for_ever() -> None:
    project = FakeProject({0, 1, 2, 3, 4})
    with pytest.raises(BrokenOff):
        DatabasePod(project, "postgres").run(["psql"], doing="The query", timeout=9, may_repeat=True)  # type: ignore[arg-type]  # as above
    assert len(project.begun) == 3
