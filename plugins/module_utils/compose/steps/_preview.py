# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two configurations as people compare them: a line for each value, by its path, and no value that is a secret."""

from __future__ import annotations

import collections
import json
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from ...state._record import Image, Record
from ...text._secret_values import private
from ..engine import _cli
from ..engine._answers import CONFIG_LABEL
from ..target._target import ComposeTarget

#: what has keys and values of the application's own
_SETTINGS = ("environment", "args", "labels")
_HIDDEN = "********"
#: of a difference, and of a line of it
_MOST_LINES, _LONGEST_LINE = 400, 300
#: what a line is compared by, and what is shown of it
Line = tuple[str, str]


def lines(config: Mapping[str, Any], public: Container[str] = ()) -> list[Line]:
    """The lines of a rendered configuration; of settings whose values may be secrets only the names."""
    return [line for key, value in sorted(config.items())
            if key != "name" and not key.startswith("x-") for line in _lines(key, value, public)]  # fmt: skip


def _lines(path: str, value: Any, public: Container[str]) -> Iterator[Line]:
    if isinstance(value, Mapping) and value:
        has_settings = path.rpartition(".")[2] in _SETTINGS
        for key, item in sorted(value.items(), key=lambda pair: str(pair[0])):
            if key == CONFIG_LABEL:  # which is of what is recorded alone
                continue
            for real, shown in _lines(f"{path}.{key}", item, public):
                is_secret = has_settings and any(private([(str(key), item)], public))
                yield real, f"{path}.{key}: {_HIDDEN}" if is_secret else shown
    elif isinstance(value, list) and value:
        for item in value:
            yield _line(f"{path}[]", item)
    elif isinstance(value, str) and "\n" in value:
        for row in value.splitlines():
            yield _line(f"{path}|", row)
    else:
        yield _line(path, value)


def _line(path: str, value: Any) -> Line:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return (f"{path}: {text}",) * 2


def difference(before: list[Line], after: list[Line]) -> list[str]:
    """What is in one of the two alone, sorted by path. Each line says all of its path, so no other order matters."""
    gone = collections.Counter(before) - collections.Counter(after)
    came = collections.Counter(after) - collections.Counter(before)
    found = [(real.partition(": ")[0], mark, f"{mark}{shown}")
             for mark, each in (("-", gone), ("+", came)) for real, shown in each.elements()]  # fmt: skip
    # a minus before a plus
    return [shown for _, _, shown in sorted(found, key=lambda one: (one[0], one[1] == "+"))]


def shown(
    before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, str], target: ComposeTarget
) -> list[dict[str, str]]:
    """Two configurations as Ansible shows differences; empty where they are the same."""
    public = target.app.env_public_keys
    found = difference(lines(before, public), lines(after, public))
    more = len(found) - _MOST_LINES
    kept = found[:_MOST_LINES] + ([f"… and {more} more lines"] if more > 0 else [])
    text = target.redactor.text("\n".join(kept))
    cut = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in text.split("\n")]
    return [{"prepared": "\n".join([f"--- {names[0]}", f"+++ {names[1]}", *cut, ""])}] if found else []


def between(target: ComposeTarget, now: str | None, release: str) -> list[dict[str, str]]:
    """Two recorded releases; the first may be none."""
    before, after = recorded(target, target.record(now) if now else None), recorded(target, target.record(release))
    return shown(before, after, (now or "nothing", release), target)


def recorded(target: ComposeTarget, record: Record | None) -> dict[str, Any]:
    """The configuration of a release, to be compared; empty where there is none."""
    config = target.store.read(f"releases/{record.id}/compose.json") if record else None
    if record is None or config is None:
        return {}
    tree = target.work_tree(record)
    return named(config, record.images, str(tree) if tree else "")


def named(config: Mapping[str, Any], images: Mapping[str, Image], tree: str) -> dict[str, Any]:
    """A configuration with images by name and id, and paths of its checkout relative to that."""
    called = {service: _called(images.get(service)) for service in config.get("services") or {}}

    def within(text: str) -> str:
        return text.replace(tree, ".") if tree else text

    result: dict[str, Any] = _each_text(_cli.pinned(config, called), within)
    return result


def _called(image: Image | None) -> str:
    return f"{image.reference} ({image.id[:19] or 'not here yet'})" if image else "unknown"


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(item, change) for key, item in value.items()}
    return [_each_text(item, change) for item in value] if isinstance(value, list) else value
