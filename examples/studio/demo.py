"""The demonstration: three releases of the studio, one of them broken, on the engine of this machine.

Everything it makes lies in ``.demo`` of the checkout and in the compose project ``studio``; ``--clean`` removes both.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.studio import repository
from tests.lab import images

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".demo"
PROJECT = "studio"


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
    Scene("What this host knows of its releases", "releases", {}),
]

CLOSING = """
You have seen
  - two releases deployed, each backed up, migrated, verified against the runbook's checklist and watched for a while
  - a deployment that had nothing to change, and changed nothing
  - a broken release: found, its evidence kept, the release before it brought back by image id and verified
  - a rollback to a release by name, without a rebuild

What to try next
  open http://127.0.0.1:8000/ and http://127.0.0.1:3000/          the studio and its dashboard
  .venv/bin/ansible-playbook playbooks/verify.yml                  the checklist, at any time
  .venv/bin/ansible-playbook playbooks/deploy.yml -e version=v0.2.1 --check --diff
  .venv/bin/ansible-playbook playbooks/backup.yml                  and playbooks/restore.yml with the id it shows
  ls .demo/state/evidence/*                                        what was seen of the broken release
  make demo-clean                                                  leaves nothing behind
"""


def prepare() -> None:
    """Make the source repository and the env file that the inventory names."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    repository.build(HOME / "studio.git")
    env = HOME / ".env"
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


def play(number: int, scene: Scene) -> bool:
    """Run one step and say whether it ended as it has to."""
    inputs = [part for name, value in scene.inputs.items() for part in ("-e", json.dumps({name: value}))]
    command = [str(Path(sys.executable).with_name("ansible-playbook")), f"playbooks/{scene.playbook}.yml", *inputs]
    said = " ".join(
        f"-e '{name}={value}'" if " " in value else f"-e {name}={value}" for name, value in scene.inputs.items()
    )
    print(
        f"\n=== {number}/{len(SCENES)}  {scene.shows}\n    ansible-playbook playbooks/{scene.playbook}.yml {said}\n",
        flush=True,
    )
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    red = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    if red and scene.ends_red:
        print("    (red is right: the release is broken)", flush=True)
    return red == scene.ends_red


def clean() -> None:
    """Remove the compose project with its volumes, its images and everything in ``.demo``."""
    subprocess.run(["docker", "compose", "-p", PROJECT, "down", "--volumes", "--remove-orphans"], check=True)
    listing = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    names = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    ours = [name for name in names if name.startswith((f"doppelganger-ops/{PROJECT}:", "doppelganger-studio/app:"))]
    if ours:
        subprocess.run(["docker", "image", "rm", "--force", *ours], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(HOME, ignore_errors=True)
    print("Nothing of the demo is left.")


def main() -> int:
    """Run the demonstration, or take it away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", action="store_true", help="remove everything that the demo made")
    if parser.parse_args().clean:
        clean()
        return 0
    prepare()
    for number, scene in enumerate(SCENES, 1):
        if not play(number, scene):
            expected = "end red" if scene.ends_red else "succeed"
            print(
                f"\nThe demo stops: step {number} had to {expected} and did not. Its output above says why.",
                file=sys.stderr,
            )
            return 1
    print(CLOSING)
    return 0


if __name__ == "__main__":
    sys.exit(main())
