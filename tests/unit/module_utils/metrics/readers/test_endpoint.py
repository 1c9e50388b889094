"""Prometheus and JSON as sources: a server that answers in every way it can."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.http._client import Kept, request_for
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import Response
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import SOURCES
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._json import Json
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import Observation
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._prometheus import Prometheus
from tests.unit.support.metric_sources import plain_project, server, wait_for

JSON = "application/json"


def vector(*series: tuple[dict[str, str], str]) -> str:
    result = [{"metric": labels, "value": [1760000000, value]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


def prometheus(url: str, query: str = "up", token: str = "") -> Observation:
    options = {**{name: option.default for name, option in SOURCES["prometheus"].items()}, "query": query}
    source = Prometheus({"url": url}, plain_project(), token)
    return wait_for(source.look({"one": (options, 90.0)}, 2))["one"]


def test_series_are_named_by_their_labels() -> None:
    answer = vector(({"__name__": "up", "job": "a", "instance": "b"}, "1"), ({"job": "c"}, "0.5"))
    with server(lambda _: (200, JSON, answer)) as url:
        assert prometheus(url).series == {"job=a,instance=b": (1,), "job=c": (0.5,)}


def test_a_query_is_sent_whole_with_its_window() -> None:
    asked = []

    def answer(path: str) -> tuple[int, str, str]:
        asked.append(parse_qs(urlsplit(path).query)["query"][0])
        return 200, JSON, vector()

    with server(answer) as url:
        assert prometheus(url, 'rate(x{a=~"5..|&+"}[${window}s]) > 0').series == {}
    assert asked == ['rate(x{a=~"5..|&+"}[90s]) > 0']


@pytest.mark.parametrize(("text", "value"), [("NaN", math.nan), ("+Inf", math.inf), ("-Inf", -math.inf), ("1e3", 1000)])
def test_odd_values_come_through(text: str, value: float) -> None:
    with server(lambda _: (200, JSON, vector(({}, text)))) as url:
        assert prometheus(url).series[""][0] == pytest.approx(value, nan_ok=True)


def test_a_scalar_is_a_value() -> None:
    answer = json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1, "42"]}})
    with server(lambda _: (200, JSON, answer)) as url:
        assert prometheus(url).series == {"": (42,)}


MATRIX = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}})
HISTOGRAM = json.dumps(
    {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": []}]}}
)
WRONG = json.dumps({"status": "error", "errorType": "bad_data", "error": "1:5: parse error"})
#: status, content type, body; what the error says, and whether asking again is of no use
ERRORS: dict[str, tuple[int, str, str, str, bool]] = {
    "a query that is wrong": (400, JSON, WRONG, "refuses the query: 1:5: parse error", True),
    "a query that takes too long": (503, JSON, WRONG, "refuses the query", False),
    "a range": (200, JSON, MATRIX, "gives a matrix, expected a vector", True),
    "a histogram": (200, JSON, HISTOGRAM, "use histogram_quantile", True),
    "no login": (401, "text/plain", "who are you", "answered 401: who are you", True),
    "not there": (404, "text/plain", "", "answered 404", True),
    "busy": (503, "text/html", "<html>", "answered 503", False),
    "not JSON": (200, JSON, "{", "the answer cannot be used", False),
    "other JSON": (200, JSON, "[1]", "the response is not from a Prometheus API", False),
    "no data": (200, JSON, "{}", "the response is not from a Prometheus API", False),
    "too much": (200, JSON, '"' + "x" * 1_100_000, "more than 1 MB", True),
}


@pytest.mark.parametrize(("status", "kind", "body", "said", "final"), ERRORS.values(), ids=ERRORS.keys())
def test_an_error_is_an_error(status: int, kind: str, body: str, said: str, final: bool) -> None:
    with server(lambda _: (status, kind, body)) as url:
        found = prometheus(url)
    assert said in found.error
    assert found.final is final
    assert found.series == {}


def test_nobody_there_is_an_error_that_may_pass() -> None:
    found = prometheus("http://127.0.0.1:9")
    assert (found.error, found.final) == ("nothing is listening at http://127.0.0.1:9", False)


def test_a_token_is_sent() -> None:
    seen: list[str] = []
    source = Prometheus({"url": "http://127.0.0.1:9"}, plain_project(), "geheim")
    seen.append(source._endpoint._options["headers"]["Authorization"])
    assert seen == ["Bearer geheim"]


def test_the_past_is_asked_by_the_servers_own_clock() -> None:
    spans: list[dict[str, Any]] = []
    ahead = 5000.0

    def answer(path: str) -> tuple[int, str, str]:
        asked = parse_qs(urlsplit(path).query)
        if "start" not in asked:
            return (
                200,
                JSON,
                json.dumps(
                    {"status": "success", "data": {"resultType": "scalar", "result": [0, str(time.time() + ahead)]}}
                ),
            )
        spans.append({name: float(asked[name][0]) for name in ("start", "end", "step")})
        values = [[10, "1"], [20, "NaN"], [30, "3"]]
        data = {
            "resultType": "matrix",
            "result": [{"metric": {}, "values": values}, {"metric": {}, "values": [[30, "5"]]}],
        }
        return 200, JSON, json.dumps({"status": "success", "data": data})

    now = time.time()
    with server(answer) as url:
        source = Prometheus({"url": url}, plain_project())
        assert wait_for(source.past("up", now - 60, now, 5, 2)) == [(10, [1]), (30, [3, 5])]
    assert spans[0]["end"] - now == pytest.approx(ahead, abs=5)
    assert spans[0]["end"] - spans[0]["start"] == pytest.approx(60, abs=0.01)


#: how many questions a connection lives for, and whether its end is announced; how many connections six questions need
KEEPING = {
    "for ever": (99, True, 1),
    "one, and says so": (1, True, 6),
    "two, and closes without a word": (2, False, 3),
}


@pytest.mark.parametrize(("lives", "says_so", "connections"), KEEPING.values(), ids=KEEPING.keys())
def test_connections_are_used_again_for_as_long_as_they_live(lives: int, says_so: bool, connections: int) -> None:
    opened: list[int] = []
    body = vector(({}, "1")).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(1)
        for left in range(lives, 0, -1):
            if not await reader.readuntil(b"\r\n\r\n"):
                break
            last = b"Connection: close\r\n" if says_so and left == 1 else b""
            writer.write(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (last, len(body), body))
        writer.close()

    async def main() -> list[Response]:
        async with await asyncio.start_server(_quietly(serve), "127.0.0.1", 0) as made:
            request = request_for(URL_OPTIONS | {"url": f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}/"})
            with Kept() as kept:
                found = [await kept.fetch(request) for _ in range(6)]
            await asyncio.sleep(0.05)
            return found

    assert [answer.status for answer in asyncio.run(main())] == [200] * 6
    assert len(opened) == connections


URL_OPTIONS: dict[str, Any] = {"method": "GET", "headers": {}, "validate_certs": True, "ca_file": None}


def _quietly(serve: Any) -> Any:
    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    return served


# JSON


DOCUMENT = {
    "queue": {"length": 7, "names": ["a"], "text": "8.5", "word": "many", "on": True, "none": None},
    "list": [1, 2],
}


def read(url: str, path: str, **more: Any) -> Observation:
    options = {**{name: option.default for name, option in SOURCES["json"].items()}, "path": path, **more}
    return wait_for(Json({"url": url}, plain_project()).look({"one": (options, 60.0)}, 2))["one"]


@pytest.mark.parametrize(("path", "value"), [("queue.length", 7), ("list.1", 2), ("queue.text", 8.5)])
def test_a_number_is_found_by_its_path(path: str, value: float) -> None:
    with server(lambda _: (200, JSON, json.dumps(DOCUMENT))) as url:
        assert read(url, path).series == {"": (value,)}


@pytest.mark.parametrize(
    ("path", "error", "note"),
    [("queue.depth", "", "no data: the answer has no queue.depth"), ("queue.none", "", "no data: queue.none is null"),
     ("queue.names", "queue.names is list, expected a number", ""), ("queue.on", "queue.on is bool", ""),
     ("queue.word", "queue.word is 'many', expected a number", "")],
)  # fmt: skip
def test_what_is_no_number_is_said(path: str, error: str, note: str) -> None:
    with server(lambda _: (200, JSON, json.dumps(DOCUMENT))) as url:
        found = read(url, path)
    assert error in found.error
    assert bool(found.error) == bool(error)
    assert found.note == note


def test_a_document_is_asked_for_once() -> None:
    asked = []

    def answer(path: str) -> tuple[int, str, str]:
        asked.append(path)
        return 200, JSON, json.dumps(DOCUMENT)

    plain = {name: option.default for name, option in SOURCES["json"].items()}
    with server(answer) as url:
        wanted = {"a": "queue.length", "b": "list.0", "c": "list.1"}
        options = {
            name: ({**plain, "path": path, "url": "/other" if name == "c" else None}, 1.0)
            for name, path in wanted.items()
        }
        found = wait_for(Json({"url": url}, plain_project()).look(options, 2))
    assert sorted(asked) == ["/", "/other"]
    assert [one.series[""][0] for one in found.values()] == [7, 1, 2]


def test_what_is_not_json_is_an_error() -> None:
    with server(lambda _: (200, JSON, "<html>")) as url:
        assert "is not JSON" in read(url, "a").error
    with server(lambda _: (500, JSON, "{}")) as url:
        assert "answered 500" in read(url, "a").error
