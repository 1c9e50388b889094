"""Write the parts of the documentation whose source is the code: ``python docs/generate.py [--check]``.

A page says where such a part goes: everything between ``<!-- generated: NAME -->`` and ``<!-- end of NAME -->`` is
replaced, and the rest of the page is written by hand. ``--check`` writes nothing and fails where a page is out of date.
"""

from __future__ import annotations

import argparse
import ast
import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT)]

from ansible_collections.doppelganger.ops.plugins.module_utils.checks import _checklist  # noqa: E402  # the path comes first
from ansible_collections.doppelganger.ops.plugins.module_utils.core._options import WORDS, Option  # noqa: E402  # the path comes first
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _catalogue, _metric, _places, _watches  # noqa: E402  # the path comes first
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _table  # noqa: E402  # the path comes first
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file, _inputs  # noqa: E402  # the path comes first
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result  # noqa: E402  # the path comes first
from tests.contract import rooms  # noqa: E402  # the path comes first

PAGES = ("README.md", "docs/**/*.md")
PART = re.compile(r"(<!-- generated: (?P<name>[^>]+) -->\n).*?(<!-- end of (?P=name) -->)", re.DOTALL)

#: the variables of the application model, in the order in which they are shown
GROUPS = {
    "What it is and where it lives": ("name", "platform", "directory", "state_dir"),
    "Where a version comes from": ("source", "repository", "images", "registry_username", "registry_password"),
    "How a cluster runs it": ("cluster", "cluster_token", "manifests", "build"),
    "How compose runs it": ("compose_files", "compose_profiles", "environment", "env_files", "env_required_keys",
                            "release_services"),
    "Migrations": ("migration_service", "migration_command", "migration_head_query", "migration_timeout"),
    "The database": ("database_service", "database_name", "database_user", "backup_timeout"),
    "Metrics": ("metrics", "metric_words", "metric_sources", "metric_token", "metric_gates"),
    "Gates and times": ("checks", "soak_seconds", "start_timeout", "evidence_timeout", "fetch_timeout",
                        "disk_free_mb"),
    "Who may change it, and how many hosts at a time": ("lease_ttl", "lease_wait", "adopt", "batches"),
    "What is kept": ("keep_good", "keep_bad", "keep_backups"),
}  # fmt: skip
#: variables of the role that playbooks set and inventories do not
NOT_FOR_INVENTORIES = {"app_inputs", "app_with_catalogue"}


# the sources


@functools.cache
def role_spec(role: str) -> dict[str, Any]:
    """The entry points of a role with their options."""
    path = ROOT / "roles" / role / "meta/argument_specs.yml"
    specs: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return specs


@functools.cache
def documentation(module: str) -> dict[str, Any]:
    """The DOCUMENTATION of a module, which is read and not run."""
    tree = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            found: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    raise ValueError(f"{module} has no DOCUMENTATION")


def modules() -> list[str]:
    """The names of all modules."""
    return sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


# from Ansible's markup to Markdown


def plain(text: str | Sequence[str]) -> str:
    """A description as one line of Markdown."""
    line = " ".join([text] if isinstance(text, str) else text)
    return " ".join(re.sub(r"\b(?:RV|[COMPV])\(([^)]*(?:\(\))?)\)", _code, line).split())


def _code(match: re.Match[str]) -> str:
    inner = match[1]
    for prefix in ("checks[].", "doppelganger.ops."):
        inner = inner.replace(prefix, "")
    return f"`{inner.split('#')[0].replace('module:', '')}`"


def value(found: Any) -> str:
    """A default as a cell of a table."""
    if found is None:
        return ""
    if isinstance(found, bool):
        return f"`{str(found).lower()}`"
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, (list, tuple)):
        return f"`{yaml.safe_dump(list(found), default_flow_style=True, width=1000).strip()}`" if found else "`[]`"
    return f"`{found!r}`".replace("'", '"') if isinstance(found, str) else f"`{found}`"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [list(headings), ["---"] * len(headings), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


# the parts


def application() -> str:
    """The application model, a table for each group."""
    options = role_spec("app")["main"]["options"]
    grouped = {f"app_{name}" for names in GROUPS.values() for name in names}
    lost = sorted(set(options) - grouped - NOT_FOR_INVENTORIES) + sorted(grouped - set(options))
    if lost:
        raise SystemExit(f"docs/generate.py: GROUPS and the role app do not agree about {', '.join(lost)}.")
    parts = []
    for title, names in GROUPS.items():
        rows = [_variable(f"app_{name}", options[f"app_{name}"]) for name in names]
        parts.append(f"### {title}\n\n" + table(("variable", "type", "default", "what it means"), rows))
    return "\n".join(parts)


def _variable(name: str, option: Mapping[str, Any]) -> list[str]:
    kind = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    default = "required" if option.get("required") else value(option.get("default"))
    if name == "app_checks":
        default = "containers and logs, below"
    text = plain(option["description"])
    if "choices" in option:
        text += f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}."
    return [f"`{name}`", kind, default, text]


def observe_variables() -> str:
    """The variables of the role that sets monitoring up."""
    options = role_spec("observe")["main"]["options"]
    defaults = {name: "" if one["default"] in ("", [], {}) else value(one["default"]) for name, one in options.items()}
    rows = [[f"`{name}`", defaults[name], plain(one["description"])] for name, one in options.items()]
    return table(("variable", "default", "what it is"), rows)


def default_checks() -> str:
    """The checklist of an application that names none."""
    checks = role_spec("app")["main"]["options"]["app_checks"]["default"]
    lines = [f"  - {yaml.safe_dump(check, default_flow_style=True, sort_keys=False).strip()}\n" for check in checks]
    return f"```yaml\napp_checks:\n{''.join(lines)}```\n"


def common_options() -> str:
    """What each check takes, whatever its kind."""
    return _options(_checklist.COMMON, "")


def kinds() -> str:
    """Each kind of check with the options of its own."""
    said = documentation("health_check")["options"]["checks"]["suboptions"]["kind"]["description"]
    texts = dict(re.findall(r"^C\((\w+)\), (.*)$", "\n".join(" ".join(line.split()) for line in said), re.MULTILINE))
    parts = []
    for kind, options in _checklist.KINDS.items():
        text = plain(_described(texts, kind, "as a line of kind"))
        parts.append(f"### {kind}\n\n{text[0].upper()}{text[1:]}\n\n{_options(options, kind)}")
    return "\n".join(parts)


def _described(texts: Mapping[str, Any], name: str, where: str) -> Any:
    """What the module health_check says of a kind or an option; says what is missing where it says nothing."""
    if name not in texts:
        sys.exit(f"plugins/modules/health_check.py does not describe {name!r}: add it {where}, then run this again.")
    return texts[name]


def _options(options: Mapping[str, Option], kind: str) -> str:
    said = documentation("health_check")["options"]["checks"]["suboptions"]
    rows = []
    for name, option in options.items():
        default = "required" if option.required else value(option.default)
        option_text = _described(said, name, "as a suboption of checks")["description"]
        text = _of_kind(plain(option_text), kind, has_default=option.default is not None)
        if name == "kind":
            text = f"What to look at: {', '.join(f'[{each}](#{each})' for each in _checklist.KINDS)}."
        if option.type == "regexes" and option.default:  # the text says it better
            default = ""
        rows.append([f"`{name}`", WORDS[option.type], default, text])
    return table(("option", "type", "default", "what it means"), rows)


def _of_kind(text: str, kind: str, has_default: bool) -> str:
    """The sentences that are about this kind, without saying so and without a default that has its own column."""
    found = []
    for sentence in re.split(r"(?<=\.) (?=[A-Z`0-9])", text):
        sentence = re.sub(r",? for `.*(?=\.$)", "", sentence)
        about = re.match(r"For (.*) either", sentence)
        says_default = has_default and re.fullmatch(r"\S+ unless given\.", sentence)
        if not says_default and (not about or f"`{kind}`" in about[1]):
            found.append(re.sub(r"^For .*? either", "Either", sentence))
    return " ".join(found)


def inputs(*names: str) -> str:
    """What a caller gives with ``-e``; ``name!`` where one must be given."""
    rows = []
    for name in names:
        given = _inputs.INPUTS[name.rstrip("!")]
        default = "required" if name.endswith("!") else value(given.default or None)
        rows.append([f"`{name.rstrip('!')}`", default, f"{given.expected[0].upper()}{given.expected[1:]}.",
                     f"`{given.example}`"])  # fmt: skip
    return table(("input", "default", "what it must be", "example"), rows)


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


@functools.cache
def catalogue() -> _catalogue.Catalogue:
    """The catalogue of metrics, with its words as they are."""
    words = {word: f"${word}" for word in _catalogue_file.ours()["words"]}
    return _catalogue.catalogue(_catalogue_file.ours(), "$name", words=words)


def metric_limits() -> str:
    """The limits, a line each, the worst tier first."""
    rows = []
    for tier in _metric.TIERS:
        for metric in catalogue().metrics.values():
            limit = metric.limit(tier)
            if limit is not None:
                lasting = f"{limit.sustained:g} s" if limit.sustained else "at once"
                unit = f" {metric.unit}".rstrip()
                rows.append(
                    [tier, f"[{metric.title}](#{metric.name})", f"{limit.words}{unit}", lasting, limit.priority]
                )
    return table(("tier", "metric", "limit", "for how long", "class"), rows)


def metric_tiers() -> str:
    """How each tier is told, and how soon each class has to be at."""
    ours = _catalogue_file.ours()
    tiers = [
        [f"`{name}`", ", ".join(f"{key} {found}" for key, found in one.items())] for name, one in ours["tiers"].items()
    ]
    classes = [[f"`{name}`", f"{one['respond'] / 60:g} minutes"] for name, one in ours["priorities"].items()]
    return table(("tier", "how it is told"), tiers) + "\n" + table(("class", "somebody is at it within"), classes)


def metric_words() -> str:
    """What words in queries stand for."""
    return table(
        ("word", "unless set"), ([f"`${word}`", f"`{text}`"] for word, text in _catalogue_file.ours()["words"].items())
    )


def metric_entries() -> str:
    """A section for each metric."""
    parts = []
    for metric in catalogue().metrics.values():
        limits = "; ".join(f"{one.tier} {one.words}" for one in metric.limits) or "none, it is there to be read"
        rows = [[f"`{kind}`", f"`{_asked(kind, options)}`"] for kind, options in metric.sources.items()]
        about = f"{metric.title}, in {metric.unit}. Limits: {limits}.\n\n{' '.join(metric.remedy.split())}"
        parts.append(f"### {metric.name}\n\n{about}\n\n" + table(("source", "what it is asked"), rows))
    return "\n".join(parts)


def _asked(kind: str, options: Mapping[str, Any]) -> str:
    found = _metric.given(options, _metric.SOURCES[kind])
    if list(found) == ["query"]:
        return " ".join(str(found["query"]).split())
    return "; ".join(f"{name}: {' '.join(str(one).split())}" for name, one in found.items())


def metric_options(name: str) -> str:
    """The options of an entry, of a limit, of a gate, of a comparison, of each source and of where it is."""
    known = {
        "entry": _metric.ENTRY, "limit": _metric.LIMIT,
        "gate": _watches.GATE, "compare": _watches.COMPARE,
        **{f"{kind}-metric": options for kind, options in _metric.SOURCES.items()},
        **{f"{kind}-place": options for kind, options in _places.CONFIGS.items()},
    }  # fmt: skip
    if name in ("sources", "places"):
        suffix = {"sources": "-metric", "places": "-place"}[name]
        rows = [
            [f"`{kind}`", ", ".join(_option(*one) for one in known[kind + suffix].items())] for kind in _metric.SOURCES
        ]
        return table(("source", "options"), rows)
    rows = [
        [f"`{option}`", _kind(one), "required" if one.required else value(one.default)]
        for option, one in known[name].items()
    ]
    return table(("option", "type", "default"), rows)


def _kind(option: Option) -> str:
    return " or ".join(f"`{choice}`" for choice in option.choices if choice) or WORDS[option.type]


def _option(name: str, option: Option) -> str:
    of = f" ({', '.join(f'`{choice}`' for choice in option.choices)})" if option.choices else ""
    return f"`{name}`{of}" + (" required" if option.required else "")


def statuses() -> str:
    """The statuses of a result, from best to worst, and which of them end red."""
    meanings = {
        "unchanged": "There was nothing to do; what runs was verified where the operation verifies.",
        "ok": "It did what it should.",
        "skipped": "Not touched, because another host of the fleet failed before.",
        "refused": "The input, the state of the target or its lease forbids it. Nothing was touched.",
        "unreachable": "The connection was lost. What was under way is recovered by the next run.",
        "rolled_back": "It failed or the fleet failed, and the release that ran before runs again, verified.",
        "failed": "It failed. Either nothing had been touched, or there was no good release to return to and the "
        "application was stopped; the sentence says which.",
        "rollback_failed": "It failed, and so did the return. Somebody has to look now.",
    }
    if tuple(meanings) != _result.STATUSES:
        raise SystemExit("docs/generate.py: the statuses of results/_result.py are not those that statuses() explains.")
    rows = [[f"`{name}`", "green" if name in _result.GOOD_STATUSES else "red", text] for name, text in meanings.items()]
    return table(("status", "the run ends", "meaning"), rows)


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


PARTS: dict[str, Callable[..., str]] = {
    "rooms": rooms_and_floors,
    "application": application,
    "default checks": default_checks,
    "common options": common_options,
    "kinds": kinds,
    "inputs": inputs,
    "steps": steps,
    "modules": module_list,
    "statuses": statuses,
    "observe variables": observe_variables,
    "metric limits": metric_limits,
    "metric tiers": metric_tiers,
    "metric words": metric_words,
    "metric entries": metric_entries,
    "metric options": metric_options,
}


# the pages


def part(name: str) -> str:
    """A part by the name that a page gives it: ``inputs: version! reason`` has arguments behind the colon."""
    word, _, arguments = name.partition(":")
    return PARTS[word.strip()](*arguments.split())


def generated(text: str) -> str:
    """A page with all its parts as they ought to be."""
    return PART.sub(lambda match: f"{match[1]}\n{part(match['name'])}\n{match[3]}", text)


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted(path for pattern in PAGES for path in ROOT.glob(pattern))


def outdated() -> list[Path]:
    """The pages that are not as the code says."""
    return [path for path in pages() if generated(path.read_text("utf-8")) != path.read_text("utf-8")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python docs/generate.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a page is out of date")
    check = parser.parse_args().check
    found = outdated()
    for path in found:
        if not check:
            path.write_text(generated(path.read_text("utf-8")), encoding="utf-8")
        sys.stderr.write(f"{path.relative_to(ROOT)} {'is out of date' if check else 'was written'}\n")
    if found and check:
        sys.stderr.write("Run: python docs/generate.py\n")
    return int(bool(found) and check)


if __name__ == "__main__":
    sys.exit(main())
