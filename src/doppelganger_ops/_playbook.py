"""What runs as ``ansible-playbook``: the same program, with secrets from a pipe, and not outliving who started it.

A script of its own, run by path: it imports nothing of the package, and the package's folder is not on its path.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import signal
import sys
from typing import Any

SECRETS = "DOPPELGANGER_OPS_SECRETS"
#: a folder, and two files in it: the variables as Ansible is to read them, and as they were given
INPUTS = "DOPPELGANGER_OPS_INPUTS"
HANDED_OVER, GIVEN = "inputs.json", "given.json"
STARTED_BY = "DOPPELGANGER_OPS_WORKER"
PR_SET_PDEATHSIG = 1
#: ESC, and the one character that means ESC and [
ESCAPES = dict.fromkeys((0x1B, 0x9B), " ")


def end_with(parent: int) -> None:
    """Be told to end when the process that started this is gone, however it went; Linux alone can do that."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(128 + signal.SIGTERM)


def show_no_escapes() -> None:
    """Have Ansible display text without the character that begins a control sequence.

    ansible-runner looks for its events among such sequences, and one that it cannot read ends the run.
    """
    from ansible.utils.display import Display

    display = Display.display

    @functools.wraps(display)
    def displayed(self: Any, msg: str, *args: Any, **more: Any) -> Any:
        return display(self, msg.translate(ESCAPES), *args, **more)

    Display.display = displayed


def read_back(path: str) -> Any:
    """What Ansible makes of a file that it is given with ``-e @file``."""
    from ansible.parsing.dataloader import DataLoader

    return DataLoader().load_from_file(path, trusted_as_template=True)


def is_same(found: Any, given: Any) -> bool:
    """Whether Ansible read what was given, and takes no text in it for a template."""
    from ansible.template import is_trusted_as_template

    if isinstance(given, dict):
        return (
            isinstance(found, dict)
            and list(found) == list(given)
            and not any(is_trusted_as_template(name) for name in found)
            and all(is_same(found[name], given[name]) for name in given)
        )
    if isinstance(given, list):
        return isinstance(found, list) and len(found) == len(given) and all(map(is_same, found, given))
    is_kind = isinstance(found, type(given)) and isinstance(found, bool) == isinstance(given, bool)
    return is_kind and bool(found == given) and not is_trusted_as_template(found)


def require_same(folder: str) -> None:
    """End before anything runs where Ansible would read the variables in another way than they were given."""
    with open(os.path.join(folder, GIVEN), encoding="utf-8") as stream:
        wanted = json.load(stream)
    if not is_same(read_back(os.path.join(folder, HANDED_OVER)), wanted):
        sys.exit("Ansible would read the variables in another way than they were given, so nothing was run.")


def main() -> None:
    """Take what is meant for this process out of its environment, and become Ansible."""
    end_with(int(os.environ.pop(STARTED_BY)))
    inputs = os.environ.pop(INPUTS)
    pipe = os.environ.pop(SECRETS, None)
    if pipe:
        with open(pipe, encoding="utf-8") as stream:
            os.environ.update(json.loads(stream.readline()))
    sys.argv[0] = "ansible-playbook"
    from ansible.cli.playbook import main as ansible_playbook

    require_same(inputs)
    show_no_escapes()
    ansible_playbook()


if __name__ == "__main__":
    main()
