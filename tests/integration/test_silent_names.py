"""The machine's own resolver, asking a server of names that takes each question and answers none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.support.silent_names import ASKERS

ROOT = Path(__file__).resolve().parents[2]
SILENT = "127.0.0.77"


@pytest.mark.parametrize("asker", ["http", "cluster", "engine"])
def test_a_server_of_names_that_is_silent_holds_nobody_up(tmp_path: Path, asker: str) -> None:
    (tmp_path / "resolv.conf").write_text(f"nameserver {SILENT}\noptions timeout:30 attempts:5\n")
    (tmp_path / "nsswitch.conf").write_text("hosts: files dns\n")
    (tmp_path / "asker.py").write_text(ASKERS[asker])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "collections"), str(ROOT)])}
    mounts = "mount --bind resolv.conf /etc/resolv.conf && mount --bind nsswitch.conf /etc/nsswitch.conf"
    argv = ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh", sys.executable, "asker.py"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
        names.bind((SILENT, 53))
        done = subprocess.run(
            argv, check=False, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60
        )
        names.settimeout(1)
        assert b"silent" in names.recv(512), "it was asked"
    assert (done.stdout.split(), done.returncode) == (["asked", "late"], 0), done.stderr
