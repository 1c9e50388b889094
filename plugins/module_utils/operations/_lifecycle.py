# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an operation starts and ends: lease, intent, outcome, pruning, in the order that survives a kill anywhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..core._errors import OpsError, Refused
from ..core._times import iso
from ..state import _journal, _releases
from ..state import _lease as lease_rules
from ..state._journal import Operation
from ..state._record import BAD, GOOD, LEFT, PENDING, Config, Record, Source
from . import _backup, _first_contact, _plan, _prune
from ._step import Step
from ._target import APP_SPEC, PHASE_SPEC, REGISTRY_SPEC, Target


def new_record(
    release: str, operation: Mapping[str, Any], wanted: Mapping[str, Any], previous: str | None, now: float
) -> Record:
    """The record of a release that is about to be made."""
    return Record(
        id=release,
        version=wanted["version"],
        source=Source.of(wanted["source"]),
        config=Config(wanted["env"], wanted["inputs"]),
        previous=previous,
        operator=operation["operator"],
        reason=operation["reason"],
        created=iso(now),
    )


def _close_unfinished(target: Target, own: str | None, cut: Mapping[str, Any] | None, token: int) -> None:
    """A release that was being made when its run was killed is bad: nobody saw it work."""
    for record in target.records():
        if record.status == PENDING and record.id != own:
            where = f" in phase {cut['phase']}" if cut and cut["release"] == record.id else ""
            message = f"Its operation was interrupted{where}."
            target.save(replace(record, status=BAD, finished=iso(time.time()), message=message), token)


def _tidy(target: Target) -> None:
    """Remove what a killed run left running or lying about: its migration, the database of its restore."""
    target.tidy()
    _backup.forget_unfinished(target)
    if target.app.database_service and target.database.is_running():
        target.database.drop_leftovers()


def _previous(target: Target) -> str | None:
    """The release to return to."""
    good = target.last_good()
    return good.id if good else None


def run_start(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Take the lease, close what was cut off, record the intent."""
    if check_mode:
        found = target.store.lease()
        if found is not None and found.is_held(time.time()):
            lease_rules.acquire(found, holder="", purpose="", kind="", ttl=0, now=time.time())
        names = target.store.folders("releases")
        predicted = _releases.next_id(names, params["wanted"]["version"]) if params["wanted"] else params["release"]
        return {
            "changed": True,
            "token": 0,
            "release": predicted,
            "interrupted": None,
            "previous": _previous(target) or (_first_contact.would_adopt(target) if params["wanted"] else None),
            "previous_services": [],
            "since": time.time(),
            "makes_release": bool(params["wanted"]),
        }
    purpose = f"{params['operation']} {params['subject']}".strip()
    lease = target.store.acquire(
        holder=params["operator"], purpose=purpose, ttl=target.app.lease_ttl, wait=target.app.lease_wait
    )
    operation = Operation(target.store, lease.token, target.app.lease_ttl)
    try:
        return _start(target, params, operation)
    except Exception:  # also of what nobody thought: there is no operation yet that could be gone on with
        with contextlib.suppress(OpsError, OSError):  # one that cannot be given back now expires by itself
            target.store.release(lease.token)
        raise


def _start(target: Target, params: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
    now = time.time()
    current = target.current()
    if params["expected_current"] is not None and (params["expected_current"] or None) != current:
        raise Refused(
            f"The target changed during this run: expected release {params['expected_current'] or 'none'}, "
            f"found {current or 'none'}.",
            reason="target_changed",
            hint="See playbooks/releases.yml, then re-run.",
        )
    cut = _journal.interrupted(operation.journal(), target.store.lease(), now)
    release = params["release"] or None
    if params["wanted"]:
        release = _releases.next_id(target.store.folders("releases"), params["wanted"]["version"])
        record = new_record(release, params, params["wanted"], None, now)
        _first_contact.adopt(target, record, operation.token)
        target.save(replace(record, previous=_previous(target)), operation.token)
    previous = _previous(target)
    operation.start(params["operation"], release, operator=params["operator"], reason=params["reason"], recovering=cut)
    if release:
        target.wake()
    _close_unfinished(target, release, cut, operation.token)
    if cut:
        _tidy(target)
    return {
        "changed": True,
        "token": operation.token,
        "release": release,
        "interrupted": cut,
        "previous": previous,
        "previous_services": sorted(target.record(previous).config.services) if previous else [],
        "since": now,
        "makes_release": bool(params["wanted"]),
    }


def run_finish(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Record the outcome, prune, close the journal and give the lease back."""
    if check_mode:
        return {"changed": True, "release": params["release"]}
    operation = Operation(target.store, params["token"], target.app.lease_ttl)
    operation.store.renew(params["token"], target.app.lease_ttl)
    phases = operation.journal().get("phases", [])
    for release, verdict, message in _verdicts(params):
        before = target.record(release)
        # what was never good is not good to return to because it was left
        status = BAD if (verdict, before.status) == (LEFT, BAD) else verdict
        said = target.redactor.text(message) if message else None
        record = replace(before, status=status, finished=iso(time.time()), message=said)
        if release == params["release"]:
            gates = target.redactor.data(params["gates"])
            record = replace(record, gates=gates, phases=phases, evidence=params["evidence"] or None)
        if status == GOOD:
            record = replace(record, activated=iso(time.time()))
        target.save(record, params["token"])
    if params["activate"]:
        operation.store.write("current.json", {"release": params["activate"]}, token=params["token"])
    elif target.current() in [params["bad"] or None, params["left"] or None]:
        operation.store.write("current.json", {"release": None}, token=params["token"])
    pruned = _prune.prune(target, params["token"])
    journal = operation.finish()
    target.store.audit(
        f"{journal.get('operation', 'operation')} finished",
        outcome=params["outcome"], release=params["release"], current=target.current(),
        operator=journal.get("operator", ""), reason=journal.get("reason", ""),
        token=params["token"], left=pruned["left"],
    )  # fmt: skip
    return {"changed": True, "phases": phases, "current": target.current(), "pruned": pruned}


def _verdicts(params: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    if params["good"]:
        found.append((params["good"], GOOD, None))
    if params["bad"]:
        found.append((params["bad"], BAD, params["why"] or None))
    if params["left"]:
        found.append((params["left"], LEFT, params["why"] or None))
    return found


def run_resolve(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find the release that a rollback means, and refuse one that cannot come back."""
    del check_mode
    current = target.current()
    nothing = {"changed": False, "needed": True, "reasons": [], "release": "", "version": "", "services": []}
    if not params["release"]:
        return {**nothing, "current": current, "leaves": current or ""}
    found = _releases.resolve(params["release"], target.records(), current, target.lacks)
    reasons = target.drift(found)
    if found.id != current:
        reasons.insert(0, f"{current or 'nothing'} is current, {found.id} was requested")
    lease, now = target.store.lease(), time.time()
    cut = _journal.interrupted(target.store.read(_journal.JOURNAL), lease, now)
    reasons += _plan.in_the_way(cut, lease.described() if lease and lease.is_held(now) else None)
    leaves = current if current and current != found.id else ""
    return {
        "changed": False,
        "needed": bool(reasons),
        "reasons": reasons,
        "release": found.id,
        "version": found.version,
        "services": sorted(found.config.services),
        "current": current,
        "leaves": leaves,
    }


START = Step(
    spec={
        **APP_SPEC,
        "operation": {"type": "str", "required": True},
        "subject": {"type": "str", "default": ""},
        "release": {"type": "str", "default": ""},
        "wanted": {"type": "dict", "default": {}},
        "expected_current": {"type": "str"},
        "operator": {"type": "str", "required": True},
        "reason": {"type": "str", "default": ""},
    },
    run=run_start,
)
FINISH = Step(
    spec={
        **PHASE_SPEC,
        "outcome": {"type": "str", "choices": ["ok", "failed"], "default": "ok"},
        "release": {"type": "str", "default": ""},
        "good": {"type": "str", "default": ""},
        "bad": {"type": "str", "default": ""},
        "left": {"type": "str", "default": ""},
        "activate": {"type": "str", "default": ""},
        "why": {"type": "str", "default": ""},
        "gates": {"type": "list", "elements": "dict", "default": []},
        "evidence": {"type": "str", "default": ""},
    },
    run=run_finish,
)
RESOLVE = Step(spec={**APP_SPEC, **REGISTRY_SPEC, "release": {"type": "str", "required": True}}, run=run_resolve)
