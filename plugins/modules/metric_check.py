#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure the metrics of an application, and judge them, all side by side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metric_check
short_description: Measure the metrics of an application and judge them
version_added: 0.2.0
description:
  - Takes metrics from wherever they are (Prometheus, what programs show themselves, the platform, PostgreSQL, Redis, JSON), holds them
    against limits, and gives one verdict. All are measured side by side, and each source is asked once for all that it knows.
  - "Without O(gates) it says how things are now: a metric fails at the first of its limits, and the verdict is C(fail) where one of the
    tier C(critical) is passed, C(error) where one that may be critical could not be measured."
  - With O(gates) each is judged over time, in the manner of Argo Rollouts' analysis, by its own rules.
  - "C(pass): enough was seen, and it was within the limit. C(fail): more samples were beyond it than are tolerated. C(inconclusive):
    looked, and no verdict is possible: no series, not a number, infinite, too few samples. C(error): could not look. No sample is never a pass."
  - What is decided where numbers are odd (several series, counters that reset, stale samples, clocks that differ) is in C(docs/metrics.md).
extends_documentation_fragment:
  - doppelganger.ops.measuring
  - doppelganger.ops.attributes.read_only
options:
  project:
    description: The compose project. Needed by all sources that look into a container.
    type: str
  redact:
    description: Values, of six characters or more, that are blanked out in everything that was observed.
    type: list
    elements: str
    default: []
  redact_env_files:
    description: Env files on the target whose values, from six characters on, are blanked out likewise.
    type: list
    elements: path
    default: []
  state_dir:
    description:
      - The folder on the target that keeps releases. What they had of secrets is blanked out likewise.
      - Where neither O(services) nor O(since) is given, they are those of the current release.
    type: path
author:
  - The doppelganger.ops engineers (@doppelganger)
"""

EXAMPLES = r"""
- name: See how the shop is now
  doppelganger.ops.metric_check:
    project: shop
    metrics: "{{ app_model.catalogue }}"
    sources:
      prometheus: {url: "http://prometheus.example.com:9090"}
      redis: {service: redis, password_env: REDIS_PASSWORD}

- name: Watch the shop for a minute after a change
  doppelganger.ops.metric_check:
    project: shop
    metrics: "{{ app_model.catalogue }}"
    sources:
      openmetrics: {service: app, port: 8000}
    gates:
      - {metric: error_rate, interval: 5, count: 12, failure_limit: 1}
      - {metric: latency_p95, interval: 5, count: 12, compare: {effect: 0.4}}
      - {metric: service_memory, interval: 2, count: 30, projected: 3600}
"""

RETURN = r"""
# generated: returned_metrics
verdict:
  description: C(pass), C(fail), C(error) or C(inconclusive).
  returned: when the metrics could be read
  type: str
  sample: fail
table:
  description: >-
    A line for each metric with its value, limit, tier and trend. C([x]) within its limits, C([ ]) beyond one, C([!]) could not look,
    C([?]) no verdict, C([-]) it has no source here.
  returned: when the metrics could be read
  type: str
  sample: |2-
        metric           value         limit  tier      trend
    [ ] Error rate       12.5 percent  > 10   critical  rising  12.5 is above 10
    [x] Pool usage       4.1 percent   > 80             steady
summary:
  description: The outcome in one sentence.
  returned: when the metrics could be read
  type: str
  sample: "2 of 2 metrics were measured; critical: Error rate 12.5 percent (limit > 10)."
metrics:
  description: What was found of each metric, in their order.
  returned: when the metrics could be read
  type: list
  elements: dict
  contains:
    name:
      description: Its name in the catalogue.
      type: str
    state:
      description: C(pass), C(fail), C(inconclusive), C(error) or C(skipped).
      type: str
    tier:
      description: The worst tier whose limit the last value has passed.
      type: str
    priority:
      description: The class of an incident that it opens.
      type: str
    value:
      description: The last value that is a number.
      type: float
    series:
      description: Which of several series was the worst.
      type: str
    limit:
      description: The limit that was passed or that a gate is held against.
      type: str
    trend:
      description: C(rising), C(falling), C(steady), or empty.
      type: str
    reason:
      description: Why, where it is not fine.
      type: str
    source:
      description: The kind of its source.
      type: str
    query:
      description: What the source was asked, every word filled in.
      type: str
    samples:
      description: Every sample, with the seconds since the run began and its value, or its state and the reason.
      type: list
      elements: dict
    remedy:
      description: What to do, where a limit is passed.
      type: str
kind:
  description: C(failed) when it does not pass, C(refused) when the metrics cannot be read.
  returned: on failure
  type: str
# end of returned_metrics
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools._metric_check import ENTRY
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module


def main() -> None:
    """Run as a module."""
    run_module(ENTRY)


if __name__ == "__main__":
    main()
