# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines of a log that tell of an error."""

from __future__ import annotations

#: lines that tell of an error: a level in capitals, a level in a JSON or key=value line, a Python traceback
ERROR_LINES = (
    r"\b(?:ERROR|CRITICAL|FATAL|PANIC)\b",
    r"""(?i:\b(?:level|severity|levelname|lvl)["']?\s*[:=]\s*["']?(?:error|critical|fatal|panic)\b)""",
    r"^Traceback \(most recent call last\)",
)
