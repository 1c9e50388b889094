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
  - doppelganger.ops.attributes.read_only
options:
  checks:
    description:
      - The checklist, shown in this order.
      - A check that is wrongly written refuses the whole list before anything is checked.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: How the checklist calls it. Each name is used once.
        type: str
        required: true
      kind:
        description:
          - What to check, and with it which other options there are. Each kind takes the common options, which end with
            O(checks[].when_present), and those that are documented for it.
          - C(containers), the containers of O(services) run, have a healthy health check if they have one, and are not
            restarted. It goes on looking until all other checks have ended.
          - C(http), a request is answered as expected. No redirect is followed.
          - C(tcp), a port accepts connections.
          - C(postgres), a query is answered, asked with C(psql) in the service's container.
          - C(redis), C(PING) is answered.
          - C(mongo), C(ping) is answered.
          - C(logs), no line of the log tells of an error.
          - C(exec), a command in the service's container ends as expected.
        type: str
        required: true
        choices: [containers, http, tcp, postgres, redis, mongo, logs, exec]
      severity:
        description: Whether it takes part in the verdict. An C(advisory) one is only shown.
        type: str
        default: required
        choices: [required, advisory]
      timeout:
        description: How long it may take in all until it passes, in seconds, without O(checks[].hold).
        type: float
        default: 30
      attempt_timeout:
        description: How long a single attempt may take, in seconds.
        type: float
        default: 5
      interval:
        description: The pause between two attempts, in seconds.
        type: float
        default: 0.5
      successes:
        description: How many attempts in a row must pass.
        type: int
        default: 1
      hold:
        description: How long it must go on passing after that, in seconds.
        type: float
        default: 0
      hold_failures:
        description: How many attempts in a row may fail during O(checks[].hold).
        type: int
        default: 0
      when_present:
        description: Skip the check where its service is not among O(services), or without those has no container.
        type: bool
        default: false
      service:
        description:
          - The service to check, for C(postgres) (there C(postgres) unless given), C(exec), C(redis), C(mongo), C(tcp) and C(http).
            For C(redis), C(mongo) and C(tcp) either this or O(checks[].host) is needed.
        type: str
      host:
        description: The host to connect to, for C(redis), C(mongo) and C(tcp).
        type: str
      port:
        description:
          - The port of the service or host, for C(tcp), C(redis) (6379 unless given), C(mongo) (27017 unless given), and for
            C(http) together with O(checks[].service).
        type: int
      services:
        description: The services to check, for C(containers) and C(logs). All of O(services) unless given.
        type: list
        elements: str
      completed:
        description: Services that may have ended with code 0, for C(containers).
        type: list
        elements: str
      max_restarts:
        description: How often a container may be restarted since O(since) or since the check began, for C(containers). 0 unless given.
        type: int
      url:
        description: What to ask for, for C(http). With O(checks[].service) only the path.
        type: str
      method:
        description: How to ask, for C(http). C(GET) unless given.
        type: str
      headers:
        description: Headers of the request, for C(http). C(${NAME}) is a secret of O(redact_env_files).
        type: dict
      status:
        description: The status or the statuses that are fine, for C(http). 200 unless given.
        type: list
        elements: int
      body_contains:
        description: A string that the body has, for C(http).
        type: str
      body_matches:
        description: A regular expression that something in the body matches, for C(http).
        type: str
      json:
        description: Values in a JSON body by dotted path, such as C(services.0.ready), for C(http).
        type: dict
      max_latency_ms:
        description: The longest an answer may take, in milliseconds, for C(http).
        type: float
      validate_certs:
        description: Whether the certificate must be trusted, for C(http). V(true) unless given.
        type: bool
      ca_file:
        description: A file on the target with the certificates to trust, for C(http).
        type: path
      user:
        description: The database user, for C(postgres). The container's own unless given.
        type: str
      database:
        description: The database, for C(postgres). The container's own unless given.
        type: str
      query:
        description: The query, for C(postgres). C(SELECT 1) unless given.
        type: str
      expect:
        description: What the query answers, for C(postgres).
        type: str
      password_env:
        description: The variable of the service's container that holds the password, for C(redis).
        type: str
      since:
        description: From when on to read, in seconds since 1970, for C(logs). O(since) unless given.
        type: float
      patterns:
        description:
          - Regular expressions that tell an error line, for C(logs).
          - Unless given a level (C(ERROR), C(CRITICAL), C(FATAL), C(PANIC)) as a word or as the level of a JSON or key=value line, or
            the start of a Python traceback. They see the first 8 KiB of a line; one that does not end within 2 s is an error.
        type: list
        elements: str
      allow:
        description: Regular expressions of lines that are fine all the same, for C(logs).
        type: list
        elements: str
      limit:
        description: How many error lines are tolerated, for C(logs). 0 unless given.
        type: int
      command:
        description: The command and its arguments, for C(exec). No shell is involved.
        type: list
        elements: str
      expect_code:
        description: The exit code of the command, for C(exec). 0 unless given.
        type: int
      output_contains:
        description: A string that the command's output has, for C(exec).
        type: str
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
  - The doppelganger.ops authors
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
  description: The id of the current release, where it was looked up in O(state_dir).
  returned: when the checklist could be read
  type: str
reason:
  description: Where it failed, why, as a code of docs/reasons.md.
  returned: failure
  type: str
kind:
  description: C(failed) when the checks do not pass, C(refused) when the checklist cannot be read.
  returned: on failure
  type: str
"""

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.tools._health_check import ENTRY
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import run_module


def main() -> None:
    """Run as a module."""
    run_module(ENTRY)


if __name__ == "__main__":
    main()
