"""What the application says of itself, read from outside."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from src import settings

MIB = 1 << 20


@dataclass(frozen=True)
class Memory:
    """In bytes; a limit of 0 is none."""

    resident: float
    limit: float

    def __str__(self) -> str:
        of_limit = f" of {self.limit / MIB:.0f} MiB ({self.resident / self.limit:.0%})" if self.limit else ", no limit"
        return f"{self.resident / MIB:.1f} MiB{of_limit}"


def health() -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(_get("/health"))
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    return answer


def memory() -> Memory:
    values = dict(line.rsplit(" ", 1) for line in _get("/metrics").splitlines() if not line.startswith("#"))
    return Memory(float(values["process_resident_memory_bytes"]), float(values["studio_memory_limit_bytes"]))


def _get(path: str) -> str:
    with urllib.request.urlopen(settings.URL + path, timeout=3) as answer:
        body: bytes = answer.read()
    return body.decode()
