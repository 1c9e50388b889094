"""kubernetes.core, for the comparison with it: ``python -m tests.bench.collection`` gets it, for the bench alone."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tests.bench.cluster import Studio
from tests.bench.measure import say
from tests.integration.application import controller
from tests.lab.paths import CACHE

HOW = "python -m tests.bench.collection (about a minute, 600 MB in the lab's cache)"
#: the package ``ansible`` has it; its versions are seven ahead of ansible-core's second number
_AHEAD = 7
_FOLDER = CACHE / "bench"
_NAME = "ansible_collections/kubernetes/core/MANIFEST.json"


def place() -> Path | None:
    """Where it is: of the user's own collections, or in the lab's cache; None where it is not."""
    for folder in (Path("~/.ansible/collections").expanduser(), _FOLDER):
        if (folder / _NAME).is_file():
            return folder
    return None


def play(folder: Path, playbook: Path, app: Studio, variables: dict[str, object]) -> None:
    """Run a playbook that needs it and nothing of ours."""
    config = app.folder / "ansible.cfg"
    config.write_text("[defaults]\n")
    environment = {
        **app.cluster.env, "ANSIBLE_CONFIG": str(config), "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }  # fmt: skip
    command = [controller(), "--inventory", "localhost,", "--connection", "local", str(playbook), "--extra-vars",
               json.dumps({**variables, "ansible_python_interpreter": sys.executable})]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"the playbook with kubernetes.core failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Get it."""
    major = int(version("ansible-core").split(".")[1]) - _AHEAD
    say(f"install ansible {major} into {_FOLDER}, for this comparison alone")
    wanted = f"ansible>={major},<{major + 1}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(_FOLDER), wanted]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
