"""Who may change a target: decisions over plain data, at moments that the test names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _times
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import LeaseHeld, LeaseLost
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import MAINTENANCE, OPERATION, Lease

HELD = Lease("ana@console", "deploy v2", OPERATION, 7, acquired=1000.0, renewed=1040.0, expires=1100.0)
LOCK = Lease("bo@console", "new disks", MAINTENANCE, 7, acquired=1000.0, renewed=1000.0, expires=None)
RELEASED = replace(HELD, released=True)


def take(found: Lease | None, now: float = 1050.0, kind: str = OPERATION) -> Lease:
    return _lease.acquire(found, holder="cy@console", purpose="backup", kind=kind, ttl=60, now=now)


@pytest.mark.parametrize(
    ("lease", "now", "held"),
    [
        pytest.param(HELD, 1099.9, True, id="until it expires"),
        pytest.param(HELD, 1100.0, False, id="not once it expired"),
        pytest.param(RELEASED, 1050.0, False, id="not once it was released"),
        pytest.param(LOCK, 9e9, True, id="a maintenance lock for ever"),
        pytest.param(replace(LOCK, released=True), 1050.0, False, id="a maintenance lock until it is released"),
    ],
)
def test_a_lease_is_held(lease: Lease, now: float, held: bool) -> None:
    assert lease.is_held(now) is held


@pytest.mark.parametrize(
    ("found", "now", "token"),
    [
        pytest.param(None, 1050.0, 1, id="the first"),
        pytest.param(RELEASED, 1050.0, 8, id="after a released one"),
        pytest.param(HELD, 1100.0, 8, id="after an expired one"),
    ],
)
def test_a_free_target_is_leased_with_a_greater_token(found: Lease | None, now: float, token: int) -> None:
    assert take(found, now) == Lease("cy@console", "backup", OPERATION, token, now, now, now + 60)


def test_a_maintenance_lock_never_expires() -> None:
    assert take(None, kind=MAINTENANCE).expires is None


@pytest.mark.parametrize(
    ("found", "now", "words"),
    [
        pytest.param(
            HELD,
            1050.0,
            [
                "held by ana@console since 1970-01-01T00:16:40Z for deploy v2",
                "until 1970-01-01T00:18:20Z unless renewed",
                "Wait for that operation",
            ],
            id="an operation",
        ),
        pytest.param(
            LOCK,
            9e9,
            ["held by bo@console", "for new disks, until it is unlocked", "playbooks/unlock.yml with a reason"],
            id="a maintenance lock, however old",
        ),
    ],
)
def test_a_held_target_says_who_holds_it_since_when_for_what(found: Lease, now: float, words: list[str]) -> None:
    with pytest.raises(LeaseHeld) as error:
        take(found, now)
    said = error.value.as_result()
    assert [word for word in words if word not in said["msg"]] == []
    assert said["kind"] == "lease_held"
    assert said["lease"] == found.as_dict()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(None, "it was released", id="there is none"),
        pytest.param(replace(RELEASED, token=6), "it was released", id="it was given back"),
        pytest.param(HELD, "it is now held by ana@console", id="somebody came after"),
    ],
)
@pytest.mark.parametrize("verb", ["check", "renew", "release"])
def test_whoever_lost_the_lease_can_do_nothing_with_it(found: Lease | None, words: str, verb: str) -> None:
    more = {"renew": (60, 1050.0)}.get(verb, ())
    with pytest.raises(LeaseLost) as error:
        getattr(_lease, verb)(found, 6, *more)
    assert words in error.value.message
    assert "changed nothing further" in error.value.hint


def test_an_expired_lease_that_nobody_took_can_be_renewed() -> None:
    assert _lease.renew(HELD, 7, 60, 2000.0) == replace(HELD, renewed=2000.0, expires=2060.0)


def test_a_renewed_maintenance_lock_still_never_expires() -> None:
    assert _lease.renew(LOCK, 7, 60, 2000.0).expires is None


def test_a_released_lease_keeps_its_token() -> None:
    assert _lease.release(HELD, 7) == RELEASED
    assert take(RELEASED).token == 8


def test_a_lease_survives_the_store() -> None:
    assert Lease.from_dict({**HELD.as_dict(), "more": 1}) == HELD


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "2026-11-23T20:41:05Z"])
def test_moments_are_written_in_universal_time(text: str) -> None:
    assert _times.iso(_times.moment_of(text)) == text
