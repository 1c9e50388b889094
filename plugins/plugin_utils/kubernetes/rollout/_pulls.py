# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what a registry answers is its last word on an image."""

from __future__ import annotations

import re

_DEFINITE = re.compile(
    r"not found|manifest unknown|does not exist|access denied|unauthorized|authentication required|denied:"
    r"|403 forbidden|no matching manifest|no match for platform|invalid reference|x509:"
    r"|server gave HTTP response to HTTPS client",
    re.IGNORECASE,
)
#: a registry that is busy or away, or a mirror before it, whatever else it says; a tag may have such a number as well
_PASSING = re.compile(
    r"too ?many ?requests|(?<![\w.:@/-])(?:429|50[0234])(?![\w.-])|not found in cache|i/o timeout|deadline exceeded"
    r"|connection (?:refused|reset)|no such host|TLS handshake timeout|EOF\b|timed out|service unavailable|bad gateway",
    re.IGNORECASE,
)


#: what is said where no login was sent
_NO_LOGIN = re.compile(r"no basic auth", re.IGNORECASE)


def is_definite(words: str, *, has_login: bool = False) -> bool:
    """Whether another attempt is of no use. ``has_login``: the pod names one, and a kubelet may hear of that Secret
    later than of the pod; it pulls without it then, and with it the next time."""
    if _NO_LOGIN.search(words):
        return not has_login
    return bool(_DEFINITE.search(words)) and not _PASSING.search(words)
