"""The environment of a run: what Ansible, Docker and a cluster's client need, and nothing else of the caller's."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from doppelganger_ops.errors import InputError
from doppelganger_ops.installation import Installation

#: every process of a run carries its id under this name, so that none is left behind
MARKER = "DOPPELGANGER_OPS_RUN"
#: paths and names, none of them a secret
PASSED = (
    "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "SSH_AUTH_SOCK", "KUBECONFIG",
    "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "XDG_RUNTIME_DIR",
    "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip
#: more than fits into a pipe at once would wait for a reader that may never come
MOST_SECRETS = 48 * 1024


def environment(installation: Installation, ident: str, folder: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """What a run gets, secrets apart."""
    found = {name: caller[name] for name in PASSED if name in caller}
    collections = [str(installation.collections), "~/.ansible/collections", "/usr/share/ansible/collections"]
    return {
        **found,
        MARKER: ident,
        "PATH": _path(caller.get("PATH", os.defpath)),
        # Ansible refuses to start where the locale is not UTF-8
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(installation.config),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(collections),
        # ansible-runner turns both off unless they are set
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        # connections that ssh keeps open belong to this run alone, so that they can end with it
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_NOCOLOR": "True",
        # steps say what they wait for, which becomes an event
        "OPS_TELL_WAITS": "1",
    }


def _path(inherited: str) -> str:
    own = str(Path(sys.executable).parent)
    parts = [part for part in inherited.split(os.pathsep) if part and part != own]
    return os.pathsep.join([own, *parts])


def secrets(names: Sequence[str], caller: Mapping[str, str]) -> dict[str, str]:
    """The variables that the caller named; one that is not set is a mistake, not an empty secret."""
    missing = [name for name in names if name not in caller]
    if missing:
        raise InputError(
            f"The environment variables {', '.join(missing)} are to be passed to the run and are not set.",
            hint="Set them, or leave them out of environment.",
        )
    found = {name: caller[name] for name in names}
    # as it is written for the run, all at once into a pipe
    if len(json.dumps(found)) > MOST_SECRETS:
        raise InputError(
            f"The environment variables that are to be passed to the run have more than {MOST_SECRETS} characters, "
            "of which each that is not ASCII counts as six.",
            hint="Give what is long in a file.",
        )
    return found
