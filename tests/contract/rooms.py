"""The rooms of the house, which floor each is on, and who imports whom: by the code's imports, those for types too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path, PurePosixPath

#: from the ground up: each floor with its rooms and what they are for. A room imports lower floors, and none beside it
FLOORS: tuple[Mapping[str, str], ...] = (
    {"module_utils/text": "what may be shown of a text, and what is read out of one: no errors, no files"},
    {"module_utils/core": "errors, options, commands, threads, times: what everybody needs"},
    {
        "module_utils/app": "the application: its model, env files, checkout",
        "module_utils/http": "HTTP and sockets of the standard library, and what is read from an answer",
        "module_utils/state": "what is kept on a target: store, lease, journal, releases",
    },
    {
        "module_utils/monitoring": "files and health of a monitoring stack",
        "module_utils/running": "a running application as checks and operations ask for it; no platform",
    },
    {"module_utils/databases": "PostgreSQL, Redis and MongoDB as a client"},
    {
        "module_utils/checks": "checklists: parsed, run, judged, reported",
        "module_utils/metrics": "metrics: catalogue, values, limits, verdicts",
        "module_utils/operations": "the steps that are the same on every platform",
    },
    {"module_utils/gates": "what lets a release pass: checklist, soak, metrics"},
    {"module_utils/compose": "a compose host: its engine, its compose files, its target, its steps"},
    {
        "plugin_utils/inputs": "what callers give",
        "plugin_utils/results": "status, sentence and record of a result",
    },
    {
        "plugin_utils/monitoring": "rules, routes, dashboards and the parts of a stack",
        "plugin_utils/screen": "what is shown while an operation runs",
    },
    {
        "plugin_utils/kubernetes": "a namespace of a cluster: login, API, rollout, target, steps",
        "plugin_utils/pages": "the dashboard and the report of a run, as HTML",
    },
    {"plugin_utils/actions": "how an action runs a step, and the table of steps"},
)

#: rooms inside of a room, from the ground up; "" is the room itself
INNER: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "module_utils/checks": (("kinds",), ("",)),
    "module_utils/compose": (("engine",), ("files",), ("target",), ("steps", "tools")),
    "module_utils/metrics": (("readers",), ("",)),
    "plugin_utils/kubernetes": (
        ("login",),
        ("api",),
        ("rollout", "manifests"),
        ("running", "changes"),
        ("target",),
        ("steps",),
    ),
}

#: the platforms, and who may know one: itself, the modules and the table of steps
PLATFORMS = ("module_utils/compose", "plugin_utils/kubernetes")
DOORS = ("modules", "plugin_utils/actions/_table.py")

#: libraries, and the rooms that may know them
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "docker": ("module_utils/compose/engine",),
    "requests": ("module_utils/compose/engine",),
    "jinja2": ("plugin_utils/kubernetes/manifests", "plugin_utils/pages"),
    "kubernetes": ("plugin_utils/kubernetes",),
    "urllib3": ("plugin_utils/kubernetes",),
    "websocket": ("plugin_utils/kubernetes",),
}
FILES_OF_A_ROOM, LINES_OF_A_FILE, LINES_OF_A_MODULE = 16, 300, 350


@dataclass(frozen=True, order=True)
class Arrow:
    """One file imports another, or a library."""

    importer: str
    imported: str

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}"


@dataclass(frozen=True)
class House:
    """What the code says: the lines of its files by path, and the arrows between them and to libraries."""

    lines: Mapping[str, int]
    arrows: frozenset[Arrow]
    libraries: frozenset[Arrow]


def of(root: Path) -> House:
    """Read a checkout. A path is one below plugins/ or src/, as ``module_utils/core/_errors.py``."""
    trees = {"ansible_collections.doppelganger.ops.plugins.": root / "plugins", "": root / "src"}
    known, homes, texts = {}, {}, {}
    for prefix, folder in trees.items():
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            homes[name] = prefix + name.removesuffix(".py").replace("/", ".")
            known[homes[name].removesuffix(".__init__")] = name
            texts[name] = path.read_text(encoding="utf-8")
    arrows, libraries = set(), set()
    for name, text in texts.items():
        for module in _imported(ast.parse(text), homes[name].rpartition(".")[0], set(known)):
            if module in known:
                arrows.add(Arrow(name, known[module]))
            elif module.partition(".")[0] not in sys.stdlib_module_names:
                libraries.add(Arrow(name, module.partition(".")[0]))
    lines = {name: len(text.splitlines()) for name, text in texts.items()}
    return House(lines, frozenset(arrows), frozenset(libraries))


def _imported(tree: ast.AST, package: str, known: set[str]) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                yield f"{module}.{alias.name}" if f"{module}.{alias.name}" in known else module


def room_of(path: str) -> str:
    """The folder of a file: ``module_utils/compose/engine``."""
    return str(PurePosixPath(path).parent)


def place_of(room: str) -> tuple[str, int, int] | None:
    """Outer room, floor, and floor inside of it; None for a folder that is no room."""
    for floor, rooms in enumerate(FLOORS):
        for outer in rooms:
            for level, names in enumerate(INNER.get(outer, (("",),))):
                if room in {f"{outer}/{name}".rstrip("/") for name in names}:
                    return outer, floor, level
    return None


def imports_of(outer: str, house: House) -> list[str]:
    """The other rooms that a room imports."""
    found = set()
    for arrow in house.arrows:
        here, there = place_of(room_of(arrow.importer)), place_of(room_of(arrow.imported))
        if here and there and here[0] == outer != there[0]:
            found.add(there[0])
    return sorted(found)


def homeless(house: House) -> list[str]:
    """Files of the two trees that lie in no room."""
    return sorted(
        name
        for name in house.lines
        if name.startswith(("module_utils/", "plugin_utils/")) and place_of(room_of(name)) is None
    )


def empty(house: House) -> list[str]:
    """Rooms without a file."""
    used = {room_of(name) for name in house.lines}
    named = {
        f"{outer}/{name}".rstrip("/")
        for rooms in FLOORS
        for outer in rooms
        for names in INNER.get(outer, (("",),))
        for name in names
    }
    return sorted(named - used)


def not_downward(house: House) -> set[Arrow]:
    """Arrows from a room to another that is not on a lower floor."""
    found = set()
    for arrow in house.arrows:
        here, there = place_of(room_of(arrow.importer)), place_of(room_of(arrow.imported))
        if here is None or there is None or room_of(arrow.importer) == room_of(arrow.imported):
            continue
        is_lower = there[2] < here[2] if there[0] == here[0] else there[1] < here[1]
        if not is_lower:
            found.add(arrow)
    return found


def circles(house: House) -> list[tuple[str, ...]]:
    """Files that import each other, each group once."""
    below: dict[str, set[str]] = {}
    for arrow in house.arrows:
        below.setdefault(arrow.importer, set()).add(arrow.imported)
    reach = {name: _reached(name, below) for name in below}
    groups = {
        tuple(sorted(other for other in reach[name] if name in reach.get(other, ())))
        for name in below
        if name in reach[name]
    }
    return sorted(groups)


def _reached(name: str, below: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(below[name])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += below.get(one, ())
    return found


def out_of_the_tree(house: House) -> set[Arrow]:
    """What is shipped imports what is not; a helper imports a plugin; an action imports an action."""
    allowed = {"module_utils": ("module_utils",), "plugin_utils": ("module_utils", "plugin_utils")}
    others = ("module_utils", "plugin_utils")
    plugins = {arrow for arrow in house.arrows if not arrow.importer.startswith("doppelganger_ops/")}
    return {
        arrow
        for arrow in plugins
        if arrow.imported.partition("/")[0] not in allowed.get(arrow.importer.partition("/")[0], others)
    }


def platform_leaks(house: House) -> set[Arrow]:
    """A platform is imported by somebody else than itself, the modules and the table of steps."""
    return {
        arrow
        for arrow in house.arrows
        for platform in PLATFORMS
        if is_in(arrow.imported, (platform,)) and not is_in(arrow.importer, (platform, *DOORS))
    }


def library_leaks(house: House) -> set[Arrow]:
    """A library is imported outside of the rooms that may know it."""
    return {
        arrow
        for arrow in house.libraries
        if arrow.imported in LIBRARIES
        and arrow.importer.partition("/")[0] != "doppelganger_ops"
        and not is_in(arrow.importer, LIBRARIES[arrow.imported])
    }


def is_in(path: str, places: tuple[str, ...]) -> bool:
    """Whether a path is one of these, or below one."""
    return any(path == place or path.startswith(f"{place}/") for place in places)


def too_big(house: House) -> dict[str, int]:
    """Files that have too many lines, rooms that have too many files."""
    rooms: dict[str, int] = {}
    found = {}
    for name, lines in house.lines.items():
        if place_of(room_of(name)) is not None:
            rooms[room_of(name)] = rooms.get(room_of(name), 0) + 1
        limit = LINES_OF_A_MODULE if name.startswith("modules/") else LINES_OF_A_FILE
        if lines > limit and not name.startswith("doppelganger_ops/"):
            found[name] = lines
    return {**found, **{room: files for room, files in rooms.items() if files > FILES_OF_A_ROOM}}
