"""Where the lab keeps what is slow to make, and what it has running."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("OPS_CACHE", "~/.cache/doppelganger-ops")).expanduser().resolve()
RUN = CACHE / "run"
LOGS = CACHE / "log"


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
