"""The verbs: ``deploy(...)`` runs one to its end, ``deploy.start(...)`` gives a handle to a run that is under way."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Generic, ParamSpec, Unpack

from doppelganger_ops import _given
from doppelganger_ops.executor import DEFAULT
from doppelganger_ops.handle import Handle
from doppelganger_ops.options import Options, job_of
from doppelganger_ops.outcome import (
    Judge,
    T,
    lease_outcome,
    observe_outcome,
    operation_outcome,
    prepare_outcome,
    releases_outcome,
)
from doppelganger_ops.result import LeaseResult, Observed, Prepared, Releases, Result

P = ParamSpec("P")


class Verb(Generic[P, T]):
    """A runbook. Calling it waits for its end, ``start`` does not; both take the same."""

    def __init__(self, start: Callable[P, Handle[T]]) -> None:
        self._start = start
        functools.update_wrapper(self, start)

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Handle[T]:
        """Start it, and return at once."""
        return self._start(*args, **kwargs)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it to its end; whatever interrupts that, Ctrl-C for example, ends the run first."""
        with self.start(*args, **kwargs) as handle:
            return handle.wait()


def _start(verb: str, judge: Judge[T], options: Options, **inputs: str) -> Handle[T]:
    job = job_of(verb, inputs, options)
    return Handle(verb, job, options.get("executor", DEFAULT), judge, options.get("on_event"))


@Verb
def deploy(*, version: str, reason: str = "", adopt: bool = False, **options: Unpack[Options]) -> Handle[Result]:
    """Deploy a version behind gates; roll back automatically on failure. With ``adopt`` a first deployment may take
    over what runs already."""
    said = "yes" if _given.flag("adopt", adopt) else ""
    return _start("deploy", operation_outcome, options, version=version, reason=reason, adopt=said)


@Verb
def rollback(
    *, release: str = "last good", reason: str = "", backup: str = "", confirm: str = "", **options: Unpack[Options]
) -> Handle[Result]:
    """Return to a recorded release: an id, a version, ``previous`` or ``last good``; with ``backup`` and ``confirm``
    (the application) the data as well."""
    return _start(
        "rollback", operation_outcome, options, release=release, reason=reason, backup=backup, confirm=confirm
    )


@Verb
def verify(**options: Unpack[Options]) -> Handle[Result]:
    """Run the health checks."""
    return _start("verify", operation_outcome, options)


@Verb
def monitor(**options: Unpack[Options]) -> Handle[Result]:
    """Hold what the application shows now against the limits of its metrics."""
    return _start("monitor", operation_outcome, options)


@Verb
def releases(**options: Unpack[Options]) -> Handle[Releases]:
    """Ask the targets for their releases, backups, lease, and what was cut off."""
    return _start("releases", releases_outcome, options)


@Verb
def backup(*, reason: str = "", **options: Unpack[Options]) -> Handle[Result]:
    """Dump the database and prove the dump readable."""
    return _start("backup", operation_outcome, options, reason=reason)


@Verb
def restore(*, backup: str, confirm: str, reason: str = "", **options: Unpack[Options]) -> Handle[Result]:
    """Replace the database with a backup, all or nothing; ``confirm`` is the name of the application."""
    return _start("restore", operation_outcome, options, backup=backup, confirm=confirm, reason=reason)


@Verb
def lock(*, reason: str, **options: Unpack[Options]) -> Handle[LeaseResult]:
    """Lock the targets for maintenance."""
    return _start("lock", lease_outcome, options, reason=reason)


@Verb
def unlock(*, reason: str, **options: Unpack[Options]) -> Handle[LeaseResult]:
    """Take a lease away from its holder."""
    return _start("unlock", lease_outcome, options, reason=reason)


@Verb
def prepare(**options: Unpack[Options]) -> Handle[Prepared]:
    """Install what the targets need."""
    return _start("prepare", prepare_outcome, options)


@Verb
def observe(**options: Unpack[Options]) -> Handle[Observed]:
    """Set monitoring up from the catalogue of metrics, or add its rules to what there is."""
    return _start("observe", observe_outcome, options)
