# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may change a target now, as decisions over plain data.

A lease has a holder, a purpose, an expiry and a fencing token that only ever grows. A holder proves with its token
that nobody came after it; a lease that is not renewed expires, so a killed holder blocks nobody for ever. A
maintenance lock is a lease without expiry: people set it and people remove it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..core._errors import LeaseHeld, LeaseLost
from ..core._times import iso

OPERATION = "operation"
MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class Lease:
    """Times in seconds since 1970; ``expires`` None = never; ``renewed`` tells a live holder from a dead one."""

    holder: str
    purpose: str
    kind: str
    token: int
    acquired: float
    renewed: float
    expires: float | None
    released: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Lease:
        """Read what :meth:`as_dict` wrote."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the store."""
        return asdict(self)

    def is_held(self, now: float) -> bool:
        """Whether somebody may count on it."""
        return not self.released and (self.expires is None or now < self.expires)

    def described(self) -> str:
        """Who, since when, for what."""
        until = "until it is unlocked" if self.expires is None else f"until {iso(self.expires)} unless renewed"
        return f"held by {self.holder} since {iso(self.acquired)} for {self.purpose}, {until}"


def acquire(found: Lease | None, *, holder: str, purpose: str, kind: str, ttl: float, now: float) -> Lease:
    """The lease that ``holder`` gets; raises :class:`LeaseHeld` while somebody else has it."""
    if found is not None and found.is_held(now):
        raise LeaseHeld(
            f"The target is locked: {found.described()}.",
            hint=(
                "It is a maintenance lock: ask its holder, then run playbooks/unlock.yml with a reason."
                if found.kind == MAINTENANCE
                else "Wait for that operation to end, then re-run."
            ),
            lease=found.as_dict(),
        )
    expires = None if kind == MAINTENANCE else now + ttl
    token = 1 + (found.token if found else 0)
    return Lease(holder, purpose, kind, token, acquired=now, renewed=now, expires=expires)


def unreadable(token: int, now: float) -> Lease:
    """What stands for a lease that cannot be read: held, by nobody knows whom."""
    return Lease("unknown", "unknown", OPERATION, token, acquired=now, renewed=now, expires=None)


def check(found: Lease | None, token: int) -> Lease:
    """The lease of the holder of ``token``; raises :class:`LeaseLost` when it has passed on or was released."""
    if found is None or found.token != token or found.released:
        now_held = f"it is now {found.described()}" if found and not found.released else "it was released"
        raise LeaseLost(
            f"This operation held lease number {token} and {now_held}.",
            hint="This run changed nothing further. Check playbooks/releases.yml before starting another one.",
        )
    return found


def renew(found: Lease | None, token: int, ttl: float, now: float) -> Lease:
    """The lease with a later expiry, for the holder of ``token``."""
    mine = check(found, token)
    expires = None if mine.kind == MAINTENANCE else now + ttl
    return replace(mine, renewed=now, expires=expires)


def release(found: Lease | None, token: int) -> Lease:
    """The lease given back; its token stays, so that the next one is greater."""
    return replace(check(found, token), released=True)
