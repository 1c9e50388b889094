"""Who may import whom: rooms on floors, one platform unknown to the other, libraries at home, nothing too big.

What is not so yet is in :data:`KNOWN`, which can only get shorter: a line that is not needed any more fails as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from tests.contract import rooms
from tests.contract.house import ROOT

#: rule, who imports, what is imported; either may be a folder
KNOWN: tuple[tuple[str, str, str], ...] = ()


def arrows_of_circles(house: rooms.House) -> set[rooms.Arrow]:
    """The arrows inside of circles, one direction of each: from the file that comes first."""
    groups = [set(group) for group in rooms.circles(house)]
    return {
        arrow
        for arrow in house.arrows
        for group in groups
        if {arrow.importer, arrow.imported} <= group and arrow.importer <= arrow.imported
    }


RULES: dict[str, Callable[[rooms.House], Collection[rooms.Arrow]]] = {
    "imports go down": rooms.not_downward,
    "no circle": arrows_of_circles,
    "what is shipped, helpers and actions keep to themselves": rooms.out_of_the_tree,
    "a platform is known to its own, to modules and to the table": rooms.platform_leaks,
    "a library is known to its rooms": rooms.library_leaks,
}
#: circles and sizes, homeless files and empty rooms are no arrows
OTHERS: dict[str, Callable[[rooms.House], Any]] = {
    "every helper has a room": rooms.homeless,
    "every room has a file": rooms.empty,
    "nothing is too big": rooms.too_big,
}


def broken(rule: str, house: rooms.House, known: tuple[tuple[str, str, str], ...] = KNOWN) -> list[str]:
    """The arrows that break a rule and are not known, and what is known without need."""
    excused = [(importer, imported) for name, importer, imported in known if name == rule]
    found = RULES[rule](house)
    needed = {one for one in excused for arrow in found if _is_meant(arrow, one)}
    new = [str(arrow) for arrow in sorted(found) if not any(_is_meant(arrow, one) for one in excused)]
    return new + [f"take it out of KNOWN: {importer} -> {imported}" for importer, imported in excused
                  if (importer, imported) not in needed]  # fmt: skip


def _is_meant(arrow: rooms.Arrow, excused: tuple[str, str]) -> bool:
    importer, imported = excused
    return rooms.is_in(arrow.importer, (importer,)) and rooms.is_in(arrow.imported, (imported,))


HOUSE = rooms.of(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_imports_keep_to_the_rule(rule: str) -> None:
    assert broken(rule, HOUSE) == []


@pytest.mark.parametrize("rule", OTHERS)
def test_the_house_is_in_order(rule: str) -> None:
    assert not OTHERS[rule](HOUSE)


def test_every_known_exception_is_of_a_rule() -> None:
    assert {name for name, _, _ in KNOWN} <= set(RULES)


def test_the_house_is_read() -> None:
    """A rule that holds for no file would hold for everything."""
    assert {"module_utils", "plugin_utils", "modules", "action", "doppelganger_ops"} <= {
        name.partition("/")[0] for name in HOUSE.lines
    }
    assert len(HOUSE.lines) > 200
    assert len(HOUSE.arrows) > len(HOUSE.lines)
    assert {arrow.imported for arrow in HOUSE.libraries} >= set(rooms.LIBRARIES)


# each rule turns red where it is broken


def house(folder: Path, files: dict[str, str]) -> rooms.House:
    """A small house: the text of each file by its path below plugins/ or, for the package, src/."""
    for name, text in files.items():
        path = folder / ("src" if name.startswith("doppelganger_ops/") else "plugins") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return rooms.of(folder)


OPS = "ansible_collections.doppelganger.ops.plugins"
ERRORS, STORE = "module_utils/core/_errors.py", "module_utils/state/_folder.py"
TARGET, LOGIN = "module_utils/compose/target/_target.py", "plugin_utils/kubernetes/login/_login.py"
DOWN, KNOWS = "imports go down", "a platform is known to its own, to modules and to the table"
KEEPS, LIBRARY = "what is shipped, helpers and actions keep to themselves", "a library is known to its rooms"


@pytest.mark.parametrize(
    ("rule", "importer", "text", "imported"),
    [
        pytest.param(DOWN, ERRORS, "from ..state._folder import Store", STORE, id="up, relative"),
        pytest.param(DOWN, ERRORS, "from ..state import _folder", STORE, id="up, a module"),
        pytest.param(DOWN, ERRORS, f"from {OPS}.module_utils.state import _folder", STORE, id="up, absolute"),
        pytest.param(DOWN, ERRORS, f"import {OPS}.module_utils.state._folder", STORE, id="up, import"),
        pytest.param(DOWN, ERRORS, "def late():\n    from ..state import _folder", STORE, id="up, in a function"),
        pytest.param(
            DOWN,
            ERRORS,
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..state._folder import Store",
            STORE,
            id="up, for types",
        ),
        pytest.param(DOWN, "module_utils/app/_git.py", "from ..state import _folder", STORE, id="beside"),
        pytest.param(
            DOWN,
            "module_utils/checks/kinds/_tcp.py",
            "from .. import _judge",
            "module_utils/checks/_judge.py",
            id="up inside of a room",
        ),
        pytest.param(
            DOWN,
            "plugin_utils/kubernetes/rollout/_wait.py",
            "from ..manifests import _files",
            "plugin_utils/kubernetes/manifests/_files.py",
            id="beside inside of a room",
        ),
        pytest.param(
            DOWN,
            "module_utils/operations/_plan.py",
            "from ..compose.engine import _answers",
            "module_utils/compose/engine/_answers.py",
            id="up to a platform",
        ),
        pytest.param(
            KEEPS,
            ERRORS,
            f"from {OPS}.plugin_utils.inputs import _inputs",
            "plugin_utils/inputs/_inputs.py",
            id="what is shipped imports what is not",
        ),
        pytest.param(
            KEEPS,
            ERRORS,
            "from ...plugin_utils.inputs import _inputs",
            "plugin_utils/inputs/_inputs.py",
            id="the same, relative",
        ),
        pytest.param(
            KEEPS,
            "action/lease.py",
            f"from {OPS}.action import show_lines",
            "action/show_lines.py",
            id="an action imports an action",
        ),
        pytest.param(
            KEEPS,
            "plugin_utils/inputs/_inputs.py",
            f"from {OPS}.action.show_lines import show",
            "action/show_lines.py",
            id="a helper imports an action",
        ),
        pytest.param(
            KNOWS,
            "module_utils/gates/_soak.py",
            "from ..compose.target._target import ComposeTarget",
            TARGET,
            id="a gate knows compose",
        ),
        pytest.param(
            KNOWS,
            "plugin_utils/kubernetes/steps/_apply.py",
            f"from {OPS}.module_utils.compose.target import _target",
            TARGET,
            id="the cluster knows compose",
        ),
        pytest.param(
            KNOWS,
            "plugin_utils/monitoring/_plan.py",
            "from ..kubernetes.login import _login",
            LOGIN,
            id="monitoring knows the cluster",
        ),
        pytest.param(
            KNOWS,
            "plugin_utils/actions/_step.py",
            "from ..kubernetes.login import _login",
            LOGIN,
            id="an action's helper that is not the table",
        ),
        pytest.param(LIBRARY, "module_utils/compose/steps/_images.py", "import docker.auth", "docker", id="docker"),
        pytest.param(LIBRARY, "module_utils/http/_client.py", "import requests", "requests", id="requests"),
        pytest.param(LIBRARY, "plugin_utils/monitoring/_plan.py", "import urllib3", "urllib3", id="urllib3"),
        pytest.param(LIBRARY, "action/lease.py", "from kubernetes.client import V1Pod", "kubernetes", id="kubernetes"),
        pytest.param(LIBRARY, "callback/report.py", "from websocket import ABNF", "websocket", id="websocket"),
        pytest.param(LIBRARY, "plugin_utils/results/_lines.py", "import jinja2", "jinja2", id="jinja2"),
    ],
)
def test_a_rule_turns_red(tmp_path: Path, rule: str, importer: str, text: str, imported: str) -> None:
    there = {imported: ""} if imported.endswith(".py") else {}
    found = house(tmp_path, {importer: text, **there})
    assert broken(rule, found, ()) == [f"{importer} -> {imported}"]
    assert broken(rule, house(tmp_path, {importer: ""}), ()) == []


@pytest.mark.parametrize(
    "files",
    [
        {"module_utils/core/_a.py": "from . import _b", "module_utils/core/_b.py": "from ._a import x"},
        {
            "module_utils/core/_a.py": "from ._b import x",
            "module_utils/core/_b.py": "from ._c import x",
            "module_utils/core/_c.py": "if TYPE_CHECKING:\n    from ._a import x",
        },
        {
            "doppelganger_ops/errors.py": "from doppelganger_ops.result import x",
            "doppelganger_ops/result.py": "from . import errors",
            "doppelganger_ops/__init__.py": "",
        },
    ],
    ids=["two files", "three, one for types", "the package"],
)
def test_a_circle_turns_red(tmp_path: Path, files: dict[str, str]) -> None:
    assert broken("no circle", house(tmp_path, files), ())
    first = next(iter(files))
    assert broken("no circle", house(tmp_path, {first: ""}), ()) == []


@pytest.mark.parametrize(
    ("rule", "files", "found"),
    [
        ("every helper has a room", {"module_utils/_flat.py": ""}, ["module_utils/_flat.py"]),
        ("every helper has a room", {"plugin_utils/attic/_x.py": ""}, ["plugin_utils/attic/_x.py"]),
        ("nothing is too big", {ERRORS: "x = 1\n" * 301}, {ERRORS: 301}),
        ("nothing is too big", {"modules/lease.py": "x = 1\n" * 351}, {"modules/lease.py": 351}),
        ("nothing is too big", {f"module_utils/core/_{n}.py": "" for n in range(17)}, {"module_utils/core": 17}),
    ],
    ids=["flat", "unknown room", "long file", "long module", "full room"],
)
def test_a_house_in_disorder_turns_red(tmp_path: Path, rule: str, files: dict[str, str], found: Any) -> None:
    assert OTHERS[rule](house(tmp_path, files)) == found


def test_a_room_without_a_file_turns_red(tmp_path: Path) -> None:
    assert "module_utils/state" in rooms.empty(house(tmp_path, {ERRORS: ""}))


def test_an_exception_that_is_not_needed_turns_red(tmp_path: Path) -> None:
    up = house(tmp_path, {ERRORS: "from ..state import _folder", STORE: ""})
    known = ((DOWN, ERRORS, STORE),)
    assert broken(DOWN, up, known) == []
    assert broken(DOWN, house(tmp_path, {ERRORS: ""}), known) == [f"take it out of KNOWN: {ERRORS} -> {STORE}"]


@pytest.mark.parametrize(
    ("importer", "text", "imported"),
    [
        (STORE, "from ..core import _errors", ERRORS),
        (LOGIN, f"from {OPS}.module_utils.core._errors import OpsError", ERRORS),
        (TARGET, "from ..engine._project import Project", "module_utils/compose/engine/_project.py"),
        ("modules/lease.py", f"from {OPS}.module_utils.compose.target._target import ComposeTarget", TARGET),
        ("plugin_utils/actions/_table.py", "from ..kubernetes.login import _login", LOGIN),
        ("module_utils/compose/engine/_errors.py", "import docker.errors", "docker"),
    ],
)
def test_what_is_right_is_left_alone(tmp_path: Path, importer: str, text: str, imported: str) -> None:
    there = {imported: ""} if imported.endswith(".py") else {}
    found = house(tmp_path, {importer: text, **there})
    assert [rule for rule in RULES if broken(rule, found, ())] == []
    assert found.arrows | found.libraries == {rooms.Arrow(importer, imported)}
