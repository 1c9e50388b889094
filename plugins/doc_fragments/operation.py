# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that the steps of an operation share."""

from __future__ import annotations


class ModuleDocFragment:
    """C(app) for every step, C(token) for those that change the target."""

    DOCUMENTATION = r"""
options:
  app:
    description: The application model, as M(doppelganger.ops.app_model) returns it.
    type: dict
    required: true
  cluster_token:
    description: A bearer token for the API server, for an application on a cluster. Never written down.
    type: str
    default: ""
"""

    PHASE = r"""
options:
  app:
    description: The application model, as M(doppelganger.ops.app_model) returns it.
    type: dict
    required: true
  cluster_token:
    description: A bearer token for the API server, for an application on a cluster. Never written down.
    type: str
    default: ""
  token:
    description:
      - The fencing token of the lease, as M(doppelganger.ops.operation_start) returns it.
      - Where another holder has taken the lease since, the module changes nothing and fails with C(kind=lease_lost).
    type: int
    required: true
"""
