# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows lines as they are: a table stays a table, whatever the output callback does to data."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._show import show


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``show_lines``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print ``lines``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        show(self._task.args["lines"])
        return result
