"""What the lab says and does where it finds no engine."""

from pathlib import Path

import pytest

from tests.lab import __main__ as command
from tests.lab import debian, engine, lock


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "CACHE", tmp_path)


def test_where_it_may_not_install_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "_answers", lambda: False)
    monkeypatch.setattr(debian, "may_install", lambda: False)
    assert command.main(["engine"]) == 2
    assert "install Docker Engine (20.10 or newer) and its Compose plugin (v2)" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["1", "999999999", "no number"], ids=["another's", "dead", "garbage"])
def test_a_dead_daemons_pid_file_does_not_stop_a_new_one(tmp_path: Path, content: str) -> None:
    file = tmp_path / "docker.pid"
    file.write_text(content)
    engine._forget(file, "dockerd")
    assert not file.exists()


def test_a_living_daemons_pid_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "docker.pid"
    file.write_text("1")
    engine._forget(file, Path("/proc/1/comm").read_text().strip())
    assert file.exists()
