"""Executable runbooks, embedded: the Python package of the collection ``doppelganger.ops``.

>>> import doppelganger_ops as ops
>>> result = ops.deploy(version="v0.2.0", inventory="inventories/mine")  # doctest: +SKIP
>>> result.raise_for_status()  # doctest: +SKIP
"""

from __future__ import annotations

from doppelganger_ops import events
from doppelganger_ops.api import (
    Verb,
    backup,
    deploy,
    lock,
    monitor,
    observe,
    prepare,
    releases,
    restore,
    rollback,
    unlock,
    verify,
)
from doppelganger_ops.dashboard import Dashboard
from doppelganger_ops.errors import (
    AnsibleMissing,
    InputError,
    InventoryError,
    NeverRan,
    NotSuccessful,
    OpsError,
    StartError,
    UnexpectedResult,
)
from doppelganger_ops.executor import Executor, ProcessExecutor
from doppelganger_ops.handle import Handle
from doppelganger_ops.options import Options
from doppelganger_ops.result import (
    Check,
    Failure,
    Interrupted,
    Known,
    LeaseChange,
    LeaseResult,
    Metric,
    Monitoring,
    Observed,
    Outcome,
    Phase,
    Preparation,
    Prepared,
    Releases,
    Result,
    RunInfo,
    Target,
)
from doppelganger_ops.status import Status

__version__ = "0.1.0"

__all__ = [
    "AnsibleMissing",
    "Check",
    "Dashboard",
    "Executor",
    "Failure",
    "Handle",
    "InputError",
    "Interrupted",
    "InventoryError",
    "Known",
    "LeaseChange",
    "LeaseResult",
    "Metric",
    "Monitoring",
    "NeverRan",
    "NotSuccessful",
    "Observed",
    "OpsError",
    "Options",
    "Outcome",
    "Phase",
    "Preparation",
    "Prepared",
    "ProcessExecutor",
    "Releases",
    "Result",
    "RunInfo",
    "StartError",
    "Status",
    "Target",
    "UnexpectedResult",
    "Verb",
    "backup",
    "deploy",
    "events",
    "lock",
    "monitor",
    "observe",
    "prepare",
    "releases",
    "restore",
    "rollback",
    "unlock",
    "verify",
]
