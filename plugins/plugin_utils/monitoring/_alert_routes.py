# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alertmanager's configuration, made from the catalogue: who is notified of which tier, and which alert says it all.

Secrets are files beside it. None is in its text but the webhook's address, where that is no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import Catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import TIERS

from ._alert_rules import duration

#: where the files with secrets are in Alertmanager's container, and the variables of the role that they hold
SECRETS = "/etc/alertmanager-secrets"
WEBHOOK_URL, WEBHOOK_TOKEN, PAGERDUTY_KEY, SMTP_PASSWORD = (
    "webhook_url", "webhook_token", "pagerduty_key", "smtp_password",
)  # fmt: skip
#: the secrets that Alertmanager reads
READ_HERE = frozenset({WEBHOOK_URL, WEBHOOK_TOKEN, PAGERDUTY_KEY, SMTP_PASSWORD})
#: what an alert of one thing is told apart by from that of another
_SAME = ["app", "metric", "instance", "name", "pod", "container"]
#: a critical alert of these explains whatever else is wrong with the same group
_ROOTS = ("service_up", "database_failures")
_LINES = (
    "{{ range .Alerts }}{{ .Status | toUpper }} {{ .Labels.severity }} {{ .Labels.priority }}: "
    "{{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "What to do: {{ .Annotations.remedy }}\nPage: {{ .Annotations.page }}\n\n{{ end }}"
)
_SUBJECT = (
    "[{{ .Status | toUpper }}] {{ .CommonLabels.app }}: "
    "{{ range $place, $alert := .Alerts }}{{ if $place }}, {{ end }}{{ $alert.Labels.alertname }}{{ end }}"
)


def alertmanager(catalogue: Catalogue, settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """The content of ``alertmanager.yml``; ``secrets`` names those that there are."""
    told = {tier: str(catalogue.tiers[tier]["tell"]) for tier in TIERS}
    receivers = {"page": _page(settings, secrets), "email": _email(settings), "dashboard": {}}
    mute = [tier for tier in TIERS if told[tier] != "dashboard" and not receivers[told[tier]]]
    if mute:
        raise Refused(
            f"Alerts of the tier {mute[0]} are sent by {told[mute[0]]}, and no receiver is set.",
            hint="Set observe_webhook_url or observe_pagerduty_key for pages, observe_email_to and observe_smtp_host "
            "for e-mail.",
        )
    found: dict[str, Any] = {"global": _smtp(settings, secrets)} if settings["email_to"] else {}
    return {
        **found,
        "route": {
            # what nobody made a route for is on the dashboard
            "receiver": "dashboard",
            "group_by": ["app", "alertname"],
            "routes": [_route(tier, told[tier], settings["timing"]) for tier in TIERS],
        },
        "inhibit_rules": [*_worse_says_all(), *_roots(catalogue)],
        "receivers": [{"name": name, **configs} for name, configs in receivers.items() if name in told.values()],
    }


def _route(tier: str, tell: str, timing: Mapping[str, Any]) -> dict[str, Any]:
    times = timing.get(tell) or {}
    names = {"group_wait": "wait", "group_interval": "interval", "repeat_interval": "repeat"}
    given = {name: duration(times[key]) for name, key in names.items() if key in times}
    return {"matchers": [f'severity="{tier}"'], "receiver": tell, **given}


def _page(settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings["webhook_url"] or WEBHOOK_URL in secrets:
        where = {"url_file": f"{SECRETS}/{WEBHOOK_URL}"} if WEBHOOK_URL in secrets else {"url": settings["webhook_url"]}
        login = {"authorization": {"credentials_file": f"{SECRETS}/{WEBHOOK_TOKEN}"}}
        found["webhook_configs"] = [
            {**where, "send_resolved": True, **({"http_config": login} if WEBHOOK_TOKEN in secrets else {})}
        ]
    if PAGERDUTY_KEY in secrets:
        found["pagerduty_configs"] = [
            {
                "routing_key_file": f"{SECRETS}/{PAGERDUTY_KEY}",
                "send_resolved": True,
                "severity": "critical",
                "class": "{{ .CommonLabels.priority }}",
                "component": "{{ .CommonLabels.app }}",
                "description": _SUBJECT,
                "details": {"alerts": _LINES},
            }
        ]
    return found


def _email(settings: Mapping[str, Any]) -> dict[str, Any]:
    if not settings["email_to"]:
        return {}
    return {
        "email_configs": [
            {"to": to, "send_resolved": True, "headers": {"Subject": _SUBJECT}, "text": _LINES, "html": ""}
            for to in settings["email_to"]
        ]
    }


def _smtp(settings: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    if not settings["smtp_host"] or not settings["email_from"]:
        raise Refused(
            "Alerts are sent by e-mail, but observe_smtp_host or observe_email_from is empty.",
            hint="Set both; the host is written as host:port.",
        )
    found: dict[str, Any] = {
        "smtp_smarthost": settings["smtp_host"],
        "smtp_from": settings["email_from"],
        "smtp_require_tls": settings["smtp_tls"],
    }
    if settings["smtp_username"]:
        found["smtp_auth_username"] = settings["smtp_username"]
    if SMTP_PASSWORD in secrets:
        found["smtp_auth_password_file"] = f"{SECRETS}/{SMTP_PASSWORD}"
    return found


def _worse_says_all() -> list[dict[str, Any]]:
    """Of one thing, only the worst tier notifies."""
    return [
        {
            "source_matchers": [f'severity="{worse}"'],
            "target_matchers": [f'severity=~"{"|".join(TIERS[place + 1 :])}"'],
            "equal": _SAME,
        }
        for place, worse in enumerate(TIERS[:-1])
    ]


def _roots(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Where the service or the database is down, what follows from it is not told as well."""
    found = []
    for root in _ROOTS:
        if root not in catalogue.metrics:
            continue
        group = catalogue.metrics[root].group
        follow = [name for name, one in catalogue.metrics.items() if one.group == group and one.limits and name != root]
        if follow:
            found.append(
                {
                    "source_matchers": [f'metric="{root}"', 'severity="critical"'],
                    "target_matchers": [f'metric=~"{"|".join(follow)}"'],
                    "equal": ["app"],
                }
            )
    return found
