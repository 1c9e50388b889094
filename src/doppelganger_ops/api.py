"""The verbs: ``deploy(...)`` runs one to its end, ``start_deploy(...)`` gives a handle to a run that is under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, Unpack

from doppelganger_ops import truth
from doppelganger_ops.executor import DEFAULT
from doppelganger_ops.handle import Handle, Judge
from doppelganger_ops.options import Options, job_of
from doppelganger_ops.result import LeaseResult, Outcome, Releases, Result

T = TypeVar("T", bound=Outcome[Any])


def _start(verb: str, judge: Judge[T], inputs: Mapping[str, str | None], options: Options) -> Handle[T]:
    job = job_of(verb, inputs, options)
    return Handle(verb, job, options.get("executor", DEFAULT), judge, options.get("on_event"))


def _to_the_end(handle: Handle[T]) -> T:
    """Wait; whatever interrupts that, Ctrl-C for example, ends the run first."""
    with handle:
        return handle.wait()


def start_deploy(*, version: str, reason: str = "", **options: Unpack[Options]) -> Handle[Result]:
    """Start :func:`deploy`."""
    return _start("deploy", truth.operation_outcome, {"version": version, "reason": reason}, options)


def deploy(*, version: str, reason: str = "", **options: Unpack[Options]) -> Result:
    """Bring a version up, gate by gate; one that fails is undone by itself."""
    return _to_the_end(start_deploy(version=version, reason=reason, **options))


def start_rollback(
    *, release: str = "last good", reason: str = "", backup: str = "", confirm: str = "", **options: Unpack[Options]
) -> Handle[Result]:
    """Start :func:`rollback`."""
    return _start(
        "rollback",
        truth.operation_outcome,
        {"release": release, "reason": reason, "backup": backup, "confirm": confirm},
        options,
    )


def rollback(
    *, release: str = "last good", reason: str = "", backup: str = "", confirm: str = "", **options: Unpack[Options]
) -> Result:
    """Bring a recorded release back, and with ``backup`` and ``confirm`` (the application) the data as well."""
    return _to_the_end(start_rollback(release=release, reason=reason, backup=backup, confirm=confirm, **options))


def start_verify(**options: Unpack[Options]) -> Handle[Result]:
    """Start :func:`verify`."""
    return _start("verify", truth.operation_outcome, {}, options)


def verify(**options: Unpack[Options]) -> Result:
    """Go through the checklist."""
    return _to_the_end(start_verify(**options))


def start_releases(**options: Unpack[Options]) -> Handle[Releases]:
    """Start :func:`releases`."""
    return _start("releases", truth.releases_outcome, {}, options)


def releases(**options: Unpack[Options]) -> Releases:
    """Ask the targets for their releases, backups, lease, and what was cut off."""
    return _to_the_end(start_releases(**options))


def start_backup(*, reason: str = "", **options: Unpack[Options]) -> Handle[Result]:
    """Start :func:`backup`."""
    return _start("backup", truth.operation_outcome, {"reason": reason}, options)


def backup(*, reason: str = "", **options: Unpack[Options]) -> Result:
    """Dump the database and prove the dump readable."""
    return _to_the_end(start_backup(reason=reason, **options))


def start_restore(*, backup: str, confirm: str, reason: str = "", **options: Unpack[Options]) -> Handle[Result]:
    """Start :func:`restore`."""
    return _start("restore", truth.operation_outcome, {"backup": backup, "confirm": confirm, "reason": reason}, options)


def restore(*, backup: str, confirm: str, reason: str = "", **options: Unpack[Options]) -> Result:
    """Replace the database with a backup, all or nothing; ``confirm`` is the name of the application."""
    return _to_the_end(start_restore(backup=backup, confirm=confirm, reason=reason, **options))


def start_lock(*, reason: str, **options: Unpack[Options]) -> Handle[LeaseResult]:
    """Start :func:`lock`."""
    return _start("lock", truth.lease_outcome, {"reason": reason}, options)


def lock(*, reason: str, **options: Unpack[Options]) -> LeaseResult:
    """Lock the targets for maintenance."""
    return _to_the_end(start_lock(reason=reason, **options))


def start_unlock(*, reason: str, **options: Unpack[Options]) -> Handle[LeaseResult]:
    """Start :func:`unlock`."""
    return _start("unlock", truth.lease_outcome, {"reason": reason}, options)


def unlock(*, reason: str, **options: Unpack[Options]) -> LeaseResult:
    """Take a lease away from its holder."""
    return _to_the_end(start_unlock(reason=reason, **options))
