# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stream of a command in a container, as the SDK hands it out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def reader(attached: Any, deadline: float) -> Callable[[int], bytes]:
    """What reads of it, until ``deadline``."""
    # The SDK hands out the raw socket, past a buffer that may already hold the first frames.
    response = getattr(attached, "_response", None)
    buffered = response.raw._fp.fp if response is not None else attached
    plain = getattr(attached, "_sock", attached)

    def read(size: int) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        plain.settimeout(left)
        return bytes(buffered.read1(size) if hasattr(buffered, "read1") else buffered.recv(size))

    return read


def close(attached: Any) -> None:
    """Give its connection back."""
    response = getattr(attached, "_response", None)
    (attached if response is None else response).close()
