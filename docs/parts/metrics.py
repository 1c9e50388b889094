"""The catalogue of metrics, and what an entry may say."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from parts.markdown import table, value

from ansible_collections.doppelganger.ops.plugins.module_utils.core._options import WORDS, Option
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _catalogue, _metric, _places, _watches
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file


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
    """How each tier notifies, and how soon each class has to be at."""
    ours = _catalogue_file.ours()
    tiers = [
        [f"`{name}`", ", ".join(f"{key} {found}" for key, found in one.items())] for name, one in ours["tiers"].items()
    ]
    classes = [[f"`{name}`", f"{one['respond'] / 60:g} minutes"] for name, one in ours["priorities"].items()]
    return table(("tier", "how people are notified"), tiers) + "\n" + table(("class", "worked on within"), classes)


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
