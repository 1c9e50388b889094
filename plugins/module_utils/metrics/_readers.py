# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The readers of metrics, by the kind of their source; see ``checks/_kinds.py`` for why they are named."""

from __future__ import annotations

# generated: readers
from .readers import (
    _containers,
    _host,
    _json,
    _openmetrics,
    _postgres,
    _prometheus,
    _redis,
)
from .readers._reader import Reader

_FILES = (
    _containers,
    _host,
    _json,
    _openmetrics,
    _postgres,
    _prometheus,
    _redis,
)
# end of readers

READERS: dict[str, Reader] = {module.READER.name: module.READER for module in _FILES}
