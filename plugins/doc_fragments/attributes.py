# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module of the collection promises."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes: check mode, diff mode and where the work is done."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Changes nothing in check mode and predicts what a real run then does.
    support: full
  diff_mode:
    description: Shows what changes, without secret values.
    support: full
  in_process:
    description: On a local connection without become the work runs in the controller's process, otherwise as a module on the target.
    support: full
requirements:
  - Python 3.9 or later on the target
"""

    READ_ONLY = r"""
options: {}
attributes:
  check_mode:
    description: Only reads, so it does the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
  in_process:
    description: On a local connection without become the work runs in the controller's process, otherwise as a module on the target.
    support: full
requirements:
  - Python 3.9 or later on the target
"""

    CONTROLLER = r"""
options: {}
attributes:
  check_mode:
    description: Only reads and reports, so it does the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
  in_process:
    description: The work runs in the controller's process and asks nothing of the target.
    support: full
"""
