"""A small application as others write theirs: a git repository with a compose file and a Dockerfile of one line."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.application import Application
from tests.lab.images import Images

_SETTINGS = ("user.name=a", "user.email=a@b.example", "commit.gpgsign=false", "tag.gpgsign=false")
_IDENTITY = [part for setting in _SETTINGS for part in ("-c", setting)]


class Foreign(Application):
    """An application whose versions are tags that a test makes as it goes."""

    repository: Path

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        argv = ["git", "-C", str(self.repository), *_IDENTITY, *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, version: str, **files: str | None) -> None:
        """Make a version of these files; None takes one away."""
        for name, text in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
        self.git("add", "--all", "--force", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", version)
        self.git("tag", version)

    def tree(self) -> Path:
        """The work tree of the current release."""
        return Path(self.state, "source", self.current()["source"]["commit"][:12])

    def inside(self, service: str, *argv: str) -> str:
        """Run a command in the container of a service."""
        container = self.containers()[service][0]
        done = subprocess.run(["docker", "exec", container, *argv], capture_output=True, text=True)
        return (done.stdout + done.stderr).strip()

    def states(self) -> dict[str, str]:
        """What the engine says of the container of each service."""
        text = "{{.State.Status}}"
        return {
            service: subprocess.run(
                ["docker", "inspect", "--format", text, one[0]], check=True, capture_output=True, text=True
            ).stdout.strip()
            for service, one in self.containers().items()
        }


def application(folder: Path, images: Images, name: str, **changes: Any) -> Foreign:
    """One that is not deployed yet and has no version yet."""
    name = f"{name}-{secrets.token_hex(3)}"
    repository = folder / "repository"
    variables = {
        "app_name": name,
        "app_platform": "compose",
        "app_source": "git",
        "app_repository": str(repository),
        "app_state_dir": str(folder / "state"),
        "app_release_services": ["web"],
        "app_environment": {"BUSYBOX_IMAGE": images.busybox},
        "app_checks": [{"name": "Containers", "kind": "containers"}],
        "app_soak_seconds": 1,
        "app_start_timeout": 20,
        "app_disk_free_mb": 100,
        "app_lease_ttl": 5,
        **changes,
    }
    made = Foreign(name, folder, variables, {}, "")
    made.repository = repository
    repository.mkdir()
    made.git("init", "--quiet", "--initial-branch", "main")
    (repository / "Dockerfile").write_text(f"FROM {images.busybox}\n")
    return made
