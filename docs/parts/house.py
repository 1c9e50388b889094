"""What the house is made of: rooms, steps, modules, statuses."""

from __future__ import annotations

from parts.markdown import ROOT, documentation, plain, table

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import REASONS
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _table
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result
from tests.contract import rooms


def modules() -> list[str]:
    """The names of all modules."""
    return sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


def steps() -> str:
    """The steps of the operations, and who does them."""
    rows = []
    for name in _table.STEPS:
        shared = _table.SHARED.get(name, "").partition(":")[0].replace(".", "/")
        place = f"`{shared}.py`" if shared else "each platform"
        rows.append([f"`{name}`", f"{plain(documentation(name)['short_description'])}.", place])
    return table(("step", "what it does", "done by"), rows)


def module_list() -> str:
    """The modules that are no steps, one line each."""
    names = [name for name in modules() if name not in _table.STEPS]
    return table(
        ("module", ""), ([f"`{name}`", f"{plain(documentation(name)['short_description'])}."] for name in names)
    )


def statuses() -> str:
    """The statuses of a result, from best to worst, and which of them end red."""
    meanings = {
        "unchanged": "There was nothing to do; what runs was verified where the operation verifies.",
        "ok": "It did what it should.",
        "skipped": "Skipped: another host of the fleet failed before.",
        "refused": "The input, the state of the target or its lease forbids it. Nothing was touched.",
        "unreachable": "The connection was lost. What was under way is recovered by the next run.",
        "rolled_back": "It failed or the fleet failed, and the release that ran before runs again, verified.",
        "failed": "It failed. Either nothing had been touched, or there was no good release to return to and the "
        "application was stopped; the sentence says which.",
        "rollback_failed": "It failed, and rolling back failed too. Act now.",
    }
    if tuple(meanings) != _result.STATUSES:
        raise SystemExit("docs/generate.py: the statuses of results/_result.py are not those that statuses() explains.")
    rows = [[f"`{name}`", "green" if name in _result.GOOD_STATUSES else "red", text] for name, text in meanings.items()]
    return table(("status", "the run ends", "meaning"), rows)


def reasons() -> str:
    """The codes of failures."""
    return table(("reason", "meaning"), [[f"`{code}`", meaning] for code, meaning in REASONS.items()])


def rooms_and_floors() -> str:
    """The rooms of the helpers, the highest floor first, with whom each imports."""
    house = rooms.of(ROOT)
    return table(
        ["floor", "room", "what is there", "it imports"],
        [
            [str(floor), f"`{room}`", about, ", ".join(f"`{one}`" for one in rooms.imports_of(room, house))]
            for floor, found in reversed(list(enumerate(rooms.FLOORS, 1)))
            for room, about in found.items()
        ],
    )
