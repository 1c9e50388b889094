"""Many runs, large output, planted secrets, and a package that is installed without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import doppelganger_ops as ops
from doppelganger_ops import Status, events
from tests.integration.application import ROOT, Application
from tests.integration.embedding import RunFolders, nothing_left

CANARY = "canary-6f1d2b"


@pytest.fixture(scope="module")
def deployed(pages: Application, run_folders: RunFolders) -> Application:
    """Pages 1.0."""
    ops.deploy(version="1.0", inventory=pages.inventory).raise_for_status()
    return pages


@pytest.fixture(autouse=True)
def leaves_nothing(run_folders: RunFolders) -> Iterator[None]:
    """After each test no folder of a run is there."""
    yield
    assert run_folders.left() == []


def test_four_at_once_are_not_mixed(deployed: Application) -> None:
    handles = [
        ops.deploy.start(version=f"nothing-{number}", inventory=deployed.inventory, limit="app") for number in range(4)
    ]
    for number, handle in enumerate(handles):
        result = handle.wait(120)
        assert result.status in (Status.REFUSED, Status.FAILED)
        assert result.targets["app"].version in (None, f"nothing-{number}")
        assert f"nothing-{number}" in result.message
        nothing_left(handle.id)
    assert len({handle.id for handle in handles}) == 4


@pytest.mark.parametrize("pause", [0.0, 0.3], ids=["raises", "slow"])
def test_a_handler_changes_nothing(deployed: Application, pause: float) -> None:
    seen: list[events.Event] = []

    def handler(event: events.Event) -> None:
        seen.append(event)
        if not pause:
            raise OSError("no space left")
        time.sleep(pause)

    handle = ops.verify.start(inventory=deployed.inventory, on_event=handler)
    assert handle.wait(120).status is Status.UNCHANGED
    assert seen == list(handle.events())
    assert isinstance(seen[-1], events.RunFinished)
    assert len(handle.handler_errors) == (0 if pause else len(seen))


def test_two_megabytes_of_output(deployed: Application, tmp_path: Path) -> None:
    """A checklist as long as that, shown whole at -vvv: ansible-runner empties such events, and the result is right."""
    large = {"name": "Log", "kind": "logs", "allow": [f"line {number} {'x' * 990}" for number in range(2200)]}
    inventory = deployed.write(app_checks=[*deployed.variables["app_checks"], large])
    result = ops.verify(inventory=inventory, verbosity=3, keep=tmp_path)
    deployed.write()
    assert (result.status, len(result.targets["app"].checks)) == (Status.UNCHANGED, 3)
    assert result.run.folder is not None
    assert (Path(result.run.folder) / "output.txt").stat().st_size > 2_000_000


class Watch(threading.Thread):
    """Looks for the canary in the folders of runs, all arguments and our environments while a run goes on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.done = threading.Event()
        self.found: set[str] = set()
        self.looks = 0
        self.ours = 0

    def run(self) -> None:
        while not self.done.wait(0.02):
            self.looks += 1
            for path in [*self.folder.rglob("*"), *Path("/proc").glob("[0-9]*/cmdline")]:
                self._look(path)
                if path.name == "cmdline" and self._is_ours(path):
                    self.ours += 1
                    self._look(path.with_name("environ"))

    def _is_ours(self, path: Path) -> bool:
        """Ansible and the process of the run; what Ansible starts may need the secret in its environment."""
        try:
            return b"doppelganger_ops/_" in path.read_bytes()
        except OSError:
            return False

    def _look(self, path: Path) -> None:
        try:
            if path.is_file() and CANARY.encode() in path.read_bytes():
                self.found.add(str(path))
        except OSError:
            pass


def test_a_secret_is_in_no_file_and_in_no_argument(
    deployed: Application, run_folders: RunFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By environment name, and by an encrypted file of variables."""
    monkeypatch.setenv("REGISTRY_PASSWORD", CANARY)
    password = tmp_path / "vault-password"
    password.write_text("open sesame")
    encrypted = tmp_path / "secrets.yml"
    encrypted.write_text(yaml.safe_dump({"app_cluster_token": CANARY}))
    command = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--vault-password-file", str(password)]
    subprocess.run([*command, str(encrypted)], check=True, capture_output=True, cwd=tmp_path)
    inventory = deployed.write(app_registry_password="{{ lookup('env', 'REGISTRY_PASSWORD') }}")

    watch = Watch(run_folders.folder)
    watch.start()
    result = ops.deploy(
        version="1.1",
        inventory=inventory,
        environment=["REGISTRY_PASSWORD"],
        vault_password_files=[password],
        variable_files=[encrypted],
        verbosity=3,
        keep=tmp_path / "kept",
    )
    watch.done.set()
    watch.join()
    deployed.write()

    assert result.status is Status.OK, result.message
    assert watch.looks > 20
    assert watch.ours > 20
    assert watch.found == set()
    kept = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert {"events.jsonl", "output.txt", "result.json"} < {path.name for path in kept}
    assert sorted(path.suffix for path in kept) == [".html", ".json", ".json", ".jsonl", ".txt"]
    secrets = [CANARY, *deployed.secrets]
    assert [str(path) for path in kept for secret in secrets if secret in path.read_text()] == []
    assert CANARY not in result.to_json()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is published."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_an_installed_package_needs_no_checkout(deployed: Application, wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own that has the other packages by a path, started in an empty folder."""
    venv, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python3*/site-packages")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # the path alone: an editable installation in there would bring the checkout back
    (own,) = Path(sys.prefix).glob("lib/python3*/site-packages")
    (site / "others.pth").write_text(f"{own}\n")
    program = (
        "import sys, doppelganger_ops as ops; print(ops.__file__);"
        "print(ops.deploy(version='1.1', inventory=sys.argv[1]).to_json())"
    )
    environment = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH")}
    command = [str(venv / "bin/python"), "-c", program, str(deployed.inventory)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=empty, env=environment)
    assert done.returncode == 0, done.stderr
    where, said = done.stdout.splitlines()
    assert where.startswith(str(venv))
    assert '"status": "unchanged"' in said or '"status": "ok"' in said
    assert list(empty.iterdir()) == []
