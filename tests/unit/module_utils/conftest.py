"""What runs on targets is tried with their oldest Python as well (``make unit-target``)."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SUPPORT = HERE.parent / "support"


def speaks_to_clusters(path: Path) -> bool:
    """Whether a test has the speaker to clusters in it, which the controller alone has: also by what supports it."""
    text = path.read_text(encoding="utf-8")
    supports = re.findall(r"tests\.unit\.support(?:\.(\w+)| import (\w+))", text)
    files = [SUPPORT / f"{first or second}.py" for first, second in supports]
    return "plugins.plugin_utils.kubernetes" in text or any(speaks_to_clusters(file) for file in files)


if sys.version_info < (3, 11):
    collect_ignore = [str(path) for path in HERE.rglob("test_*.py") if speaks_to_clusters(path)]
