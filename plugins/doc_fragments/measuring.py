# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of whatever measures metrics."""

from __future__ import annotations

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._readers import READERS

_SOURCES = "".join(f"      - C({name}), {reader.about}\n" for name, reader in READERS.items())


class ModuleDocFragment:
    """What to measure, where it comes from, and how long."""

    # annotated, as ansible-test expects a text wherever this is assigned without one
    DOCUMENTATION: str = r"""
options:
  metrics:
    description:
      - Entries of the catalogue of metrics, as M(doppelganger.ops.app_model) returns them with its option C(metrics).
      - An entry that is wrongly written refuses the whole list before anything is checked.
    type: list
    elements: dict
    required: true
  gates:
    description:
      - "Which of O(metrics) are judged over time, and how. Each is a dictionary with C(metric), its name, and these:"
      - C(tier), whose limit counts. Unless given C(warning), or the next worse one that there is.
      - C(severity), C(required) or C(advisory), which is only shown.
      - C(interval), the seconds between two samples, 1 unless given. C(count), how many samples, unless given as many as fit into the
        soak, or 5.
      - C(failure_limit), C(inconclusive_limit), C(consecutive_error_limit), how many of them are tolerated, 0, 0 and 4 unless given.
      - C(warm_up), the seconds at the beginning whose samples do not count.
      - C(window), how many seconds a query or a rate looks back, at most, never to before O(since).
      - C(projected), to fail what goes steadily towards the limit and would pass it within so many seconds, such as a leak.
      - C(on_error) and C(on_inconclusive), C(go_on) (the default) or C(undo), whether such a verdict counts like a failure.
      - C(compare), to fail what is worse than before the release, by the test of Mann and Whitney, with C(min_samples) (20) on each side,
        C(alpha) (0.02), C(effect) (Cliff's delta, 0.33), C(tolerance) (the share by which the median must have moved, 0.1) and
        C(before) (how many seconds before the release Prometheus is asked for, 600).
    type: list
    elements: dict
    default: []
  sources:
    description:
      - "Where metrics come from, by kind. A metric is taken from the first of its sources that is here."
SOURCES    type: dict
    default: {}
  metric_token:
    description: A bearer token for Prometheus.
    type: str
    default: ''
  services:
    description: The services that the application consists of.
    type: list
    elements: str
    default: []
  since:
    description: When the release began, in seconds since 1970. Gates do not look back further.
    type: float
    default: 0
  interval:
    description: The seconds between two looks, without O(gates).
    type: float
    default: 1
  count:
    description: How many looks each metric gets, without O(gates). A metric that needs an earlier look gets one more.
    type: int
    default: 1
  timeout:
    description: How long a single look may take, in seconds.
    type: float
    default: 5
  history:
    description: How many seconds back a trend looks, for metrics from Prometheus. 0 means only as far as the samples go.
    type: float
    default: 0
  must_pass:
    description: Whether the task fails unless the verdict is C(pass).
    type: bool
    default: true
""".replace("SOURCES", _SOURCES)
