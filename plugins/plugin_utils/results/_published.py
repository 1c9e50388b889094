# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a playbook published, for callbacks: of several in one run, Ansible keeps what those before have said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Published:
    """Tells what is new from what was there when the playbook before ended."""

    def __init__(self) -> None:
        self._before: Mapping[str, Any] = {}

    def since_then(self, stats: Any) -> dict[str, Any]:
        """What set_stats collected for the whole run since this was asked last."""
        run = dict((stats.custom or {}).get("_run", {}))
        found = {name: value for name, value in run.items() if value is not self._before.get(name)}
        self._before = run
        return found
