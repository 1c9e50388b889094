# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The git command: it asks nothing, and what it says shows no secret."""

from __future__ import annotations

import functools

from ..core import _command
from ..core._errors import OpsError
from ..text._redaction import Redactor


def git(*arguments: str, doing: str, timeout: float, **env: str) -> str:
    """Run git and return its output."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "0", "GIT_SSH_COMMAND": ssh()}
    try:
        return _command.run(["git", *arguments], doing=doing, timeout=timeout, env={**quiet, **env})
    except OpsError as error:
        raise OpsError(Redactor(()).text(error.message), reason=error.reason, hint=error.hint, **error.data) from error


@functools.cache
def ssh() -> str:
    """The user's own way of calling ssh, which asks nothing."""
    try:
        own = _command.run(["git", "config", "core.sshCommand"], doing="Reading git's configuration", timeout=10)
    except OpsError:  # nothing is configured
        own = "ssh"
    return f"{own.strip()} -o BatchMode=yes"
