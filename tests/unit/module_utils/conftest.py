"""What runs on targets is tried with their oldest Python as well (``make unit-target``)."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SUPPORT = HERE.parent / "support"


#: what the controller alone has: the speaker to clusters, and the Python API
OF_THE_CONTROLLER = re.compile(r"plugin_utils\.kubernetes|^(?:from|import) doppelganger_ops\b", re.MULTILINE)


def is_of_the_controller(path: Path) -> bool:
    """Whether a test has something in it that targets do not have: also by what supports it."""
    text = path.read_text(encoding="utf-8")
    supports = re.findall(r"tests\.unit\.support(?:\.(\w+)| import (\w+))", text)
    files = [SUPPORT / f"{first or second}.py" for first, second in supports]
    return bool(OF_THE_CONTROLLER.search(text)) or any(is_of_the_controller(file) for file in files)


if sys.version_info < (3, 11):
    collect_ignore = [str(path) for path in HERE.rglob("test_*.py") if is_of_the_controller(path)]
