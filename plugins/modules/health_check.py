#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a checklist against an application, all checks side by side."""

from __future__ import annotations

DOCUMENTATION = r"""
module: health_check
short_description: Run a checklist against an application
version_added: 0.1.0
description:
  - Checks an application from many sides at once (its containers, its endpoints, its databases, its logs) and gives one
    verdict. All checks run side by side, so that the whole takes as long as the slowest of them.
  - A check is repeated until it passes or its time is up. Where waiting can change nothing any more, such as after a crash,
    everything ends at once and the reason is given by name. An event of the container engine ends a wait early.
  - The verdict of a check is C(pass), C(fail), C(inconclusive) (looked, and could not decide in time), C(error) (could not
    look) or C(skipped) (RV(checks[].reason) says why). The overall verdict is the worst of the required ones, in the order C(fail),
    C(error), C(inconclusive). Where no required check could run it is C(inconclusive).
extends_documentation_fragment:
  - doppelganger.ops.checklist
  - doppelganger.ops.attributes.read_only
options:
  project:
    description: The compose project. Needed by all checks that look into a container.
    type: str
  services:
    description: The services that the application consists of. Empty means those that have a container.
    type: list
    elements: str
    default: []
  since:
    description:
      - When the release began, in seconds since 1970. Logs are read and restarts are counted from there.
      - 0 means from the start of each container.
    type: float
    default: 0
  hold:
    description: How long all checks must go on passing, in seconds, instead of O(checks[].hold) of each.
    type: float
  redact:
    description: Values, of six characters or more, that are blanked out in every reason and everything else that was observed.
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
  must_pass:
    description: Whether the task fails unless the verdict is C(pass).
    type: bool
    default: true
author:
  - The doppelganger.ops engineers (@doppelganger)
"""

EXAMPLES = r"""
- name: See that a release stands
  doppelganger.ops.health_check:
    project: shop
    services: [app, postgres, redis]
    since: 1767225600.5
    checks:
      - name: Containers running and healthy
        kind: containers
        timeout: 120
      - name: API answers
        kind: http
        url: http://localhost:8000/health
        json: {status: ok}
        max_latency_ms: 500
        successes: 3
      - {name: Database accessible, kind: postgres, user: shop, database: shop}
      - {name: Redis responding, kind: redis, service: redis, password_env: REDIS_PASSWORD}
      - {name: MongoDB responding, kind: mongo, service: mongo, when_present: true}
      - name: No error lines in the log
        kind: logs
        services: [app]
        allow: ["ERROR .* client disconnected"]
      - {name: Dashboard accessible, kind: http, url: "http://localhost:3000/", severity: advisory}

- name: Watch it for five minutes
  doppelganger.ops.health_check: {project: shop, checks: "{{ app_checks }}", hold: 300}
"""

RETURN = r"""
# generated: returned_checks
verdict:
  description: C(pass), C(fail), C(error) or C(inconclusive).
  returned: when the checklist could be read
  type: str
  sample: fail
checklist:
  description: >-
    A line for each check. C([x]) passed, C([ ]) failed, C([!]) could not look, C([?]) not decided, C([-]) skipped.
  returned: when the checklist could be read
  type: str
  sample: |-
    [x] Containers running and healthy    0.02 s
    [ ] API answers                      29.51 s  answered 503, expected 200 (last of 60 attempts in 29.5 s)
summary:
  description: The outcome in one sentence.
  returned: when the checklist could be read
  type: str
  sample: 7 of 7 required checks passed.
checks:
  description: The verdict on each check, in the order of the checklist.
  returned: when the checklist could be read
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    kind:
      description: Its kind.
      type: str
    severity:
      description: C(required) or C(advisory).
      type: str
    state:
      description: C(pass), C(fail), C(inconclusive), C(error) or C(skipped).
      type: str
    reason:
      description: Why.
      type: str
    latency_ms:
      description: How long the last attempt took.
      type: float
    attempts:
      description: How many attempts were made.
      type: int
    elapsed_s:
      description: How long it took until the verdict.
      type: float
    observed:
      description: What the last attempt saw, different for each kind.
      type: dict
release:
  description: The id of the current release, where it was looked up.
  returned: when the checklist could be read
  type: str
kind:
  description: C(failed) when the checks do not pass, C(refused) when the checklist cannot be read.
  returned: on failure
  type: str
# end of returned_checks
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools._health_check import ENTRY
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module


def main() -> None:
    """Run as a module."""
    run_module(ENTRY)


if __name__ == "__main__":
    main()
