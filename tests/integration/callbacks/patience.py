"""Gives up on an API server after as many seconds as OPS_TEST_PATIENCE says, for tests that show something else."""

from __future__ import annotations

import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: patience
type: aggregate
short_description: Less patience with an API server
description: [For tests only.]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "patience"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        if seconds := os.environ.get("OPS_TEST_PATIENCE"):
            from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster

            # the default of every way to a cluster, in the workers as well: they are forks of this process
            Cluster.__init__.__kwdefaults__["patience"] = float(seconds)  # type: ignore[index]  # it has a default
