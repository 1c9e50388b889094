"""``python -m doppelganger_ops``."""

from __future__ import annotations

import sys

from doppelganger_ops.cli import main

sys.exit(main())
