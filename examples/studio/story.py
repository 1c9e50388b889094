"""What the demonstrations tell, wherever they tell it: three releases of the studio, one of them broken."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.studio import repository
from tests.lab import images

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Stage:
    """Where it is told: inventory, folder in the checkout, what is done before and after, what to try on it next."""

    about: str
    inventory: str
    home: Path
    prepare: Callable[[], None]
    clean: Callable[[], None]
    next: str


@dataclass(frozen=True)
class Scene:
    """One step: what it shows, the playbook with its arguments, and whether it has to end red."""

    shows: str
    playbook: str
    inputs: Mapping[str, str]
    ends_red: bool = False


SCENES = [
    Scene("A first release, from a git tag to a ticked checklist", "deploy", {"version": "v0.1.0"}),
    Scene("The next one: a backup, then a migration, then the new code", "deploy", {"version": "v0.2.0"}),
    Scene("The same again: nothing to do, nothing is touched", "deploy", {"version": "v0.2.0"}),
    Scene(
        "A broken release is caught, and v0.2.0 comes back by itself", "deploy", {"version": "v0.3.0"}, ends_red=True
    ),
    Scene("Back to v0.1.0, by name", "rollback", {"release": "v0.1.0", "reason": "shown in the demo"}),
    Scene("What this target knows of its releases", "releases", {}),
]

SEEN = """
You have seen
  - two releases deployed, each backed up, migrated, verified against the runbook's checklist and watched for a while
  - a deployment that had nothing to change, and changed nothing
  - a broken release: found, its evidence kept, the release before it restored as it was and verified
  - a rollback to a release by name, without a rebuild

What to try next
"""


def tell(stage: Stage) -> int:
    """Run the demonstration, or take it away."""
    parser = argparse.ArgumentParser(description=stage.about)
    parser.add_argument("--clean", action="store_true", help="remove everything that the demo made")
    if parser.parse_args().clean:
        stage.clean()
        shutil.rmtree(stage.home, ignore_errors=True)
        print("Nothing of the demo is left here.")
        return 0
    _make_home(stage.home)
    stage.prepare()
    for number, scene in enumerate(SCENES, 1):
        if not _play(stage.inventory, number, scene):
            expected = "end red" if scene.ends_red else "succeed"
            print(
                f"\nThe demo stops: step {number} had to {expected} and did not. Its output above says why.",
                file=sys.stderr,
            )
            return 1
    print(SEEN + stage.next)
    return 0


def remove_images(*repositories: str) -> None:
    """Remove what the engine has of these repositories, by tag or by digest."""
    listing = ["docker", "image", "ls", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"]
    lines = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.splitlines()
    found = [line.split() for line in lines]
    ours = {
        f"{name}:{tag}" if tag != "<none>" else f"{name}@{digest}"
        for name, tag, digest in found
        if name in repositories and (tag, digest) != ("<none>", "<none>")
    }
    if ours:
        subprocess.run(["docker", "image", "rm", "--force", *sorted(ours)], check=True, stdout=subprocess.DEVNULL)


def _make_home(home: Path) -> None:
    """Make the source repository and the env file that the inventory names."""
    home.mkdir(mode=0o700, exist_ok=True)
    repository.build(home / "studio.git")
    env = home / ".env"
    if not env.exists():
        names = images.ensure()
        lines = [
            f"POSTGRES_PASSWORD={secrets.token_urlsafe(24)}",
            f"SECRET_KEY={secrets.token_urlsafe(24)}",
            f"PYTHON_IMAGE={names.python}",
            f"POSTGRES_IMAGE={names.postgres}",
            f"REDIS_IMAGE={names.redis}",
        ]
        env.touch(mode=0o600)
        env.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _play(inventory: str, number: int, scene: Scene) -> bool:
    """Run one step and say whether it ended as it has to."""
    arguments = ["-i", inventory, f"playbooks/{scene.playbook}.yml"]
    inputs = [part for name, value in scene.inputs.items() for part in ("-e", json.dumps({name: value}))]
    said = [f"-e '{name}={value}'" if " " in value else f"-e {name}={value}" for name, value in scene.inputs.items()]
    print(
        f"\n=== {number}/{len(SCENES)}  {scene.shows}\n    {' '.join(['ansible-playbook', *arguments, *said])}\n",
        flush=True,
    )
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments, *inputs]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    red = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    if red and scene.ends_red:
        print("    (red is right: the release is broken)", flush=True)
    return red == scene.ends_red
