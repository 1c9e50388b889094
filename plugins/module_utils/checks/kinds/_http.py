# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the answer to an HTTP question must look like."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ...core import _patterns
from ...core._side_by_side import in_thread
from ...core._verdicts import FAIL, PASS, Outcome
from ...http._client import Request, fetch
from ...http._json_path import value_at
from ...http._response import BODY_LIMIT, Response
from ...text import _foreign
from ...text._excerpt import excerpt, gist

_EXCERPT = 200


async def probe(options: Mapping[str, Any], request: Request) -> Outcome:
    """Ask and judge."""
    began = time.perf_counter()
    response = await fetch(request)
    latency_ms = (time.perf_counter() - began) * 1000
    if options["body_matches"]:  # nobody knows how long a pattern takes over what somebody else wrote
        return await in_thread(lambda: judged(options, response, latency_ms))
    return judged(options, response, latency_ms)


def judged(options: Mapping[str, Any], response: Response, latency_ms: float) -> Outcome:
    """Hold an answer against what the check expects."""
    observed: dict[str, Any] = {"status": response.status, "bytes": len(response.body)}
    wrong = _wrong(options, response, latency_ms)
    if not wrong:
        return Outcome(PASS, f"answered {response.status}", observed, latency_ms=latency_ms)
    observed["body"] = excerpt(response.body, _EXCERPT)
    return Outcome(FAIL, wrong, observed, latency_ms=latency_ms)


def _wrong(options: Mapping[str, Any], response: Response, latency_ms: float) -> str:
    if response.status not in options["status"]:
        wanted = " or ".join(map(str, options["status"]))
        said = gist(response.body, _EXCERPT)
        return f"answered {response.status}, expected {wanted}" + (f": {said}" if said else "")
    limit = options["max_latency_ms"]
    if limit is not None and latency_ms > limit:
        return f"answered {response.status} in {latency_ms:.0f} ms, at most {limit:g} ms allowed"
    if not (options["body_contains"] or options["body_matches"] or options["json"]):
        return ""
    return _wrong_body(options, response)


def _wrong_body(options: Mapping[str, Any], response: Response) -> str:
    text = response.body.decode("utf-8", "replace")
    part = f" in the first {BODY_LIMIT} bytes" if response.cut else ""
    if options["body_contains"] and options["body_contains"] not in text:
        return f"the body has no {options['body_contains']!r}{part}"
    if options["body_matches"] and not _patterns.search(options["body_matches"], text):
        return f"nothing in the body matches {options['body_matches']!r}{part}"
    if not options["json"]:
        return ""
    try:
        data = _foreign.read(response.body, limit=BODY_LIMIT)
    except _foreign.Unreadable as error:
        return f"the body cannot be used: {error}"
    return next(filter(None, (_wrong_value(data, path, value) for path, value in options["json"].items())), "")


def _wrong_value(data: Any, path: str, expected: Any) -> str:
    try:
        found = value_at(data, path)
    except KeyError:
        return f"the body's {path} is missing, expected {expected!r}"
    is_right = found == expected and isinstance(found, bool) == isinstance(expected, bool)
    return "" if is_right else f"the body's {path} is {excerpt(repr(found), _EXCERPT)}, expected {expected!r}"
