# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Compose says on its way and is no reason: progress, warnings, rulers. What is left is the error."""

from __future__ import annotations

import re

_VERBS = (
    "Creating|Created|Starting|Started|Running|Waiting|Healthy|Recreate|Recreating|Recreated|Restarting|Restarted"
    "|Stopping|Stopped|Killing|Killed|Removing|Removed|Pausing|Paused|Unpausing|Unpaused|Pulling|Pulled|Building|Built"
    "|Exited|Error|Skipped|Interrupted|Warning|Working|Done"
)
_NOISE = re.compile(
    # of a container, a network, an image; of a service that is pulled or built only its name is there
    rf"\s*(?:(?:Container|Network|Volume|Image|Service|Config|Secret) )?[\w./:@-]+ +(?:{_VERBS}) *(?:[0-9.]+m?s)?\s*"
    r"|\s*\[\+\] \S.*"
    # of compose itself, as it writes to a file and as it writes to a terminal
    r"|time=\S+ level=(?:warning|info|debug) .*"
    r"|(?:WARN|INFO|DEBU)\[[^\]]*\] .*"
    r"|[-=]{3,}\s*"
)


def without_progress(said: str) -> str:
    """The lines that say why something failed; all of them where none is left."""
    lines = [line for line in said.splitlines() if not _NOISE.fullmatch(line)]
    return "\n".join(lines) if any(line.strip() for line in lines) else said
