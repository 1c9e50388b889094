#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The action plugin does the work; this file documents it.
"""Do one step of an operation on a Kubernetes cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_step
short_description: Do one step of an operation on a Kubernetes cluster
version_added: 0.1.0
description:
  - Does what an entry point of the role C(platform_kubernetes) stands for, in the controller's process, whatever the connection is.
  - Which options there are, with which defaults, depends on O(step). An option that a step does not know is refused.
  - Not meant to be called by itself; the roles of the operations know the order.
author:
  - The doppelganger.ops engineers (@doppelganger)
options:
  step:
    description: The step, by the name of the entry point of the role C(platform_kubernetes).
    type: str
    required: true
    choices: [apply, backup, evidence, finish, images, info, integrity, lease, metrics, migrate, observe, preflight, prepare, resolve, restore, start, verify]
  cluster_token:
    description: A bearer token for the API server.
    type: str
    default: ''
  registry_password:
    description: The password of the registry.
    type: str
    default: ''
  app:
    description: The application model, as M(doppelganger.ops.app_model) returns it.
    type: dict
    required: true
  token:
    description: The fencing token of the lease. For C(apply), C(backup), C(evidence), C(finish), C(images), C(migrate), C(restore), C(verify).
    type: int
  release:
    description: The id of a release, or for C(resolve) also a version or C(last good). For C(apply), C(backup), C(evidence), C(finish), C(images), C(migrate), C(resolve), C(start).
    type: str
  state:
    description: For C(apply) C(running) or C(stopped), for C(lease) C(present) or C(absent). For C(apply), C(lease).
    type: str
    choices: [absent, present, running, stopped]
  phase:
    description: How the journal calls the phase. For C(apply), C(verify).
    type: str
    default: ''
  predicted:
    description: For check mode, services that change besides those that the cluster shows. For C(apply).
    type: list
    elements: str
    default: []
  plan:
    description: What monitoring consists of, as M(doppelganger.ops.observe_plan) returns it. For C(observe).
    type: dict
  labels:
    description: The labels of the object with rules, by which the operator chooses them. For C(observe).
    type: dict
    default: {}
  secrets:
    description: Secrets for the parts of the monitoring that need them. For C(observe).
    type: dict
    default: {}
  preview:
    description: For check mode, the differences to show of a release that is not recorded, as C(preflight) found them. For C(apply).
    type: list
    elements: dict
    default: []
  since:
    description: From when on logs are read, in seconds since 1970. For C(evidence), C(verify).
    type: float
  failure:
    description: What failed, for C(evidence). For C(evidence).
    type: dict
    default: {}
  outcome:
    description: Whether the operation did what it should. For C(finish).
    type: str
    choices: [ok, failed]
    default: ok
  good:
    description: The release that was seen to work. For C(finish).
    type: str
    default: ''
  bad:
    description: The release that must not be returned to. For C(finish).
    type: str
    default: ''
  activate:
    description: The release that runs from now on. For C(finish).
    type: str
    default: ''
  message:
    description: Why a release is bad. For C(finish).
    type: str
    default: ''
  evidence:
    description: Where the evidence is. For C(finish).
    type: str
    default: ''
  operator:
    description: Who does it. For C(lease), C(start).
    type: str
    required: true
  reason:
    description: Why it is done. For C(lease), C(start).
    type: str
    default: ''
  version:
    description: The version that is to be deployed. For C(preflight).
    type: str
    default: ''
  backup:
    description: The id of a backup. For C(preflight), C(restore).
    type: str
  operation:
    description: What is about to be done, for C(start). For C(start).
    type: str
    required: true
  subject:
    description: To what, for people. For C(start).
    type: str
    default: ''
  wanted:
    description: The release that is to be made. For C(start).
    type: dict
    default: {}
  expected_current:
    description: The release that the plan was made for. For C(start).
    type: str
  services:
    description: The services that must run. For C(verify).
    type: list
    elements: str
    default: []
  soak:
    description: How long the checks must go on passing after that, in seconds. For C(verify).
    type: float
    default: 0.0
  gates:
    description: For C(finish) the results of the checks. For C(verify) and C(metrics) metrics that are gates. For C(finish), C(metrics), C(verify).
    type: list
    elements: dict
    default: []
  metric_token:
    description: A bearer token for Prometheus. For C(metrics), C(verify).
    type: str
    default: ''
  metrics:
    description: Entries of the catalogue of metrics. For C(metrics).
    type: list
    elements: dict
    required: true
  sources:
    description: Where metrics come from. For C(metrics).
    type: dict
    default: {}
  interval:
    description: The seconds between two looks. For C(metrics).
    type: float
    default: 1.0
  count:
    description: How many looks each metric gets. For C(metrics).
    type: int
    default: 1
  timeout:
    description: For C(metrics) how long a single look may take, for C(observe) how long all may take to be up, in seconds. For C(metrics), C(observe).
    type: float
  history:
    description: How many seconds back a trend looks, for metrics from Prometheus. For C(metrics).
    type: float
    default: 0.0
  must_pass:
    description: Whether the task fails unless the verdict is C(pass). For C(metrics).
    type: bool
    default: true
extends_documentation_fragment:
  - doppelganger.ops.attributes.controller
"""

EXAMPLES = r"""
- name: Bring a release up
  doppelganger.ops.kubernetes_step:
    step: apply
    app: "{{ app_model }}"
    token: "{{ ops_start.token }}"
    release: 0003-v0.2.0
  register: ops_apply
"""

RETURN = r"""
kind:
  description: On failure C(failed), C(refused), C(lease_held), C(lease_lost) or C(unreachable).
  returned: failure
  type: str
phase:
  description: The phase that failed.
  returned: failure
  type: str
"""
