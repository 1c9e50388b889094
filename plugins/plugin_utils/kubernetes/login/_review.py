# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a login may do: judging the server's reviews of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._rights import Right


def allows(rule: Mapping[str, Any], right: Right) -> bool:
    """Whether one rule of a SelfSubjectRulesReview gives the right."""
    names = rule.get("resourceNames") or []
    return (
        _has(rule.get("verbs"), right.verb)
        and _has(rule.get("apiGroups"), right.group)
        and _has_resource(rule.get("resources"), right.resource)
        and (not names or (right.name != "" and right.name in names))
    )


def untold(rules: Sequence[Mapping[str, Any]], rights: Iterable[Right]) -> list[Right]:
    """The rights that no rule gives; whether they are missing only a SelfSubjectAccessReview can tell."""
    return [right for right in rights if not any(allows(rule, right) for rule in rules)]


def rules_review(namespace: str) -> dict[str, Any]:
    """Ask for all rules of a namespace that apply to this login."""
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }


def access_review(right: Right, namespace: str) -> dict[str, Any]:
    """Ask for one right."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {"namespace": namespace, "verb": right.verb, "group": right.group, "resource": resource}
    optional = {"subresource": subresource, "name": right.name}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {**attributes, **{key: text for key, text in optional.items() if text}}},
    }


def _has(listed: Any, wanted: str) -> bool:
    return "*" in (listed or ()) or wanted in (listed or ())


def _has_resource(listed: Any, wanted: str) -> bool:
    subresource = wanted.partition("/")[2]
    return _has(listed, wanted) or (subresource != "" and f"*/{subresource}" in (listed or ()))
