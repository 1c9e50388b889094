# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who this process belongs to, for people."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The user's name; a container may run as a number that no user has."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
