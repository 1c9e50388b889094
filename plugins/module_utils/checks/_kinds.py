# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of checks, by name. A module that is shipped takes along only what is imported by name, so the files of the
folder are named here, by ``docs/generate.py``."""

from __future__ import annotations

# generated: kinds
from .kinds import (
    _containers,
    _exec,
    _http,
    _logs,
    _mongo,
    _postgres,
    _redis,
    _tcp,
)
from .kinds._kind import Kind

_FILES = (
    _containers,
    _exec,
    _http,
    _logs,
    _mongo,
    _postgres,
    _redis,
    _tcp,
)
# end of kinds

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in _FILES}
