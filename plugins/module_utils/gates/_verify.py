# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A checklist as a gate, on any platform: its verdict as plain data, as a phase of an operation, and for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..checks._checklist import Check, parse_checks
from ..checks._judge import Result, overall
from ..checks._report import as_data, checklist, summary
from ..checks._runner import run_checks
from ..checks._secrets import filled, filled_sources
from ..checks.kinds._kind import Attempt
from ..core._errors import OpsError, Refused
from ..core._verdicts import FAIL, PASS, REQUIRED
from ..operations._step import Step
from ..operations._target import APP_SPEC, Target
from ..running._project import Project
from ..running._scene import Scene
from ..state import _releases
from ..state._folder import Store
from ..state._journal import Operation
from ..state._record import Record
from ..text._excerpt import quoted_by
from ..text._redaction import Redactor
from ._metric_gates import Gates

#: a verdict is a sentence, however many containers it is about
_LONGEST_REASON = 2000
_AS_RECORDED = "Runs as it was recorded"
_CONTAINERS = {"name": "Containers running and healthy", "kind": "containers"}


@dataclass(frozen=True)
class Held:
    """The operation that a checklist is a phase of, and for how many seconds it goes on as another, the soak; there
    metrics are gates as well."""

    store: Store
    token: int
    lease_ttl: float
    phase: str
    soak: float
    gates: Gates = field(default_factory=Gates)


def what_ought_to_run(store: Store, params: Mapping[str, Any]) -> dict[str, Any]:
    """The release that should run, with its services and since when, where the caller names neither."""
    if params.get("services") or params.get("since"):
        return {}
    release, record = _current(store)
    return {"release": release, **_releases.current_facts(record), "replicas": record.replicas if record else {}}


def _current(store: Store) -> tuple[str | None, Record | None]:
    current = store.read("current.json") or {"release": None}
    found = store.read(f"releases/{current['release']}/record.json") if current["release"] else None
    return current["release"], Record.of(found) if found else None


def gate(params: Mapping[str, Any], project: Project, shown: Redactor, held: Held | None = None) -> dict[str, Any]:
    """Run the checklist and give verdict, checks, checklist and summary.

    ``params``: checks, services, own, since, replicas, hold, must_pass, release, redact_env_files. Raises OpsError
    where it must pass and does not.
    """
    if held is None:
        return _gate(params, project, shown)
    operation = Operation(held.store, held.token, held.lease_ttl)
    with operation.phase(held.phase):
        found = _gate(params, project, shown)
    if held.soak > 0:
        # "soak", and of a return "soak return"
        with operation.phase(held.phase.replace("verify", "soak")):
            past = _past(held.store) if held.gates else ()
            found = _gate({**params, "hold": held.soak}, project, shown, held.gates, past)
    return found


def verify(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the health checks and fail unless all required ones pass; with a token, as a phase of its operation."""
    looked_up = what_ought_to_run(target.store, params)
    record = target.record(params["release"]) if params["release"] else _current(target.store)[1]
    looking = {
        **params,
        "release": params["release"] or None,
        "checks": target.app.checks,
        "own": target.app.release_services,
        "must_pass": True,
        "redact_env_files": target.app.env_paths,
        "replicas": record.replicas if record else {},
        **looked_up,
    }
    looking["may_rest"] = bool(params["since"] or looking["release"])
    if params["release"] and record and record.is_found:
        # the others were made for what comes after it: it may never have passed them
        looking["checks"] = [one for one in target.app.checks if one.get("kind") == "containers"] or [_CONTAINERS]
    looking["completed"] = sorted(target.completed(looking["release"]))
    held, phase = None, params["phase"] or "verify"
    if params["token"] and not check_mode:
        gates = Gates(params["gates"], target.app.metric_sources, params["metric_token"])
        held = Held(target.store, params["token"], target.app.lease_ttl, phase, params["soak"], gates)
    try:
        # a phase of an operation is about what the operation has just made
        looking["altered"] = target.altered(record) if "since" in looked_up and record else []
        return gate(looking, target.project, target.redactor, held)
    except OpsError as error:
        error.data.setdefault("phase", phase)
        raise


def _as_recorded(altered: Sequence[str]) -> list[Result]:
    """A line of the checklist where somebody changed what runs since the release was made: it may run well, and be
    another one all the same. None where it is as recorded."""
    reason = "; ".join(altered)
    return [Result(_AS_RECORDED, "release", REQUIRED, FAIL, reason, 0.0, 1, 0.0, {})] if altered else []


def _past(store: Store) -> Sequence[Mapping[str, Any]]:
    """What the gates of the release showed that is the current one still."""
    _, record = _current(store)
    return record.gates if record else ()


def _gate(
    params: Mapping[str, Any],
    project: Project,
    shown: Redactor,
    gates: Gates | None = None,
    past: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    found = examine(params, project, shown, gates, past)
    if params["must_pass"] and found["verdict"] != PASS:
        raise OpsError(found["summary"], reason="soak_failed" if params.get("hold") else "check_failed", **found)
    return {**found, "msg": found["summary"]}


def examine(
    params: Mapping[str, Any],
    project: Project,
    shown: Redactor,
    gates: Gates | None = None,
    past: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Run the checklist once, with metrics as gates where there are some, whatever the verdict is."""
    named = {name: tuple(params.get(name) or ()) for name in ("services", "completed", "own")}
    scene = Scene(
        project, since=float(params.get("since") or 0), replicas=params.get("replicas") or {},
        is_operation=bool(params.get("token")), may_rest=bool(params.get("may_rest")), **named,
    )  # fmt: skip
    with quoted_by(lambda: shown):
        results = run_checks(_planned(params), scene, _metrics(gates, scene, params, past) if gates else ())
    results += _as_recorded(params.get("altered") or ())
    results = [
        replace(each, reason=shown.head(each.reason, _LONGEST_REASON), observed=shown.data(each.observed))
        for each in results
    ]
    verdict = overall(results)
    return {
        "changed": False,
        "release": params.get("release"),
        "verdict": verdict,
        "checks": [as_data(each) for each in results],
        "checklist": checklist(results),
        "summary": summary(verdict, results),
    }


def _metrics(
    gates: Gates, scene: Scene, params: Mapping[str, Any], past: Sequence[Mapping[str, Any]]
) -> list[tuple[Check, Attempt]]:
    """Gates as checks."""
    # here, so that a checklist without gates loads nothing of metrics
    from ._soak import Soak

    sources = filled_sources(gates.sources, params.get("redact_env_files") or ())
    return Soak(replace(gates, sources=sources), scene, float(params.get("hold") or 0), past).checks()


def _planned(params: Mapping[str, Any]) -> list[Check]:
    checks = filled(parse_checks(params["checks"]), params.get("redact_env_files") or ())
    hold = params.get("hold")
    if hold is None:
        return checks
    if hold < 0:
        raise Refused(f"hold must not be negative, found {hold:g}.")
    return [replace(check, hold=float(hold)) for check in checks]


VERIFY = Step(
    spec={
        **APP_SPEC,
        "release": {"type": "str", "default": ""},
        "services": {"type": "list", "elements": "str", "default": []},
        "since": {"type": "float", "default": 0.0},
        "token": {"type": "int", "default": 0, "no_log": False},
        "phase": {"type": "str", "default": ""},
        "soak": {"type": "float", "default": 0.0},
        "gates": {"type": "list", "elements": "dict", "default": []},
        "metric_token": {"type": "str", "default": "", "no_log": True},
    },
    run=verify,
)
