"""The studio's repository: the same everywhere, complete, and each version what the table says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from examples.studio import repository

FAULTS = ["build", "crash", "errors", "leak", "logs", "migration", "slow", "unhealthy"]
TAGS = ["v0.1.0", "v0.2.0", "v0.2.1", "v0.3.0", *(f"v0.9.0-{fault}" for fault in FAULTS)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("studio") / "studio.git"
    repository.build(dest)
    return dest


def git(at: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", at, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def changed(at: Path, old: str, new: str) -> list[str]:
    return git(at, "diff", "--name-only", old, new).splitlines()


def migrations(at: Path, tag: str) -> list[str]:
    folder = repository.MIGRATIONS + "/"
    return [name.removeprefix(folder) for name in git(at, "ls-tree", "--name-only", tag, folder).splitlines()]


def test_every_tag_is_there(studio: Path) -> None:
    assert git(studio, "tag").split() == TAGS


def test_a_second_place_gets_the_same_commits(studio: Path, tmp_path: Path) -> None:
    assert repository.build(tmp_path / "other.git") == repository.build(studio)


def test_building_again_changes_nothing(studio: Path) -> None:
    before = git(studio, "for-each-ref")
    repository.build(studio)
    assert git(studio, "for-each-ref") == before


def test_the_repository_of_a_hook_that_calls_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = tmp_path / "caller.git"
    repository.build(caller)
    git(caller, "update-ref", "-d", "refs/heads/main")
    monkeypatch.setenv("GIT_DIR", str(caller))
    repository.build(tmp_path / "studio.git")
    monkeypatch.delenv("GIT_DIR")
    assert git(caller, "branch") == ""


def test_git_finds_nothing_wrong(studio: Path) -> None:
    git(studio, "fsck", "--strict")


def test_a_clone_gets_the_good_end_of_main(studio: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(studio), "clone")
    assert (tmp_path / "clone" / "VERSION").read_text() == "v0.2.1\n"


@pytest.mark.parametrize("tag", TAGS)
def test_a_version_knows_its_name(studio: Path, tag: str) -> None:
    assert git(studio, "show", f"{tag}:VERSION") == tag


@pytest.mark.parametrize("tag", TAGS)
def test_migrations_are_numbered_without_a_gap(studio: Path, tag: str) -> None:
    names = migrations(studio, tag)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)


def test_a_migration_never_changes_once_it_is_released(studio: Path) -> None:
    statuses = git(studio, "log", "--name-status", "--format=", "--all", "--", repository.MIGRATIONS).splitlines()
    assert {line.split("\t")[0] for line in statuses} == {"A"}


def test_what_the_good_versions_change(studio: Path) -> None:
    tags = f"{repository.MIGRATIONS}/0002_project_tags.sql"
    assert changed(studio, "v0.1.0", "v0.2.0") == ["VERSION", tags, "src/database.py"]
    assert changed(studio, "v0.2.0", "v0.2.1") == ["VERSION", "src/database.py"]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "migration"])
def test_a_fault_is_one_word_in_one_file(studio: Path, fault: str) -> None:
    assert changed(studio, "main", f"v0.9.0-{fault}") == ["FAULT", "VERSION"]
    assert git(studio, "show", f"v0.9.0-{fault}:FAULT") == fault


def test_what_lies_around_in_a_checkout_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shutil.copytree(repository.APP, tmp_path / "app")
    clean = repository.build(tmp_path / "clean.git")
    monkeypatch.setattr(repository, "APP", app)
    for name in (".env", "src/__pycache__/web.pyc", ".ruff_cache/x"):
        (app / name).parent.mkdir(exist_ok=True)
        (app / name).write_bytes(b"\xff")
    assert repository.build(tmp_path / "dirty.git") == clean


def test_an_edit_that_no_longer_fits_is_named() -> None:
    version = repository.Version("x", edits=(repository.Edit("src/web.py", "no such text", ""),))
    with pytest.raises(ValueError, match=r"src/web\.py has 'no such text' 0 times"):
        repository.files("v9", version)
