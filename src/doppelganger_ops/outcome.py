"""What a run ended with: decided from what was published and from Ansible's own statistics, never from output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from doppelganger_ops import installation, schemas
from doppelganger_ops.errors import UnexpectedResult
from doppelganger_ops.job import Ended
from doppelganger_ops.result import Known, LeaseChange, Monitoring, Outcome, Phase, Preparation, RunInfo, Target
from doppelganger_ops.status import Status, worst

KEY = "doppelganger_ops"


@dataclass
class Seen:
    """What the stream of a run said, as far as it decides anything."""

    has_started: bool = False
    stats: Mapping[str, Any] | None = None
    #: the last failure of each host that no rescue took care of, or that is all there is
    failures: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, raw: Mapping[str, Any]) -> None:
        """Look at one report."""
        name = raw["event"]
        if name == "playbook_on_play_start":
            self.has_started = True
        elif name == "playbook_on_stats":
            self.stats = raw
        elif name in ("runner_on_failed", "runner_on_unreachable") and not raw.get("ignored"):
            res = raw.get("res") or {}
            default = "unreachable" if name == "runner_on_unreachable" else "failed"
            self.failures[str(raw["host"])] = {
                "kind": str(res.get("kind") or default),
                "reason": installation.module_utils("core._errors").reason_of(res, default),
                "error": str(res.get("error") or res.get("msg") or "no message was given"),
                "hint": str(res.get("hint") or ""),
            }

    @property
    def published(self) -> Mapping[str, Any]:
        """Everything that set_stats published."""
        return (self.stats or {}).get("published") or {}

    @property
    def hosts(self) -> list[str]:
        """Every host that something was done with."""
        return list((self.stats or {}).get("processed") or {})

    @property
    def is_red(self) -> bool:
        """Whether Ansible counted a host as failed or unreachable."""
        return bool((self.stats or {}).get("failures") or (self.stats or {}).get("dark"))


#: a kind of failure as a status; whatever else there is has failed
BY_KIND = {"refused": Status.REFUSED, "lease_held": Status.REFUSED, "unreachable": Status.UNREACHABLE}
CUT_HINT = "The next run on this target recovers what was under way; it waits until the lease has expired."
#: phases that change nothing on the target
LOOKING = ("preflight", "verify", "monitor")
Phases = Mapping[str, list[dict[str, Any]]]
T = TypeVar("T", bound=Outcome[Any])
#: makes the outcome of a verb out of how its run ended
Judge = Callable[[str, Ended, Seen, Phases, RunInfo], T]


def operation_outcome(verb: str, ended: Ended, seen: Seen, phases: Phases, run: RunInfo) -> Outcome[Target]:
    """The outcome of a verb that publishes the result of an operation."""
    if KEY not in seen.published:
        return _unpublished(verb, ended, seen, phases, run)
    data = seen.published[KEY]
    wrong = schemas.problems("result", data)
    if wrong:
        raise UnexpectedResult(f"{verb} published what its schema does not allow: {'; '.join(wrong)}.", dict(data))
    targets = {name: Target.from_dict(target) for name, target in data["targets"].items()}
    status = Status(data["status"])
    if status.is_good and (seen.is_red or ended.exit_code != 0):
        message = f"The playbook says {status.value}, and Ansible ended with {ended.exit_code}."
        hint, reason = "See the run's output.", "task_failed"
        return Outcome(verb, Status.FAILED, bool(data["changed"]), message, hint, run, targets, reason)
    words = _of_worst(targets, status)
    return Outcome(verb, status, bool(data["changed"]), words.message, words.hint, run, targets, words.reason)


def published_by_host(kind: type[Any], part: str) -> Judge[Outcome[Any]]:
    """The judge of a verb that publishes one thing of each host, under the name of the ``part``."""

    def judge(verb: str, ended: Ended, seen: Seen, phases: Phases, run: RunInfo) -> Outcome[Any]:
        found: Mapping[str, Any] = seen.published.get(f"{KEY}_{part}") or {}
        targets = {host: kind.from_dict(data) for host, data in found.items()}
        for host in _hosts(seen, phases):
            if host not in targets:
                targets[host] = _cut_off(kind, ended, seen.failures.get(host), phases.get(host, []))
        changed = any(getattr(target, "changed", False) for target in targets.values())
        status, words = _deciding(targets, ended, seen)
        return Outcome(verb, status, changed, words.message, words.hint, run, targets, words.reason)

    return judge


def _cut_off(kind: type[Any], ended: Ended, failure: Mapping[str, str] | None, phases: Sequence[dict[str, Any]]) -> Any:
    """One of a host that did not come to say so itself; what only looks has no ``changed``."""
    status, words = _cut(ended, failure)
    changed = {"changed": _may_have_changed(phases, status)} if hasattr(kind, "changed") else {}
    return kind(status=status, **words._asdict(), **changed)


def _hosts(seen: Seen, phases: Phases) -> list[str]:
    """Every host that something was done with, as far as anybody said so: a run that was killed has no statistics."""
    return list(dict.fromkeys([*phases, *seen.hosts, *seen.failures]))


def _may_have_changed(phases: Sequence[Mapping[str, Any]], status: Status) -> bool:
    """Whether a phase began that does more than look; the one that was refused has touched nothing."""
    begun = [phase["name"] for phase in phases if not (status is Status.REFUSED and phase["state"] == "failed")]
    return any(name not in LOOKING for name in begun)


class Words(NamedTuple):
    """How something ended: in a sentence, what to do next, and the code for programs."""

    message: str
    hint: str
    reason: str


def _deciding(targets: Mapping[str, Any], ended: Ended, seen: Seen) -> tuple[Status, Words]:
    """The status of the run and its words, from what is known of its targets."""
    if not targets:
        return _without_targets(ended, seen)
    status = worst([target.status for target in targets.values()])
    return status, _of_worst(targets, status)


def _of_worst(targets: Mapping[str, Any], status: Status) -> Words:
    """The words of the target that decides."""
    deciding = [(name, target) for name, target in targets.items() if target.status == status]
    name, target = (deciding or list(targets.items()))[0]
    message = target.message if len(targets) == 1 else f"{name}: {target.message}"
    return Words(message, target.hint, target.reason)


def _unpublished(verb: str, ended: Ended, seen: Seen, phases: Phases, run: RunInfo) -> Outcome[Target]:
    """A run that was cut off, or whose hosts all failed in a way that no role could take care of."""
    targets, changed = {}, False
    for host in _hosts(seen, phases):
        status, words = _cut(ended, seen.failures.get(host))
        begun = phases.get(host, [])
        changed = changed or _may_have_changed(begun, status)
        known = tuple(map(Phase.from_dict, begun))
        targets[host] = Target(status, verb, **words._asdict(), phases=known, was_cut_off=True)
    status, words = _deciding(targets, ended, seen)
    return Outcome(verb, status, changed, words.message, words.hint, run, targets, words.reason)


def _stopped(ended: Ended) -> tuple[Status, Words]:
    if ended.stopped == "timed_out":
        return Status.TIMED_OUT, Words("The deadline passed, so the run was ended.", CUT_HINT, "deadline_passed")
    return Status.CANCELLED, Words("The run was cancelled.", CUT_HINT, "cancelled")


def _cut(ended: Ended, failure: Mapping[str, str] | None) -> tuple[Status, Words]:
    if ended.stopped:
        return _stopped(ended)
    if failure:
        words = Words(failure["error"], failure["hint"], failure["reason"])
        return BY_KIND.get(failure["kind"], Status.FAILED), words
    return Status.FAILED, _without_result(ended)


def _without_result(ended: Ended) -> Words:
    return Words(f"The run ended without a result: {how_it_ended(ended)}.", CUT_HINT, "no_result")


def _without_targets(ended: Ended, seen: Seen) -> tuple[Status, Words]:
    if ended.stopped:
        status, words = _stopped(ended)
        return status, words._replace(message=f"{words.message} No phase had started.", hint="")
    if seen.stats is not None and not seen.hosts and ended.exit_code == 0:
        return Status.NO_HOSTS, Words("No host matched, so nothing was done.", NO_HOSTS_HINT, "no_hosts")
    return Status.FAILED, _without_result(ended)


NO_HOSTS_HINT = "Give an inventory whose group targets has hosts, and a limit that leaves some of them."


def how_it_ended(ended: Ended) -> str:
    """The end of the process, in words."""
    if ended.error:
        return ended.error.rstrip(".")
    if ended.exit_code is None or ended.exit_code < 0:
        return "its process was killed"
    return f"Ansible ended with {ended.exit_code}"


releases_outcome: Judge[Outcome[Known]] = published_by_host(Known, "releases")
lease_outcome: Judge[Outcome[LeaseChange]] = published_by_host(LeaseChange, "lease")
prepare_outcome: Judge[Outcome[Preparation]] = published_by_host(Preparation, "prepare")
observe_outcome: Judge[Outcome[Monitoring]] = published_by_host(Monitoring, "observe")
