# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between the workers and the output callback: which of us shows what, and the way of a wait to the screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.utils.display import Display

from ansible_collections.doppelganger.ops.plugins.module_utils.core._progress import Listener

from ._live_line import as_message


@dataclass
class _Shown:
    """What the output callback does by itself; it says so before the first worker is forked, which inherits this."""

    results: bool = False
    waits: bool = False


SHOWN = _Shown()
#: set in the environment of a run whose output a program reads: waits are then lines of that output
FOR_PROGRAMS = "OPS_TELL_WAITS"


def listener(variables: Mapping[str, Any] | None) -> Listener | None:
    """Who is told what a step on this host waits for; nobody where neither a terminal nor a program shows it."""
    is_for_programs = bool(os.environ.get(FOR_PROGRAMS))
    if not SHOWN.waits and not is_for_programs:
        return None
    host = str((variables or {}).get("inventory_hostname", ""))
    # on a terminal the callback takes it before it gets to a log
    return lambda words: Display().display(as_message(host, words), log_only=not is_for_programs)
