# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the answer to an HTTP question must look like."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ...core import _patterns
from ...core._options import Option
from ...core._side_by_side import in_thread
from ...core._verdicts import FAIL, PASS, Outcome
from ...http._client import Request, fetch, request_for
from ...http._json_path import value_at
from ...http._response import BODY_LIMIT, Response
from ...running._scene import Scene
from ...text import _foreign
from ...text._excerpt import excerpt, gist
from ._connecting import address
from ._kind import Attempt, Kind, Options

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


def _attempt(options: Options, scene: Scene) -> Attempt:
    if not options["service"]:
        request = request_for(options)
        return lambda seconds: probe(options, request)

    def ask(seconds: float) -> Outcome | None:
        began = time.perf_counter()
        answer = scene.project.ask(options["service"], options["port"], options, seconds)
        return None if answer is None else judged(options, answer, (time.perf_counter() - began) * 1000)

    async def attempt(seconds: float) -> Outcome:
        outcome = await in_thread(lambda: ask(seconds))
        if outcome is not None:
            return outcome
        return await probe(options, request_for(options, await address(options, scene)))

    return attempt


def _problems(options: Options) -> list[str]:
    url = options["url"]
    if options["service"]:
        is_right, expected = (
            url.startswith("/") and options["port"],
            "with service, url must be a path and port be given",
        )
    else:
        is_right, expected = (
            re.match(r"https?://[^/\s]+", url),
            "url must start with http:// or https:// and name a host",
        )
    return [] if is_right else [f"{expected}, found {url!r}"]


KIND = Kind(
    name="http",
    about="a request is answered as expected. No redirect is followed.",
    options={
        "url": Option("str", required=True, about="What to ask for. With O(checks[].service) only the path."),
        "service": Option("str", about="The service to check."),
        "port": Option("int", about="The port of the service, together with O(checks[].service)."),
        "method": Option("str", "GET", about="How to ask."),
        "headers": Option("dict", {}, about="Headers of the request. C(${NAME}) is a secret of O(redact_env_files)."),
        "status": Option("codes", (200,), about="The status or the statuses that are fine."),
        "body_contains": Option("str", about="A string that the body has."),
        "body_matches": Option("regex", about="A regular expression that something in the body matches."),
        "json": Option("dict", {}, about="Values in a JSON body by dotted path, such as C(services.0.ready)."),
        "max_latency_ms": Option(
            "float", may_be_negative=False, about="The longest an answer may take, in milliseconds."
        ),
        "validate_certs": Option("bool", True, about="Whether the certificate must be trusted."),
        "ca_file": Option("str", about="A file on the target with the certificates to trust."),
    },
    attempt=_attempt,
    problems=_problems,
)
