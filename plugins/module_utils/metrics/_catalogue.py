# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue of metrics as an application has it: ours, with what its inventory changes. Pure data in, values out.

``roles/app/files/metrics.yml`` is ours; ``inputs/_catalogue_file.py`` reads it. Words in queries are filled in
here, but for the window, which the caller decides (:func:`_observation.query_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from ..core._errors import Refused
from ..core._options import described, listed, near
from ._metric import PRIORITIES, TIERS, Metric, as_data, parse_metric

#: stays in a query until it is asked
_WINDOW = "${window}"


@dataclass(frozen=True)
class Catalogue:
    """All entries by name, in their order; how each tier notifies, and how soon each class has to be at."""

    metrics: Mapping[str, Metric]
    tiers: Mapping[str, Mapping[str, Any]]
    priorities: Mapping[str, Mapping[str, Any]]
    words: Mapping[str, str]

    def as_data(self) -> list[dict[str, Any]]:
        """The entries as plain data."""
        return [as_data(metric) for metric in self.metrics.values()]


def catalogue(
    ours: Mapping[str, Any],
    name: str,
    overrides: Mapping[str, Any] | None = None,
    words: Mapping[str, Any] | None = None,
) -> Catalogue:
    """The catalogue of the application ``name``; refused with all that is wrong with what the inventory says.

    ``overrides`` has the shape of ``metrics``: what it names is laid over ours, at any depth; null takes a thing out; a
    metric that ours does not have is added.
    """
    problems: list[str] = []
    filling = _words(ours["words"], words or {}, name, problems)
    entries = {} if problems else merged(ours["metrics"], overrides or {})
    metrics = {}
    for key, entry in entries.items():
        metric = parse_metric(key, _filled(_liked(key, entry, entries, problems), key, filling, problems), problems)
        if metric is not None:
            metrics[key] = metric
    if problems:
        raise Refused(
            f"The catalogue of metrics cannot be read: {listed(problems)}.",
            hint="Fix app_metrics and app_metric_words; docs/metrics.md has the metrics and what each key means.",
        )
    return Catalogue(metrics, ours["tiers"], ours["priorities"], filling)


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a dictionary over another at any depth; null takes a key out."""
    found = dict(ours)
    for key, value in theirs.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping):
            below = found.get(key)
            found[key] = merged(below if isinstance(below, Mapping) else {}, value)
            _keep_one_side(found[key], value)
        else:
            found[key] = value
    return found


def chosen(metrics: Mapping[str, Metric], names: list[str]) -> list[Metric]:
    """Metrics by their names; a name that nobody knows is refused."""
    unknown = [name for name in names if name not in metrics]
    if unknown:
        raise Refused(
            f"The catalogue has no metric {unknown[0]!r}{near(unknown[0], metrics).rstrip('?')}.",
            hint=f"It has {', '.join(metrics)}; app_metrics adds others.",
        )
    return [metrics[name] for name in names]


def _keep_one_side(merged_limit: dict[str, Any], given: Mapping[str, Any]) -> None:
    """A limit that is turned round (below instead of above) has only the side that was given."""
    for side, other in (("above", "below"), ("below", "above")):
        if side in given and other not in given:
            merged_limit.pop(other, None)


def _liked(key: str, entry: Any, entries: Mapping[str, Any], problems: list[str]) -> Any:
    """An entry whose limits are those of another one gets them, with what it says besides."""
    limits = entry.get("limits") if isinstance(entry, Mapping) else None
    if not isinstance(limits, Mapping) or "like" not in limits:
        return entry
    other = limits["like"]
    found = entries.get(other) if isinstance(other, str) else None
    if not isinstance(found, Mapping) or other == key or "like" in (found.get("limits") or {}):
        problems.append(f"metric {key!r}: limits.like must name a metric with limits of its own, found {other!r}")
        return entry
    own = {tier: limit for tier, limit in limits.items() if tier != "like"}
    return {**entry, "limits": merged(found.get("limits") or {}, own)}


def _words(ours: Mapping[str, str], theirs: Mapping[str, Any], name: str, problems: list[str]) -> dict[str, str]:
    found = {"name": name}
    for word, text in {**ours, **theirs}.items():
        if not isinstance(text, str) or not str(word).isidentifier():
            problems.append(
                f"the word {str(word)[:100]!r} must be an identifier and its text a string, found {described(text)}"
            )
            continue
        found[word] = Template(text).safe_substitute(name=name)
    return found


def _filled(value: Any, key: str, words: Mapping[str, str], problems: list[str]) -> Any:
    """The same with each $word replaced, in keys as well."""
    if isinstance(value, Mapping):
        return {_filled(name, key, words, problems): _filled(one, key, words, problems) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(one, key, words, problems) for one in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    try:
        return Template(value).substitute({**words, "window": _WINDOW})
    except KeyError as error:
        word = str(error.args[0])
        problems.append(f"metric {key!r}: unknown word ${word}{near(word, words)}")
    except ValueError:
        problems.append(f"metric {key!r}: a $ in {value!r} has no word behind it, write $$ for the sign itself")
    return value


def checked(ours: Mapping[str, Any]) -> list[str]:
    """What is wrong with the parts of our own file that no inventory can change."""
    wrong = [] if tuple(ours["tiers"]) == TIERS else [f"tiers must be {', '.join(TIERS)}"]
    return wrong + ([] if tuple(ours["priorities"]) == PRIORITIES else [f"priorities must be {', '.join(PRIORITIES)}"])
