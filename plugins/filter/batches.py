# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads how many hosts of a fleet are changed at a time, also where it is text: surveys and ``-e`` know no lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = """
name: batches
short_description: Read how many hosts of a fleet are changed at a time
version_added: 0.1.0
description:
  - Gives what the play keyword C(serial) takes, out of a list, a number or text such as C(1, 25%).
  - Refuses what is neither a number of hosts nor a share of them, before any host is touched.
options:
  _input:
    description: How many hosts at a time, one batch after the other; the last one is repeated.
    type: raw
    required: true
"""

EXAMPLES = """
- name: Deploy
  hosts: targets
  serial: "{{ app_batches | default([1, '25%']) | doppelganger.ops.batches }}"
"""

RETURN = """
_value:
  description: The batches.
  type: list
  elements: raw
"""

_BATCH = re.compile(r"([1-9]\d*)|(?:[1-9]\d?|100)%")


def batches(given: Any) -> list[int | str]:
    """The batches of a fleet; refuses everything else."""
    parts = given if isinstance(given, list) else re.split(r"[,\s]+", str(given).strip(" []"))
    found: list[int | str] = []
    for part in parts:
        text = str(part).strip(" '\"")
        batch = _BATCH.fullmatch(text)
        if batch is None or isinstance(part, bool):
            raise AnsibleFilterError(
                f"app_batches has {text!r}, expected a number of hosts or a share of them. "
                "Give for example -e app_batches=1,25% for one host, then a quarter of them at a time."
            )
        found.append(int(text) if batch[1] else text)
    return found


class FilterModule:
    """The door from a template."""

    def filters(self) -> dict[str, Callable[..., list[int | str]]]:
        """Name the filter."""
        return {"batches": batches}
