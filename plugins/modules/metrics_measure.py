#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure the metrics of an application on a target."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_measure
short_description: Measure the metrics of an application on a target
version_added: 0.2.0
description:
  - As M(doppelganger.ops.metric_check), for an application of a model and on every platform.
  - Where neither O(services) nor O(since) is given, they are those of the current release.
author:
  - The doppelganger.ops engineers (@doppelganger)
extends_documentation_fragment:
  - doppelganger.ops.operation
  - doppelganger.ops.measuring
  - doppelganger.ops.attributes.read_only
"""

EXAMPLES = r"""
- name: Measure what the catalogue has
  doppelganger.ops.metrics_measure:
    app: "{{ app_model }}"
    metrics: "{{ app_model.catalogue }}"
    sources: "{{ app_model.metric_sources }}"
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

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module
from ansible_collections.doppelganger.ops.plugins.module_utils.gates._measure import MEASURE

ENTRY = MEASURE.on(ComposeTarget)


def main() -> None:
    run_module(ENTRY)


if __name__ == "__main__":
    main()
