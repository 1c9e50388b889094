"""What runs as ``ansible-playbook``: the same program, with secrets from a pipe, and not outliving who started it.

A script of its own, run by path: it imports nothing of the package, and the package's folder is not on its path.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys

SECRETS = "DOPPELGANGER_OPS_SECRETS"
STARTED_BY = "DOPPELGANGER_OPS_WORKER"
PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """Be told to end when the process that started this is gone, however it went; Linux alone can do that."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Take what is meant for this process out of its environment, and become Ansible."""
    end_with(int(os.environ.pop(STARTED_BY)))
    pipe = os.environ.pop(SECRETS, None)
    if pipe:
        with open(pipe, encoding="utf-8") as stream:
            os.environ.update(json.loads(stream.readline()))
    sys.argv[0] = "ansible-playbook"
    from ansible.cli.playbook import main as ansible_playbook

    ansible_playbook()


if __name__ == "__main__":
    main()
