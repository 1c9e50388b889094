"""Writes what set_stats published, and the recap, into the file that OPS_TEST_STATS names: tests parse no output."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: write_stats
type: aggregate
short_description: Write the custom stats to a file
description: [For tests only.]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "write_stats"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write the stats of the whole run."""
        recap = {host: stats.summarize(host) for host in stats.processed}
        with open(os.environ["OPS_TEST_STATS"], "w", encoding="utf-8") as stream:
            json.dump({"published": stats.custom.get("_run", {}), "recap": recap}, stream, default=str)
