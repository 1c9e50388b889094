# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong, as exceptions, each with a code that says why. Only the door in ``_entry`` turns one into a failed
task."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..text._characters import printable_data

#: the kind of an error that says: nothing of the target can be seen or changed now, so nothing is undone either
UNREACHABLE = "unreachable"
#: of a task that gave no code: one of the inventory's own, or one that crashed
TASK_FAILED = "task_failed"
HOST_UNREACHABLE = "host_unreachable"

#: Why something failed, as codes for programs. A code keeps its meaning; the sentence beside it may change.
#: docs/reasons.md is generated from this table.
REASONS = {
    # what was given
    "invalid_input": "A value of the inventory, of `-e` or of a caller is missing or cannot be used.",
    "reason_required": "The operation needs a reason and got none.",
    "confirmation_required": "The operation destroys data and was not confirmed by name.",
    "compose_files_invalid": "The compose files cannot be read or are not valid.",
    "manifests_invalid": "The manifests cannot be read, are not valid, or reach outside of the application.",
    "env_file_missing": "An env file does not exist.",
    "env_file_invalid": "An env file cannot be read.",
    "env_file_unsafe": "An env file is writable by others.",
    "env_value_missing": "A variable that is required has no value in the env files.",
    "path_in_use": "Data is where a removal or a deployment would lose it or put it out of sight.",
    "path_outside_checkout": "A path of the application leads out of its checkout.",
    # versions and images
    "version_not_found": "The repository has no such tag, branch or commit.",
    "repository_unreachable": "The source repository cannot be read.",
    "image_not_found": "The registry or the engine has no such image.",
    "image_pull_failed": "The engine could not pull an image.",
    "registry_unreachable": "The registry did not respond.",
    "registry_denied": "The registry refused the login or access to the image.",
    "registry_failed": "The registry's response cannot be used.",
    # the target
    "host_unreachable": "The connection to the target failed or was lost.",
    "engine_unreachable": "The Docker Engine did not respond.",
    "engine_failed": "The Docker Engine could not do what was asked.",
    "engines_differ": "The docker command and the docker SDK use different engines.",
    "cluster_unreachable": "The API server did not respond.",
    "cluster_failed": "The API server answered with an error.",
    "cluster_refused": "The API server rejected a request: a quota, a policy or an invalid object.",
    "login_invalid": "There is no usable login to the cluster.",
    "unauthorized": "The API server rejected the login.",
    "forbidden": "The user or the login lacks a right.",
    "tls_failed": "TLS verification failed, or a login would have been sent without TLS.",
    "program_missing": "A program or library is missing or too old.",
    "engine_unsupported": "The target has another container engine than Docker Engine.",
    "package_unavailable": "The package repositories of the target lack a package.",
    "disk_full": "The target has less free disk space than required.",
    "port_in_use": "Something else on the target has a port that the application publishes.",
    "system_error": "The operating system of the target reported an error.",
    # leases, state, releases, backups
    "lease_held": "Another operation or a maintenance lock holds the target.",
    "lease_lost": "The lease of this operation passed to another holder.",
    "not_adopted": "Containers run that no release started, and the run does not adopt them.",
    "second_copy": "What may be the same application runs under another project name.",
    "target_changed": "The current release changed during the run.",
    "state_damaged": "A state file cannot be read.",
    "state_newer": "A state file was written by a newer version of doppelganger.ops.",
    "state_unsafe": "The state folder or a file in it is not private, or is not a plain file.",
    "release_not_found": "There is no such release, or none to roll back to.",
    "release_bad": "The release is marked bad.",
    "release_incomplete": "Something that the release needs is gone.",
    "backup_not_found": "There is no such backup.",
    "backup_unusable": "The backup is damaged or belongs to another database.",
    # the database
    "backup_failed": "The database could not be dumped.",
    "database_unreachable": "The database is not running.",
    "database_unsound": "The data of the database cannot be read completely.",
    "migration_failed": "The migration failed.",
    "restore_failed": "The database could not be restored.",
    # starting, gates
    "start_failed": "A container or pod of the release failed to start.",
    "start_timed_out": "The release did not become healthy in time.",
    "check_failed": "A required health check did not pass.",
    "soak_failed": "A check or a metric gate did not hold for the soak time.",
    "metric_failed": "A metric is beyond its threshold or could not be measured.",
    "fleet_failed": "Another host of the fleet failed, so this one was rolled back.",
    # monitoring
    "monitoring_failed": "A part of the monitoring stack is not healthy or rejected its configuration.",
    "monitoring_unreachable": "A monitoring server did not respond.",
    "source_unavailable": "A source of metrics did not give a usable answer.",
    # objects of a cluster or an engine
    "not_found": "A container, pod or object does not exist.",
    "kind_not_found": "The cluster does not have this kind of object.",
    "conflict": "An object was changed by another client at the same time.",
    "field_conflict": "Another manager owns a field that the manifests set.",
    "immutable_field": "A field that cannot be changed was to be changed.",
    "object_of_another": "An object of that name belongs to another application.",
    "watch_expired": "The cluster no longer knows the moment that a watch began at.",
    "too_large": "A release is too large to be stored.",
    # the way to something
    "timed_out": "A command or request did not finish in time.",
    "command_failed": "A command failed.",
    "connection_lost": "A connection was lost.",
    "invalid_response": "A response does not follow its protocol or is too large.",
    "pattern_too_slow": "A regular expression of the inventory backtracks without end.",
    # the run
    "step_failed": "A step failed in a way that has no code of its own.",
    "task_failed": "A task that is not part of doppelganger.ops failed, or a step crashed.",
    "no_result": "The run ended before the target had a result.",
    "no_hosts": "No host matched.",
    "cancelled": "The run was cancelled.",
    "deadline_passed": "The deadline passed, and the run was ended.",
    # the Python API and the command
    "not_started": "The run did not start, for a reason that has no code of its own.",
    "invalid_inventory": "The inventory does not exist, or Ansible cannot read it.",
    "ansible_missing": "Ansible, ansible-runner or the playbooks are not installed.",
    "ansible_failed": "Ansible ended before the first play.",
    "unexpected_result": "A run published what its schema does not allow.",
}


class OpsError(Exception):
    """A step that could not be done.

    ``message`` says what was expected and what was found, ``hint`` what to do next, ``reason`` is one of
    ``REASONS``. ``data`` joins the task's result, so that its readers need no parsing.
    """

    #: how the result calls it: ``failed``, ``refused``, ``lease_held``, ``lease_lost`` or ``unreachable``
    kind = "failed"
    #: why, for programs, where the one who raises it does not say
    reason = "step_failed"

    def __init__(self, message: str, *, reason: str = "", hint: str = "", **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.reason
        self.hint = hint
        self.data = data

    @property
    def ends_the_operation(self) -> bool:
        """Whether nothing more may be done: the lease is somebody else's, or the target is out of reach."""
        return self.kind in (UNREACHABLE, LeaseLost.kind)

    def as_result(self) -> dict[str, Any]:
        """The error as the result of a task. No text in it is a command to a terminal, whatever it quotes."""
        text = f"{self.message} {self.hint}".strip()
        own = {"kind": self.kind, "reason": self.reason, "error": self.message, "hint": self.hint}
        shown: dict[str, Any] = printable_data({**self.data, "failed": True, "msg": text, **own})
        return shown


@contextlib.contextmanager
def noted_on(first: OpsError) -> Iterator[None]:
    """What is done after an error, before it is raised again: where that fails as well, the first error stays and has
    the second as a note.

    A lease that is lost replaces it, and a target that is out of reach makes it one that undoes nothing.
    """
    try:
        yield
    except LeaseLost:
        raise
    except OpsError as second:
        first.message = f"{first.message.rstrip('.')}. Then this failed as well: {second.message}"
        if second.kind == UNREACHABLE:
            first.kind = UNREACHABLE


class Refused(OpsError):
    """The input or the state of the target forbids the step; nothing was touched."""

    kind = "refused"
    reason = "invalid_input"


class NotThere(OpsError):
    """The platform answered that it has no such thing."""

    reason = "not_found"


class TimedOut(OpsError):
    """A command inside a container took longer than allowed."""

    reason = "timed_out"


class BrokenOff(OpsError):
    """The connection to something that is healthy itself was lost; what only reads may be repeated."""

    reason = "connection_lost"


class Garbled(OpsError):
    """A response that does not follow its protocol, or is incomplete: its sender is broken, and was reached."""

    reason = "invalid_response"


class LeaseHeld(OpsError):
    """Somebody else may change the target now."""

    kind = "lease_held"
    reason = "lease_held"


class LeaseLost(OpsError):
    """The lease that this operation held has passed to another holder, whose token is newer."""

    kind = "lease_lost"
    reason = "lease_lost"


def reason_of(result: Mapping[str, Any], kind: str = "") -> str:
    """The code of a task that failed. One of somebody else's may have a ``reason`` too, which is a sentence then."""
    code = result.get("reason")
    if "kind" in result and isinstance(code, str) and code in REASONS:
        return str(code)
    return HOST_UNREACHABLE if "unreachable" in (kind, result.get("kind")) else TASK_FAILED
