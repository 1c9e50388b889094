"""Peers that mean it badly, over real connections: each read ends in time within its limits, with the verdict due."""

from __future__ import annotations

import gc
import math
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks._checklist import parse_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._judge import Result
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._runner import run_checks
from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._http import judged
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _errors as _engine_errors
from ansible_collections.doppelganger.ops.plugins.module_utils.core._deadline import in_time, within
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled, OpsError, TimedOut
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import BODY_LIMIT, Response
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import SOURCES
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._sampling import look
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._json import Json
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import Observation
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._openmetrics import OpenMetrics
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._prometheus import Prometheus
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._redis import Redis
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring import _health, _server
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._server import Server
from ansible_collections.doppelganger.ops.plugins.module_utils.running._scene import Scene
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api import _errors as _kube_errors
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api import _http, _namespace
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests import _registry
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._registry import digest_of
from tests.fuzz.hostile import CHUNKED, DRIPS, GARBAGE, JSON, OK, Say, answer, ever, once, serving
from tests.unit.support.metric_sources import plain_project, wait_for

WELL = once(answer(b'{"status": "ok"}'))


def checked(raw: list[dict[str, Any]]) -> dict[str, Result]:
    checks = parse_checks([{"timeout": 1.0, "attempt_timeout": 1.0, "interval": 5.0, **one} for one in raw])
    return {result.name: result for result in run_checks(checks, Scene(plain_project()))}


@pytest.mark.parametrize("say", [*GARBAGE.values(), *DRIPS.values()], ids=[*GARBAGE, *DRIPS])
def test_a_broken_answer_is_the_applications_fault_and_delays_nobody(say: Say) -> None:
    began = time.monotonic()
    with serving(say, 0.02 if say in DRIPS.values() else 0.0) as broken, serving(WELL) as well:
        found = checked(
            [
                {"name": "broken", "kind": "http", "url": f"http://127.0.0.1:{broken}/"},
                {"name": "well", "kind": "http", "url": f"http://127.0.0.1:{well}/", "json": {"status": "ok"}},
            ]
        )
    assert (found["broken"].state, found["well"].state) == ("fail", "pass")
    assert len(found["broken"].reason) < 500
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("body", JSON.values(), ids=JSON.keys())
def test_json_that_cannot_be_read_is_the_applications_fault(body: bytes) -> None:
    [check] = parse_checks([{"name": "one", "kind": "http", "url": "http://localhost/", "json": {"a": 1}}])
    outcome = judged(check.options, Response(200, {}, body[:BODY_LIMIT]), 1.0)
    assert outcome.state == "fail"
    assert len(outcome.reason) < 500


def test_of_a_long_value_only_the_beginning_is_said() -> None:
    [check] = parse_checks([{"name": "one", "kind": "http", "url": "http://localhost/", "json": {"a": 1}}])
    outcome = judged(check.options, Response(200, {}, b'{"a": "%s"}' % (b"x" * 900_000)), 1.0)
    assert outcome.state == "fail"
    assert len(outcome.reason) < 500


HEADER = struct.Struct("<iiii")
#: kind of check, and what its peer says
PEERS: dict[str, tuple[str, Say]] = {
    "Redis: a line without an end": ("redis", ever(b"x" * 65536)),
    "Redis: zeros": ("redis", once(b"\0" * 100_000)),
    "Redis: a drip": ("redis", ever(b"x")),
    "Redis: half a line": ("redis", once(b"+PON")),
    "MongoDB: 2 GB": ("mongo", once(HEADER.pack(2_000_000_000, 1, 1, 2013))),
    "MongoDB: a negative length": ("mongo", once(HEADER.pack(-5, 1, 1, 2013))),
    "MongoDB: a drip": ("mongo", ever(b"x", HEADER.pack(900_000, 1, 1, 2013))),
    "MongoDB: zeros": ("mongo", ever(b"\0" * 65536)),
    "MongoDB: garbage in its frame": ("mongo", once(HEADER.pack(1016, 1, 1, 2013) + b"\xff" * 1000)),
    "MongoDB: lengths of nothing": (
        "mongo",
        once(HEADER.pack(1026, 1, 1, 2013) + b"\0" * 5 + struct.pack("<i", 1005) + b"\x03a\0\0\0\0\0" * 143),
    ),
}


@pytest.mark.parametrize(("kind", "say"), PEERS.values(), ids=PEERS.keys())
def test_a_peer_that_talks_nonsense_is_the_applications_fault(kind: str, say: Say) -> None:
    with serving(say, pause=0.01) as port, serving(WELL) as well:
        found = checked(
            [
                {"name": "broken", "kind": kind, "host": "127.0.0.1", "port": port},
                {"name": "well", "kind": "http", "url": f"http://127.0.0.1:{well}/"},
            ]
        )
    assert (found["broken"].state, found["well"].state) == ("fail", "pass")
    assert len(found["broken"].reason) < 500


# metrics


def observed(kind: str, port: int, seconds: float = 1.0, **given: Any) -> Observation:
    """One look at a source of that kind."""
    makers: dict[str, Callable[..., Any]] = {"prometheus": Prometheus, "json": Json, "openmetrics": OpenMetrics}
    options = {**{name: option.default for name, option in SOURCES[kind].items()}, **given}
    source = makers[kind]({"url": f"http://127.0.0.1:{port}/"}, plain_project())
    return wait_for(look(source, {"one": (options, 60.0)}, seconds))["one"]


SOURCE_OPTIONS: dict[str, dict[str, Any]] = {
    "prometheus": {"query": "up"}, "json": {"path": "a"}, "openmetrics": {"family": "a", "calc": "value"},
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCE_OPTIONS)
@pytest.mark.parametrize(
    "say",
    [
        GARBAGE["a chunk of negative size"], GARBAGE["a length of other digits"], GARBAGE["headers without an end"],
        DRIPS["chunks in drips"], *(once(answer(body[:999_999])) for body in JSON.values()),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_an_error_of_the_look(kind: str, say: Say) -> None:
    with serving(say, 0.02 if say in DRIPS.values() else 0.0) as port:
        found = observed(kind, port, **SOURCE_OPTIONS[kind])
    assert found.series == {}
    assert found.error or found.note
    assert "went wrong" not in found.error
    assert len(found.error) < 600


#: what says that it is Prometheus
SAID = [
    b'{"status": "success", "data": {"resultType": "vector", "result": [1]}}',
    b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "x"], "metric": {}}]}}',
    b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "1_0"], "metric": {}}]}}',
    b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": [], "metric": {}}]}}',
    b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "1"]}]}}',
    b'{"status": "success", "data": {"resultType": "scalar", "result": [1]}}',
    b'{"status": "success", "data": {"resultType": "scalar", "result": {}}}',
    b'{"status": "error", "error": ["%s"]}' % (b"x" * 100_000),
]


@pytest.mark.parametrize("body", SAID)
def test_what_only_says_that_it_is_prometheus(body: bytes) -> None:
    with serving(once(answer(body))) as port:
        found = observed("prometheus", port, query="up")
    assert found.error
    assert "went wrong" not in found.error
    assert len(found.error) < 500


#: an exposition that takes long to read, or that cannot be read
EXPOSED = {
    "spaces": b"a" + b" " * 900_000 + b"x y z\n",
    "spaces at the end of a value": b"a 1" + b" " * 900_000 + b"x\n",
    "a label without an end": b'a{b="' + b"\\\\" * 450_000 + b"\n",
    "quotes": b"a{" + b'"' * 900_000 + b"} 1\n",
    "brackets": b"a" + b"{" * 900_000 + b"\n",
    "a value of 900000 digits": b"a " + b"9" * 900_000 + b"\n",
    "a number with an underscore": b"a 1_000\n",
    "a time that is none": b"a 1 1.2.3\n",
    "three numbers": b"a 1 2 3\n",
    "bytes that are not UTF-8": b"a \xff\xfe\n",
    "many lines that cannot be read": b"a b\n" * 200_000,
}


@pytest.mark.parametrize("body", EXPOSED.values(), ids=EXPOSED.keys())
def test_an_exposition_that_cannot_be_read_is_that_of_a_program_that_is_not_up(body: bytes) -> None:
    with serving(once(answer(body))) as port:
        found = observed("openmetrics", port, 5.0, family="a", calc="value")
        up = observed("openmetrics", port, 5.0, family="a", calc="up")
    assert "cannot be read" in found.error
    assert len(found.error) < 600
    assert list(up.series.values()) in ([(0.0,)], [(1.0,)])  # nobody wants a family where only ``up`` is asked for


INFO = {
    "a length of other digits": "$²\r\n".encode(),
    "a negative length": b"$-1\r\n",
    "a length with a sign": b"$+5\r\nhello\r\n",
    "2 GB": b"$2000000000\r\nhello",
    "no length": b"+OK\r\n",
}


@pytest.mark.parametrize("said", INFO.values(), ids=INFO.keys())
def test_info_that_is_none(said: bytes) -> None:
    with serving(once(said)) as port:
        source = Redis({"host": "127.0.0.1", "port": port}, plain_project())
        options = {**{name: option.default for name, option in SOURCES["redis"].items()}, "field": "used_memory"}
        found = wait_for(look(source, {"one": (options, 60.0)}, 1.0))["one"]
    assert found.error
    assert "went wrong" not in found.error


# monitoring


@pytest.mark.parametrize(
    "say",
    [
        *(GARBAGE[name] for name in ("another protocol", "a chunk of negative size", "headers without an end")),
        DRIPS["chunks in drips"], *(once(answer(body)) for body in JSON.values()), once(answer(b'{"data": {}}')),
        once(answer(b'{"data": []}')), once(b"HTTP/1.1 500 Oh\r\n\r\n" + b"x" * 100_000),
    ],
)  # fmt: skip
def test_what_answers_for_prometheus_is_named_and_waited_for_no_longer(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_server, "ANSWER_WITHIN", 0.5)
    with serving(say, 0.02 if say in DRIPS.values() else 0.0) as port:
        found = _health.wrong(Server("Prometheus", f"http://127.0.0.1:{port}"), ["One"], [], "shop", False)
    assert len(found) == 1
    assert len(found[0]) < 600


# registries


DIGEST = b"Docker-Content-Digest: sha256:" + b"a" * 64


@pytest.mark.parametrize(
    "say",
    [
        GARBAGE["another protocol"], GARBAGE["headers without an end"], GARBAGE["interim answers without an end"],
        DRIPS["a head in drips"], DRIPS["interim answers in drips"], ever(b"x" * 65536, OK + b"\r\n"),
        ever(b"x" * 65536, CHUNKED + b"-5\r\n"), ever(b"x", CHUNKED),
        once(b"HTTP/1.1 429 No\r\nRetry-After: \xb2\r\n\r\n"),
        once(b"HTTP/1.1 302 Found\r\nLocation: /v2/a/manifests/1\r\nContent-Length: 0\r\n\r\n"),
        once(b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/a\r\nContent-Length: 0\r\n\r\n"),
        once(OK + b"Docker-Content-Digest: sha256:x\r\nContent-Length: 0\r\n\r\n"),
        once(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer " + b"x" * 60_000 + b"\r\n\r\n"),
        once(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer " + b'a="' * 20_000 + b"\r\n\r\n"),
    ],
)  # fmt: skip
def test_a_registry_that_talks_nonsense_is_given_up(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_registry, "_LARGEST", 1_000_000)
    began = time.monotonic()
    with serving(say, 0.02 if say in DRIPS.values() else 0.0) as port, pytest.raises(OpsError):
        digest_of(f"127.0.0.1:{port}/a:1", timeout=0.5)
    assert time.monotonic() - began < 8


# clusters


def through(say: Say, pause: float = 0.0) -> Iterator[Cluster]:
    with serving(say, pause) as port:
        options = {"host": f"http://127.0.0.1:{port}", "is_development": True, "namespace": "studio"}
        with Cluster(options, token="secret", patience=0.3) as cluster:
            yield cluster


def test_of_a_service_that_streams_for_ever_so_much_is_read_and_no_more() -> None:
    for cluster in through(ever(b"10000\r\n" + b"x" * 65536 + b"\r\n", CHUNKED)):
        found = cluster.service_get("web", 80, "/", timeout=5.0)
        assert (len(found.body), found.cut) == (BODY_LIMIT, True)


@pytest.mark.parametrize("name", ["a body in drips", "chunks in drips", "a body without an end in drips"])
def test_a_service_that_answers_in_drips_is_given_up_in_time(name: str) -> None:
    began = time.monotonic()
    for cluster in through(DRIPS[name], 0.02):
        with pytest.raises(_kube_errors.TimedOut):
            cluster.service_get("web", 80, "/", timeout=0.4)
    assert time.monotonic() - began < 4


# who was given up still holds its socket, until the server goes
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["a head in drips", "interim answers in drips"])
def test_a_head_in_drips_is_given_up_in_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(_namespace, "_FORWARD_TIMEOUT", 0.3)
    began = time.monotonic()
    for cluster in through(DRIPS[name], 0.02):
        with pytest.raises(OpsError):
            cluster.service_get("web", 80, "/", timeout=0.4)
        with pytest.raises(OpsError):
            cluster.forward("a", 80)
    for thread in threading.enumerate():
        if thread.name == "within":
            thread.join(10)
    gc.collect()
    assert time.monotonic() - began < 8


def test_a_log_that_does_not_end_is_read_as_far_as_was_asked_for() -> None:
    for cluster in through(ever(b"2026-01-01T00:00:00Z x\n" * 1000, OK + b"\r\n")):
        assert 90_000 < sum(len(line) + 22 for line in cluster.log("a", "b", limit_bytes=100_000)) < 110_000


def test_an_api_server_that_streams_for_ever_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for cluster in through(ever(b"x" * 65536, OK + b"\r\n")):
        with pytest.raises(OpsError, match="more than"):
            cluster.version()


# engines


def test_an_engine_that_streams_for_ever_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine_errors, "_ANSWER_LIMIT", 1_000_000)
    with serving(ever(b"x" * 65536, OK + b"\r\n")) as port:
        client = docker.APIClient(f"tcp://127.0.0.1:{port}", version="1.41", timeout=5)
        client.hooks["response"].append(_engine_errors.bounded)
        with pytest.raises(OpsError, match="more than 1000000 bytes"):
            client.inspect_container("a")
        client.close()


def test_an_answer_of_the_engine_is_read_whole() -> None:
    with serving(once(answer(b'{"Id": "a"}'))) as port:
        client = docker.APIClient(f"tcp://127.0.0.1:{port}", version="1.41", timeout=5)
        client.hooks["response"].append(_engine_errors.bounded)
        assert client.inspect_container("a") == {"Id": "a"}
        client.close()


def test_what_goes_on_for_ever_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        list(in_time(iter(int, 1), 0.2, "pull"))
    assert time.monotonic() - began < 3


# the clock


def test_who_blocks_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        within(0.1, lambda: time.sleep(5), "wait")
    assert time.monotonic() - began < 3
    assert within(5, lambda: 7, "count") == 7
    with pytest.raises(Garbled):
        within(5, _raise, "fail")


def _raise() -> None:
    raise Garbled("x")


def test_numbers_of_a_source_stay_numbers() -> None:
    with serving(once(answer(b'{"a": "NaN", "b": 1e300, "c": %s}' % (b"9" * 300)))) as port:
        assert math.isnan(observed("json", port, path="a").series[""][0])
        assert observed("json", port, path="c").series[""][0] > 1e299
