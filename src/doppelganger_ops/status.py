"""How a run and each of its targets can end."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """From best to worst, apart from the last three: those are runs that did not come to an end of their own."""

    UNCHANGED = "unchanged"
    OK = "ok"
    #: of a target alone: not touched, because another one failed before
    SKIPPED = "skipped"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    ROLLBACK_FAILED = "rollback_failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    NO_HOSTS = "no_hosts"

    @property
    def is_good(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self in (Status.UNCHANGED, Status.OK, Status.SKIPPED)


def worst(statuses: list[Status]) -> Status:
    """The worst of some; of none it is ``unchanged``."""
    order = list(Status)
    return max(statuses, key=order.index, default=Status.UNCHANGED)
