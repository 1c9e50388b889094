"""What keeps a run from happening, and what a caller may have raised about one that did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from doppelganger_ops.status import Status


class OpsError(Exception):
    """Everything that this package raises. ``hint`` says what to do next, ``reason`` is a code of docs/reasons.md."""

    reason = "step_failed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class NeverRan(OpsError):
    """Nothing was run, so no target was touched."""

    reason = "not_started"


class InputError(NeverRan):
    """What the caller gave cannot be used: the wrong type, a file that is not there, a secret that is not set."""

    reason = "invalid_input"


class InventoryError(NeverRan):
    """The inventory is not there, or Ansible cannot read it."""

    reason = "invalid_inventory"


class AnsibleMissing(NeverRan):
    """Ansible, ansible-runner or the playbooks are not there."""

    reason = "ansible_missing"


class StartError(NeverRan):
    """Ansible ended before it began the first play, and neither the inventory nor the hosts are the reason."""

    reason = "ansible_failed"


class UnexpectedResult(OpsError):
    """A run ended and published something that its schema does not allow; ``published`` is what it was.

    The run did happen. This is a mistake in the playbooks or in this package.
    """

    reason = "unexpected_result"

    def __init__(self, message: str, published: Any) -> None:
        super().__init__(message, hint="Check the targets, then report this with the published data.")
        self.published = published


class Ended(Protocol):
    """What a run ended with, which is an :class:`~doppelganger_ops.result.Outcome`."""

    @property
    def operation(self) -> str:
        """What was done."""

    @property
    def status(self) -> Status:
        """How it ended."""

    @property
    def reason(self) -> str:
        """Why it is not a good one, as a code of docs/reasons.md; empty where it is."""

    @property
    def changed(self) -> bool:
        """Whether anything was changed."""

    @property
    def message(self) -> str:
        """A sentence."""

    @property
    def hint(self) -> str:
        """What to do next."""

    @property
    def run(self) -> Any:
        """The run itself."""

    @property
    def targets(self) -> Mapping[str, Any]:
        """Each target's own result."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as its schema says."""

    def to_json(self, *, indent: int | None = None) -> str:
        """The same as text."""


class NotSuccessful(OpsError):
    """A run did happen and its status is not good; ``result`` is what it ended with."""

    def __init__(self, result: Ended) -> None:
        super().__init__(f"{result.operation}: {result.status.value}. {result.message}", hint=result.hint)
        self.result = result
        self.reason = result.reason
