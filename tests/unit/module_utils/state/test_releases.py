"""Which release is meant, which may come back, which may go: tables over plain records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _releases
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record
from tests.unit.support.making import DB, WEB, record


@pytest.mark.parametrize(
    ("existing", "version", "wanted"),
    [
        pytest.param([], "v0.1.0", "0001-v0.1.0", id="the first"),
        pytest.param(["0001-v0.1.0", "0009-x"], "v0.2.0", "0010-v0.2.0", id="after the greatest number"),
        pytest.param(["9999-x"], "v2", "10000-v2", id="more than four digits"),
        pytest.param(["stray", ".0007-x"], "v2", "0001-v2", id="folders of other making do not count"),
        pytest.param([], "feature/a b", "0001-feature-a-b", id="a branch becomes one path element"),
        pytest.param([], "sha256:" + "a" * 64, "0001-sha256-" + "a" * 53, id="a digest is cut"),
    ],
)
def test_the_next_id_is_numbered_and_readable(existing: list[str], version: str, wanted: str) -> None:
    assert _releases.next_id(existing, version) == wanted


ONE, TWO, BAD, PENDING = record(1, "v1"), record(2, "v2"), record(3, "v3", "bad"), record(4, "v4", "pending")


@pytest.mark.parametrize(
    ("records", "current", "wanted"),
    [
        pytest.param([], None, None, id="nothing was deployed"),
        pytest.param([ONE, TWO], "0001-v1", "0001-v1", id="the current one while it is good"),
        pytest.param([ONE, TWO, BAD], "0003-v3", "0002-v2", id="not the current one when it is bad"),
        pytest.param([ONE, TWO, PENDING], None, "0002-v2", id="without a current one the last activated"),
        pytest.param(
            [record(1, "v1", activated="2026-12-01T00:00:00Z"), TWO], None, "0001-v1", id="by activation, not by number"
        ),
        pytest.param([BAD, PENDING], "0003-v3", None, id="none is good"),
    ],
)
def test_the_last_good_release(records: list[Record], current: str | None, wanted: str | None) -> None:
    found = _releases.last_good(records, current)
    assert (found.id if found else None) == wanted


RECORDS = [ONE, TWO, BAD, PENDING, record(5, "v2", "bad", message="It answered 500.")]


def lacking(images: list[str]) -> Callable[[Record], list[str]]:
    """What a release lacks on a target that has these images."""
    return lambda one: [f"the image of {name}" for name, image in one.image_ids.items() if image not in images]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("0001-v1", "0001-v1", id="by id"),
        pytest.param("v1", "0001-v1", id="by version"),
        pytest.param("v2", "0002-v2", id="by version, the good one of several"),
        pytest.param("last good", "0002-v2", id="last good"),
        pytest.param("last_good", "0002-v2", id="last_good, as a survey writes it"),
        pytest.param("previous", "0001-v1", id="the one before the current one"),
    ],
)
def test_a_release_is_found(name: str, wanted: str) -> None:
    assert _releases.resolve(name, RECORDS, "0002-v2", lacking([WEB, DB])).id == wanted


#: v1, v2 and back to v1
THERE = record(1, "v1", activated="2026-12-01T00:00:00Z")
LEFT = record(2, "v2", "left", activated="2026-11-30T00:00:00Z", message="Rolled back to 0001-v1: slow")


@pytest.mark.parametrize(
    ("name", "current", "wanted"),
    [
        pytest.param("previous", "0001-v1", "0002-v2", id="there and back again"),
        pytest.param("v2", "0001-v1", "0002-v2", id="by version"),
        pytest.param("0002-v2", "0001-v1", "0002-v2", id="by id"),
        pytest.param("last good", "0001-v1", "0001-v1", id="what was left is not returned to by itself"),
        pytest.param("previous", None, "0001-v1", id="where none is current, the one that ran last"),
    ],
)
def test_what_was_left_can_be_chosen(name: str, current: str | None, wanted: str) -> None:
    assert _releases.resolve(name, [THERE, LEFT, BAD], current, lacking([WEB, DB])).id == wanted


def test_of_several_good_releases_of_a_version_the_newest_is_meant() -> None:
    again = [ONE, TWO, record(6, "v1"), record(7, "v1", "bad")]
    assert _releases.resolve("v1", again, "0002-v2", lacking([WEB, DB])).id == "0006-v1"


@pytest.mark.parametrize(
    ("name", "records", "images", "reason", "hint"),
    [
        pytest.param(
            "v9",
            RECORDS,
            [WEB, DB],
            "release_not_found",
            "Choose one of: 0002-v2, 0001-v1.",
            id="unknown",
        ),
        pytest.param(
            "v9",
            [BAD],
            [WEB, DB],
            "release_not_found",
            "No release on this target can be chosen.",
            id="unknown where none can be chosen",
        ),
        pytest.param(
            "0005-v2",
            RECORDS,
            [WEB, DB],
            "release_bad",
            "Choose one of: 0002-v2, 0001-v1.",
            id="bad",
        ),
        pytest.param(
            "v4",
            RECORDS,
            [WEB, DB],
            "release_bad",
            "Choose one of: 0002-v2, 0001-v1.",
            id="pending",
        ),
        pytest.param(
            "v1",
            [ONE, record(2, "v2", images={"web": {"id": DB, "reference": "x"}})],
            [DB],
            "release_incomplete",
            "Choose one of: 0002-v2.",
            id="its image is gone",
        ),
        pytest.param(
            "previous",
            [BAD],
            [WEB, DB],
            "release_not_found",
            "No release on this target can be chosen.",
            id="none ran before",
        ),
        pytest.param(
            "last good",
            [BAD],
            [WEB, DB],
            "release_not_found",
            "Deploy a version that works.",
            id="no good release",
        ),
    ],
)
def test_a_release_that_cannot_come_back_is_refused_with_those_that_can(
    name: str, records: list[Record], images: list[str], reason: str, hint: str
) -> None:
    with pytest.raises(Refused) as error:
        _releases.resolve(name, records, None, lacking(images))
    assert (error.value.reason, error.value.hint) == (reason, hint)


FAILED = [record(number, f"v{number}", "bad") for number in range(2, 12)]


@pytest.mark.parametrize(
    ("records", "current", "keep", "doomed"),
    [
        pytest.param([ONE, *FAILED], "0001-v1", (1, 3), range(2, 9), id="ten failed deployments keep the last good"),
        pytest.param([ONE, *FAILED], None, (1, 0), range(2, 12), id="also where no release is current"),
        pytest.param([record(n, f"v{n}") for n in range(1, 8)], "0001-v1", (3, 3), range(2, 5), id="the current stays"),
        pytest.param([record(n, f"v{n}") for n in range(1, 8)], "0007-v7", (5, 3), (1, 2), id="the oldest go"),
        pytest.param(
            [record(n, f"v{n}", "pending") for n in range(1, 9)],
            None,
            (1, 1),
            (),
            id="pending ones are nobody's to take",
        ),
        pytest.param([ONE, TWO], "0002-v2", (5, 3), (), id="few enough"),
        pytest.param([THERE, LEFT, *FAILED[1:4]], "0001-v1", (1, 0), range(3, 6), id="what was left last stays"),
        pytest.param(
            [THERE, LEFT, record(3, "v3", activated="2026-12-02T00:00:00Z")],
            "0003-v3",
            (2, 0),
            (),
            id="one that ran again after a rollback is not old",
        ),
        pytest.param(
            [record(n, f"v{n}", "left") for n in range(1, 4)], None, (1, 0), (1, 2), id="what was left before goes"
        ),
    ],
)
def test_pruning_takes_only_what_nobody_can_need(
    records: list[Record], current: str | None, keep: tuple[int, int], doomed: Any
) -> None:
    assert _releases.to_prune(records, current, *keep) == [f"{number:04d}-v{number}" for number in doomed]


BACKUPS = [f"20261123T20000{number}Z-x" for number in range(6)]


@pytest.mark.parametrize(
    ("records", "keep", "kept"),
    [
        pytest.param([], 2, BACKUPS[4:], id="the newest stay"),
        pytest.param([record(1, backup=BACKUPS[0])], 2, [BACKUPS[0], *BACKUPS[4:]], id="the last good release's stays"),
        pytest.param(
            [record(1, status="pending", backup=BACKUPS[1])], 2, [BACKUPS[1], *BACKUPS[4:]], id="a pending one's stays"
        ),
        pytest.param([record(1, status="bad", backup=BACKUPS[1])], 2, BACKUPS[4:], id="a bad one's goes"),
        pytest.param([], 9, BACKUPS, id="few enough"),
    ],
)
def test_pruning_backups_keeps_what_can_be_needed(records: list[Record], keep: int, kept: list[str]) -> None:
    doomed = _releases.backups_to_prune(BACKUPS, records, None, keep)
    assert [name for name in BACKUPS if name not in doomed] == kept


OF = [f"20261123T20000{number}Z-{release}" for number, release in enumerate(["0001-v1"] + ["0002-v2"] * 5)]


@pytest.mark.parametrize(
    ("current", "restored", "kept"),
    [
        pytest.param("0002-v2", None, [OF[1], *OF[4:]], id="what was there before the first of many attempts"),
        pytest.param("0001-v1", None, [OF[0], *OF[4:]], id="that of another release is not it"),
        pytest.param("0003-v3", OF[2], [OF[2], *OF[4:]], id="what was restored"),
    ],
)
def test_pruning_backups_keeps_the_way_back(current: str, restored: str | None, kept: list[str]) -> None:
    doomed = _releases.backups_to_prune(OF, [], current, 2, restored)
    assert [name for name in OF if name not in doomed] == kept


@pytest.mark.parametrize(
    ("before", "after", "can_tell", "moved"),
    [
        ("1", "2", True, True),
        ("1", "1", True, False),
        (None, "1", True, True),
        (None, None, True, None),
        (None, None, False, None),
    ],
)
def test_whether_the_schema_moved(before: str | None, after: str | None, can_tell: bool, moved: bool | None) -> None:
    assert _releases.moved(before, after, can_tell) is moved
