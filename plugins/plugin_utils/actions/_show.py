# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines on the screen, as a task prints them."""

from __future__ import annotations

from collections.abc import Sequence

from ansible.utils.display import Display

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable


def show(lines: Sequence[str]) -> None:
    """Print lines below each other, indented."""
    Display().display(printable("\n".join(["", *(f"  {line}" for line in lines), ""])))
