"""Why a run ended before its first play: asked of Ansible's own reader of inventories, never read out of output."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from doppelganger_ops import installation
from doppelganger_ops.errors import InventoryError, StartError
from doppelganger_ops.job import Ended, Job
from doppelganger_ops.outcome import how_it_ended

GROUP = "targets"


def has_no_hosts(job: Job, ended: Ended) -> bool:
    """Whether the inventory has nobody to do anything with; raises where that is not the reason."""
    code, inventory, error = _inventory(job, None)
    if code != 0:
        raise InventoryError(
            f"Ansible cannot read the inventory {', '.join(job.inventories)}: {error}",
            hint="Try it with ansible-inventory --graph -i and the same path.",
        )
    if not members(inventory, GROUP):
        return True
    if job.limit is not None:
        code, inventory, _ = _inventory(job, job.limit)
        if code != 0 or not members(inventory, GROUP):
            return True
    said = _words("\n".join(ended.tail))
    raise StartError(f"{how_it_ended(ended).capitalize()} before the first play began: {said}".rstrip(": "))


def members(inventory: Mapping[str, Any], group: str) -> set[str]:
    """The hosts of a group and of the groups in it."""
    found = inventory.get(group) or {}
    hosts = set(found.get("hosts") or [])
    return hosts.union(*(members(inventory, child) for child in found.get("children") or []))


def _inventory(job: Job, limit: str | None) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-P", "-m", "ansible.cli.inventory", "--list"]
    command += [part for path in job.inventories for part in ("-i", path)]
    command += _vault(job)
    command += ["--limit", limit] if limit is not None else []
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
        known = {**job.environment, **job.secrets, "ANSIBLE_LOCAL_TEMP": folder}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=known, cwd=job.cwd, timeout=120)
    try:
        found = json.loads(done.stdout) if done.returncode == 0 else {}
    except ValueError:
        found = {}
    return done.returncode, found, _words(done.stderr)


def _words(said: str) -> str:
    """The end of what Ansible said, on one line; what it quotes may be anybody's."""
    return str(installation.plugin_utils("screen._words").one_line(said))[-1500:]


def _vault(job: Job) -> list[str]:
    """The arguments that reading an inventory needs as well."""
    pairs = zip(job.arguments, job.arguments[1:], strict=False)
    return [part for name, value in pairs if name == "--vault-password-file" for part in (name, value)]
