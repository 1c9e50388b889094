# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a module did not run on a target, in one sentence with what fixes it: its Python, its user, a library, the way.

Ansible shows what the other end wrote, in several forms; here the interpreter itself is asked once more.
"""

from __future__ import annotations

import re
import shlex
import sys

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    HOST_UNREACHABLE,
    UNREACHABLE,
    OpsError,
    Refused,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import last_said

#: the oldest Python of targets
LEAST = (3, 9)
_MARK = "doppelganger-ops-python"
#: for any Python there ever was
_PROGRAM = f"import sys; sys.stdout.write('{_MARK} %d.%d' % sys.version_info[:2])"
_BECOME = re.compile(r"^(sudo|su|doas|pbrun|dzdo|run0): |password|sudoers", re.IGNORECASE | re.MULTILINE)
_INSTEAD = "Set ansible_python_interpreter in the inventory to a Python {} or later of the host: ls /usr/bin/python3*"


def probe(interpreter: str) -> str:
    """A command that says which Python it is."""
    return f"{shlex.quote(interpreter)} -c {shlex.quote(_PROGRAM)}"


def of_interpreter(interpreter: str, user: str, code: int, output: str) -> OpsError | None:
    """What is wrong with an interpreter, from how the probe ended; None where it is a Python that is new enough."""
    least = ".".join(map(str, LEAST))
    instead = _INSTEAD.format(least)
    found = re.search(rf"{_MARK} (\d+)\.(\d+)", output)
    if found:
        version = (int(found[1]), int(found[2]))
        if version >= LEAST:
            return None
        return Refused(
            f"The Python of the target, {interpreter}, has version {found[1]}.{found[2]}, expected {least} or later.",
            reason="program_missing",
            hint=f"{instead} shows which there are.",
        )
    last = last_said(output) or f"it ended with code {code}"
    if _BECOME.search(output):
        return of_become(user, last)
    ended = {126: "cannot be executed", 127: "was not found"}.get(code, "does not work")
    return Refused(
        f"The Python interpreter {interpreter} {ended} on the target: {last.rstrip('.')}.",
        reason="program_missing",
        hint=f"{instead} shows which there are. Debian installs one with: apt-get install python3",
    )


def is_of_become(output: str) -> bool:
    """Whether an error is of becoming another user, and not of what comes after: files that this user may not read say
    what they need themselves."""
    return bool(_BECOME.search(output)) and "temporary files" not in output


def of_become(user: str, output: str) -> OpsError:
    """A user who may not become another one."""
    return Refused(
        f"The user {user or 'of the connection'} cannot become another user on the target: {output.rstrip('.')}.",
        reason="forbidden",
        hint="Set ansible_become_password (from a vault or the environment), or check the user's rights with: sudo -l",
    )


def of_connection(host: str, user: str, output: str) -> OpsError:
    """A target that is out of reach."""
    login = f"{user}@{host}" if user else host
    hint = f"Check that {host} is up and that this works: ssh {login}"
    if "Permission denied" in output:
        hint = f"Check ansible_user and its key; this must work without a question: ssh {login}"
    elif "host key" in output.lower():
        hint = f"Compare the key with the host's own, then accept it: ssh {login}"
    error = OpsError(
        f"The target cannot be reached: {output.rstrip('.')}.", reason=HOST_UNREACHABLE, hint=f"{hint}, then re-run."
    )
    error.kind = UNREACHABLE
    return error


def of_library(error: ModuleNotFoundError) -> OpsError:
    """A library that the controller's own interpreter lacks."""
    name = str(error.name or error).partition(".")[0]
    python = sys.executable or "python3"
    return Refused(
        f"The Python interpreter {python}, which runs Ansible, has no library {name}.",
        reason="program_missing",
        hint=f"Run: {python} -m pip install {_PACKAGES.get(name, name)}",
    )


#: what is called otherwise at PyPI
_PACKAGES = {"yaml": "PyYAML", "websocket": "websocket-client"}
