"""The demonstration: three releases of the studio, one of them broken, on the engine of this machine.

Everything it makes lies in ``.demo`` of the checkout and in the compose project ``studio``; ``--clean`` removes both.
"""

from __future__ import annotations

import subprocess
import sys

from examples.studio import story

PROJECT = "studio"
NEXT = """\
  open http://127.0.0.1:8000/ and http://127.0.0.1:3000/          the studio and its dashboard
  export ANSIBLE_INVENTORY=inventories/compose_local               or -i inventories/compose_local each time
  .venv/bin/ansible-playbook playbooks/verify.yml                  the checklist, at any time
  .venv/bin/ansible-playbook playbooks/deploy.yml -e version=v0.2.1 --check --diff
  .venv/bin/ansible-playbook playbooks/backup.yml                  and playbooks/restore.yml with the id it shows
  ls .demo/state/evidence/*                                        what was seen of the broken release
  make demo-clean                                                  leaves nothing behind
"""


def clean() -> None:
    """Remove the compose project with its volumes, and its images."""
    subprocess.run(["docker", "compose", "-p", PROJECT, "down", "--volumes", "--remove-orphans"], check=True)
    story.remove_images(f"doppelganger-ops/{PROJECT}", "doppelganger-studio/app")


STAGE = story.Stage(
    about=__doc__,
    inventory="inventories/compose_local",
    home=story.ROOT / ".demo",
    prepare=lambda: None,
    clean=clean,
    next=NEXT,
)

if __name__ == "__main__":
    sys.exit(story.tell(STAGE))
