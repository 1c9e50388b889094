# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words of the output callback: what is worth saying of a phase, and the paragraph at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable

from ..results import _about
from ..results._result import STATUSES

#: the steps that are phases, by the names of their modules, and what people call them
PHASES: Mapping[str, str] = {
    "database_backup": "backup",
    "database_check": "integrity",
    "database_migrate": "migrate",
    "database_restore": "restore",
    "evidence_collect": "evidence",
    "metrics_measure": "monitor",
    "monitoring_apply": "observe",
    "operation_finish": "record",
    "operation_start": "lease",
    "release_apply": "apply",
    "release_images": "images",
    "release_verify": "verify",
    "target_preflight": "preflight",
    "target_requirements": "prepare",
}

#: and those of operations that show a table instead
TABLES: Mapping[str, str] = {"target_info": "releases", "target_lock": "lease"}

Result = Mapping[str, Any]


def _preflight(found: Result) -> str:
    unset = found.get("unset") or []
    said = [f"not set and taken for empty: {', '.join(unset)}"] if unset else []
    if found.get("needed") is False:
        return "; ".join(["already up to date", *said])
    folders: dict[str, list[str]] = {}
    for path, place in (found.get("data") or {}).items():
        folders.setdefault(str(place).removesuffix(f"/{path}"), []).append(path)
    kept = (f"data in {folder}: {', '.join(paths)}" for folder, paths in folders.items())
    return "; ".join([*(found.get("reasons") or []), *kept, *said])


def _lease(found: Result) -> str:
    cut = found.get("interrupted")
    if cut:
        return f"recovers {cut['operation']} of {cut['release']}, interrupted in phase {cut['phase']}"
    return str(found.get("release") or "")


def _backup(found: Result) -> str:
    taken = found.get("backup") or {}
    return f"{taken['id']}, {size(taken.get('size'))}".rstrip(", ") if taken else str(found.get("msg") or "")


def _migrate(found: Result) -> str:
    if "moved" not in found:
        return str(found.get("msg") or "")
    if found["moved"]:
        return f"schema migrated to {found['head']}" if found.get("head") else "schema migrated"
    return "schema unchanged" if found["moved"] is False else "schema change unknown"


def _apply(found: Result) -> str:
    return ", ".join(found.get("services") or []) or "no running service"


def _look(found: Result) -> str:
    return str(found.get("summary") or "").rstrip(".")


def _record(found: Result) -> str:
    left = (f"not removed: {each}" for each in (found.get("pruned") or {}).get("left") or [])
    return "; ".join([*([f"{found['current']} is current"] if found.get("current") else []), *left])


def _prepare(found: Result) -> str:
    return ", ".join(found.get("packages") or []) or "nothing is missing"


def _integrity(found: Result) -> str:
    if not found.get("sound"):
        return ""
    return "all tables can be read" + "".join(f"; {one} is not valid" for one in found.get("not_valid") or [])


_NOTES: Mapping[str, Callable[[Result], str]] = {
    "database_backup": _backup,
    "database_check": _integrity,
    "database_migrate": _migrate,
    "database_restore": lambda found: str((found.get("backup") or {}).get("id") or ""),
    "evidence_collect": lambda found: str(found.get("path") or found.get("msg") or ""),
    "metrics_measure": _look,
    "operation_finish": _record,
    "operation_start": _lease,
    "release_apply": _apply,
    "release_images": lambda found: ", ".join(found.get("images") or []) or str(found.get("msg") or ""),
    "release_verify": _look,
    "target_preflight": _preflight,
    "target_requirements": _prepare,
}


def note(module: str, found: Result) -> str:
    """What is worth saying of a step that did what it should."""
    words = _NOTES.get(module)
    return one_line(words(found)) if words else ""


def size(number: Any) -> str:
    """A number of bytes for people."""
    if not isinstance(number, (int, float)):
        return ""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"


def one_line(text: Any) -> str:
    """Text on one line, without what a terminal would take for a command."""
    return " ".join(printable(str(text)).split())


# the end


def headline(status: str) -> str:
    """A status as it is shouted."""
    return status.replace("_", " ").upper()


def what_changed(target: Result) -> str:
    """Which services were changed, and what ran before."""
    if not target.get("changed"):
        return ""
    services = ", ".join(target.get("services") or [])
    if target.get("check_mode"):
        return f"would change: {services or 'no running service'}"
    before, after = target.get("release_before"), target.get("release_after")
    was = f"; {before or 'nothing'} ran before" if before != after else ""
    return f"changed: {services or 'no running service'}{was}"


_NEXT = {
    "refused": "Fix this and re-run.",
    "unreachable": "Restore the connection, then re-run any operation; it recovers what was interrupted.",
    "rolled_back": "No action needed now. Review the evidence, fix the version, redeploy.",
    "failed": "Fix this and re-run.",
    "rollback_failed": "Act now: check what is running with playbooks/releases.yml and playbooks/verify.yml, then "
    "return to the current release with playbooks/rollback.yml.",
    "skipped": "Fix the host that failed, then re-run.",
}


def what_next(target: Result) -> str:
    """What to do next; the hint of what failed counts most."""
    status = str(target.get("status"))
    if target.get("hint"):
        return str(target["hint"])
    if status in _NEXT:
        return _NEXT[status]
    if target.get("check_mode"):
        return "Run it without --check to do it." if target.get("changed") else ""
    return _after_success(target)


def _after_success(target: Result) -> str:
    operation, before = target.get("operation"), target.get("release_before")
    if operation == "deploy" and target.get("changed") and before:
        return f"To roll back: playbooks/rollback.yml -e release={before}"
    if operation == "backup" and target.get("backup"):
        return f"To restore it: playbooks/restore.yml -e backup={target['backup']} -e confirm=APPLICATION"
    return ""


def paragraph(hosts: Sequence[str], target: Result) -> list[str]:
    """How it ended on these hosts: what runs now, what changed, what to do next."""
    about = one_line(_about.line(target.get("about") or {}))
    found = [f"{', '.join(hosts)}: {headline(str(target['status']))}", *([about] if about else [])]
    found.append(one_line(target.get("message") or ""))
    cut = target.get("recovered")
    if cut:
        found.append(
            f"recovered: {cut['operation']} of {cut['release']}, which was interrupted in phase {cut['phase']}"
        )
    changed, following = what_changed(target), what_next(target)
    found += [changed] if changed else []
    found += [f"next: {one_line(following)}"] if following else []
    return found


def alike(targets: Mapping[str, Result]) -> list[tuple[list[str], Result]]:
    """The hosts on which it ended the same way, together; the worst is said last, where people look first."""
    groups: dict[tuple[str, ...], tuple[list[str], Result]] = {}
    for host, target in targets.items():
        key = tuple(paragraph([""], target))
        groups.setdefault(key, ([], target))[0].append(host)
    return sorted(groups.values(), key=lambda group: _badness(str(group[1]["status"])))


def _badness(status: str) -> int:
    """How bad a status is; one that is not known is the worst."""
    return STATUSES.index(status) if status in STATUSES else len(STATUSES)
