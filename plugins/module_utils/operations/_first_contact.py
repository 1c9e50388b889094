# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs on a target before the first release: recorded as a release of its own, to which a failed one returns."""

from __future__ import annotations

import time
from dataclasses import replace

from ..core._errors import Refused
from ..core._times import iso
from ..state import _releases
from ..state._record import GOOD, OF_FOUND, Record, Source
from ._target import Target

HINT = (
    "To take over what runs, add -e adopt=yes, or app_adopt: true in the inventory: it is recorded as release "
    f"{_releases.FOUND} first, and a deployment that fails returns to it."
)


def would_adopt(target: Target) -> str | None:
    """The release that a deployment is going to make of what runs, None where it does not."""
    return _releases.FOUND if target.last_good() is None and target.found() else None


def adopt(target: Target, record: Record, token: int) -> None:
    """Record what runs, where no release is there to return to. ``record`` is one that is about to be made."""
    if target.last_good() is not None:
        return
    services = target.found()
    if not services:
        return
    if not target.app.adopt:
        raise Refused(f"No release started what runs here: {', '.join(services)}.", reason="not_adopted", hint=HINT)
    target.digests.keep(target.store, token)
    images, config = target.keep_found(_releases.FOUND, token)
    now = iso(time.time())
    found = replace(
        record,
        id=_releases.FOUND,
        version=_releases.FOUND.partition("-")[2],
        status=GOOD,
        source=Source(OF_FOUND, "", "", {}),
        reason=f"It ran before {record.id}.",
        created=now,
        finished=now,
        activated=now,
        images=images,
        config=config,
    )
    target.save(found, token)
    target.store.write("current.json", {"release": _releases.FOUND}, token=token)
