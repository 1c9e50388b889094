"""The wrapper over the engine: its pure parts, its errors, and its events."""

from __future__ import annotations

import gc
import io
import itertools
import queue
import threading
import warnings
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
import requests

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _errors
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._answers import (
    CONFIG_LABEL,
    address_from,
    container_from,
    current,
    environment_from,
    last_code,
    output_from,
    since_stamp,
    stamp_of,
    told_to_stop,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._errors import connect, explained
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._events import Watcher, event_from
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._project import Project
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import NotThere, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._times import epoch
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Event, began
from tests.unit.support.making import container


def seen(identifier: str, service: str, created: str, number: int = 1, oneoff: bool = False) -> dict[str, Any]:
    labels = {
        "com.docker.compose.service": service,
        "com.docker.compose.container-number": str(number),
        "com.docker.compose.oneoff": str(oneoff),
    }
    return {"Id": identifier, "Name": f"/{identifier}", "Created": created, "Config": {"Labels": labels}}


def test_what_a_newer_container_replaced_does_not_count() -> None:
    every = [
        seen("new", "app", "2026-01-02T00:00:00Z"),
        seen("old", "app", "2026-01-01T00:00:00Z"),
        seen("second", "app", "2026-01-01T00:00:00Z", number=2),
        seen("db", "db", "2026-01-01T00:00:00Z"),
    ]
    assert [one.id for one in current(map(container_from, every))] == ["new", "second", "db"]


def test_what_a_container_shares_with_others_and_our_digest_of_it() -> None:
    one = seen("one", "app", "2026-01-01T00:00:00Z")
    one["Config"]["Labels"]["com.docker.compose.config-hash"] = "theirs"
    assert (container_from(one).joined, container_from(one).config_hash) == ((), "theirs")
    one["Config"]["Labels"][CONFIG_LABEL] = "ours"
    one["HostConfig"] = {"NetworkMode": "container:a", "IpcMode": "container:b", "PidMode": "", "VolumesFrom": ["c:ro"]}
    assert (container_from(one).joined, container_from(one).config_hash) == (("a", "b", "c"), "ours")


def event(action: str, at: float, sent: str = "", container: str = "one") -> dict[str, Any]:
    return {"Action": action, "time": at, "Actor": {"ID": container, "Attributes": {"signal": sent}}}


@pytest.mark.parametrize(
    ("state", "config", "events", "is_told"),
    [
        pytest.param("running", {}, [event("kill", 100, "15")], True, id="told to stop"),
        pytest.param("running", {}, [event("kill", 100, "9")], True, id="killed"),
        pytest.param("running", {}, [event("kill", 100, "1")], False, id="told to read its files"),
        pytest.param("running", {"StopSignal": "SIGQUIT"}, [event("kill", 100, "3")], True, id="its own signal"),
        pytest.param("running", {"StopSignal": "WINCH"}, [event("kill", 100, "28")], True, id="by its short name"),
        pytest.param("running", {"StopSignal": "3"}, [event("kill", 100, "3")], True, id="by its number"),
        pytest.param("running", {"StopSignal": "junk"}, [event("kill", 100, "15")], True, id="no signal"),
        pytest.param("running", {}, [event("kill", 90, "15"), event("start", 95)], False, id="started since"),
        pytest.param("running", {}, [event("start", 90), event("kill", 95, "15")], True, id="started before"),
        pytest.param("running", {}, [event("kill", 100, "15", "other")], False, id="another"),
        pytest.param("running", {}, [event("kill", 20, "15")], False, id="it has outlived that"),
        pytest.param("running", {"StopTimeout": 120}, [event("kill", 20, "15")], True, id="it has more time"),
        pytest.param("exited", {}, [event("kill", 100, "15")], False, id="gone"),
        pytest.param("running", {}, [{"Action": "kill"}, {"Action": "kill", "Actor": {"ID": "one"}}], False, id="odd"),
        pytest.param("running", {}, [], False, id="nothing happened"),
    ],
)
def test_a_container_that_was_told_to_stop_is_on_its_way_out(
    state: str, config: dict[str, Any], events: list[dict[str, Any]], is_told: bool
) -> None:
    one = container_from({"Id": "one", "State": {"Status": state}, "Config": config})
    assert told_to_stop(one, config, events, 102) == is_told


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        pytest.param([], 0, id="nothing is remembered"),
        pytest.param(["1", "137"], 137, id="the last of its ends"),
        pytest.param(["137", "junk"], 137, id="no code"),
        pytest.param([None], 0, id="an event without one"),
    ],
)
def test_how_a_restarted_container_ended_is_in_the_events(codes: list[str | None], code: int) -> None:
    one = container_from({"Id": "one", "State": {"Status": "running"}, "RestartCount": len(codes)})
    ends: list[dict[str, Any]] = [
        {"Action": "die", "Actor": {"ID": container, "Attributes": {"exitCode": said}}}
        for container, said in (*(("one", said) for said in codes), ("other", "3"))
    ]
    assert last_code(one, [*ends, {"Action": "start"}]) == code


def test_one_off_containers_replace_nothing() -> None:
    every = [
        seen("app", "app", "2026-01-01T00:00:00Z"),
        seen("run-1", "app", "2026-01-02T00:00:00Z", oneoff=True),
        seen("run-2", "app", "2026-01-03T00:00:00Z", oneoff=True),
    ]
    assert {one.id for one in current(map(container_from, every))} == {"app", "run-1", "run-2"}


def test_environment() -> None:
    lines = ["A=1", "B=x=y", "C=", "D"]
    assert environment_from({"Config": {"Env": lines}}) == {"A": "1", "B": "x=y", "C": "", "D": ""}
    assert environment_from({"Config": {"Env": None}}) == {}


@pytest.mark.parametrize(
    ("networks", "mode", "address"),
    [
        ({"studio_default": {"IPAddress": "172.18.0.2"}}, "studio_default", "172.18.0.2"),
        ({"a": {"IPAddress": "10.0.0.1"}, "studio_back": {"IPAddress": "172.18.0.2"}}, "a", "172.18.0.2"),
        ({"a": {"IPAddress": "10.0.0.1"}, "studio_back": {"IPAddress": ""}}, "a", "10.0.0.1"),
        ({"host": {"IPAddress": ""}}, "host", "127.0.0.1"),
        ({"none": {"IPAddress": ""}}, "none", None),
        ({}, "none", None),
    ],
)
def test_address(networks: dict[str, Any], mode: str, address: str | None) -> None:
    found = {"HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": networks}}
    assert address_from(found, "studio") == address


def test_the_address_of_whoever_is_in_the_network_of_another_one() -> None:
    network = {"NetworkSettings": {"Networks": {"studio_default": {"IPAddress": "172.18.0.2"}}}}
    seen = {
        "web": {"HostConfig": {"NetworkMode": "container:proxy"}, "NetworkSettings": {"Networks": {}}},
        "proxy": {"HostConfig": {"NetworkMode": "container:vpn"}},
        "vpn": {"HostConfig": {"NetworkMode": "studio_default"}, **network},
        "itself": {"HostConfig": {"NetworkMode": "container:itself"}},
    }
    listed = [{"Id": name, "Names": [f"/{name}"], "Created": 1} for name in seen]
    api = SimpleNamespace(
        containers=lambda filters: [
            one for one in listed if f"com.docker.compose.service={one['Id']}" in filters["label"]
        ],
        inspect_container=seen.__getitem__,
    )
    project = Project("studio", SimpleNamespace(api=api))
    assert project.address("web", 80) == ("172.18.0.2", 80)
    assert project.instances("web", 80) == [("web", ("172.18.0.2", 80))]
    with pytest.raises(OpsError):
        project.address("itself", 80)


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2026-01-01T00:00:00Z", 1767225600.0),
        ("2026-01-01T00:00:00.5Z", 1767225600.5),
        ("2026-01-01T00:00:00.123456789Z", 1767225600.123456789),
        ("2026-01-01T02:00:00.5+02:00", 1767225600.5),
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
    ],
)
def test_epoch(stamp: str, seconds: float) -> None:
    assert epoch(stamp) == seconds


def test_stamps_compare_as_moments() -> None:
    assert stamp_of(1767225600.5) == "2026-01-01T00:00:00.500000000Z"
    assert stamp_of(epoch("2026-01-01T00:00:00.25Z")) < "2026-01-01T00:00:00.250001000Z"


def test_lines_older_than_the_release_are_left_out() -> None:
    lines = [
        "2026-01-01T00:00:00.400000000Z old",
        "2026-01-01T00:00:00.500000000Z new line",
        "2026-01-01T00:00:01.000000000Z newer",
    ]
    assert list(since_stamp(lines, 1767225600.5, False)) == ["new line", "newer"]
    assert list(since_stamp(lines, 1767225600.5, True)) == lines[1:]
    assert list(since_stamp(lines, 0, False)) == ["old", "new line", "newer"]


def test_lines_of_a_host_that_is_not_in_utc_are_kept_by_the_same_clock() -> None:
    lines = [
        "2025-12-31T19:00:00.400000000-05:00 old",
        "2025-12-31T19:00:00.500000000-05:00 new",
        "2026-01-01T02:00:01.000000000+02:00 newer",
    ]
    assert list(since_stamp(lines, 1767225600.5, True)) == [
        "2026-01-01T00:00:00.500000000Z new",
        "2026-01-01T00:00:01.000000000Z newer",
    ]


def frame(data: bytes, channel: int = 1) -> bytes:
    return bytes([channel, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_output_is_put_together_from_frames(piece: int) -> None:
    stream = io.BytesIO(frame(b"hello ") + frame(b"world", 2) + frame(b""))
    assert output_from(lambda size: stream.read(min(size, piece)), 100) == b"hello world"


def test_output_is_limited_and_still_read_to_its_end() -> None:
    stream = io.BytesIO(frame(b"x" * 50) + frame(b"y" * 50))
    assert output_from(stream.read, 60) == b"x" * 50 + b"y" * 10
    assert stream.read() == b""


def test_output_that_breaks_off() -> None:
    assert output_from(io.BytesIO(frame(b"hello")[:-2]).read, 100) == b"hel"


def wrapped(error: Exception) -> Exception:
    """What the SDK makes of an error of the socket."""
    return docker.errors.DockerException(requests.exceptions.ConnectionError(OSError("Connection aborted.", error)))


def answered(status: int, text: str) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    kind = docker.errors.NotFound if status == 404 else docker.errors.APIError
    return kind(text, response, text)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (wrapped(PermissionError(13, "Permission denied")), Refused, "may not use the Docker Engine"),
        (wrapped(FileNotFoundError(2, "No such file")), Refused, "the socket does not exist"),
        (wrapped(ConnectionRefusedError(111, "refused")), Refused, "Cannot connect to the Docker Engine"),
        (wrapped(OSError(5, "strange")), OpsError, "Could not look"),
        (requests.exceptions.ReadTimeout("read timed out"), OpsError, "read timed out"),
        (answered(404, "no such image"), NotThere, "Could not look: no such image."),
        (answered(401, "login needed"), Refused, "the engine answered: login needed"),
        (answered(500, "internal"), OpsError, "the engine answered: internal"),
    ],
)
def test_errors(error: Exception, kind: type[OpsError], said: str) -> None:
    found = explained(error, "look")
    assert type(found) is kind
    assert said in found.message


def test_a_missing_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_errors, "docker", None)
    with pytest.raises(Refused, match="has no library docker"):
        connect()
    with pytest.raises(Refused, match="library"):
        Project("studio").containers()


@pytest.mark.parametrize(
    ("host", "said"), [("unix:///does/not/exist", "does not exist"), ("tcp://127.0.0.1:1", "Is it running")]
)
def test_no_engine(monkeypatch: pytest.MonkeyPatch, host: str, said: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(Refused, match=said):
        Project("studio").containers()
    with warnings.catch_warnings():  # the SDK forgets the socket that it could not connect
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Stream:
    """Hands out what it was given, then waits until it is closed, as the SDK's stream does."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.entries = entries
        self.closed = threading.Event()

    def __iter__(self) -> Any:
        yield from self.entries
        self.closed.wait(5)
        raise ValueError("read of closed file")

    def close(self) -> None:
        self.closed.set()


START = {"Action": "start", "Actor": {"ID": "c1", "Attributes": {"com.docker.compose.service": "app"}}}


def test_events_are_read() -> None:
    assert event_from(START) == Event("start", "app", "c1")
    assert Event("die", "app", "c1").changes_something
    assert not Event("exec_start: true", "app", "c1").changes_something


def test_a_watcher_hands_on_events_and_ends_cleanly() -> None:
    heard: queue.Queue[Event] = queue.Queue()
    stream = Stream(START)
    with Watcher(stream, heard.put) as watcher:
        assert heard.get(timeout=2) == Event("start", "app", "c1")
    assert stream.closed.is_set()
    assert not watcher._thread.is_alive()


class FakeClient:
    """As much of the SDK as the events need."""

    def __init__(self, stream: Stream) -> None:
        self.api = self
        self.stream = stream
        self.asked: dict[str, Any] = {}

    def events(self, **asked: Any) -> Stream:
        self.asked = asked
        return self.stream


def test_waiting_is_watching() -> None:
    client = FakeClient(Stream(START, START))
    happenings = Project("studio", client).events(timeout=0.05)
    assert list(itertools.islice(happenings, 4)) == [
        None,
        Event("start", "app", "c1"),
        Event("start", "app", "c1"),
        None,
    ]
    happenings.close()
    assert client.stream.closed.is_set()
    assert client.asked["filters"] == {"type": "container", "label": "com.docker.compose.project=studio"}


@pytest.mark.parametrize(
    ("changes", "moment"),
    [
        pytest.param({}, 100.0, id="its first run: from when it was made"),
        pytest.param({"finished_at": "1970-01-01T00:02:30Z"}, 150.0, id="again: from the end of the run before"),
        pytest.param({"finished_at": "1970-01-01T00:05:00Z"}, 100.0, id="ended after its only run"),
        pytest.param({"finished_at": "1970-01-01T00:05:00Z", "restart_count": 1}, 200.0, id="ended after several"),
    ],
)
def test_a_log_begins_before_the_stamp_of_the_start(changes: dict[str, Any], moment: float) -> None:
    times = {"created_at": "1970-01-01T00:01:40Z", "started_at": "1970-01-01T00:03:20Z", "finished_at": ""}
    assert began(container("web", **{**times, **changes})) == moment


def test_what_the_engine_answers_is_read_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace(api=SimpleNamespace(hooks={"response": []}))
    monkeypatch.setattr(docker, "from_env", lambda **_: client)
    monkeypatch.setattr(_errors, "_ANSWER_LIMIT", 10)
    assert connect() is client
    [bounds] = client.api.hooks["response"]
    closed: list[bool] = []
    short, long = (
        SimpleNamespace(iter_content=lambda _, size=size: iter([b"x" * size]), close=lambda: closed.append(True))
        for size in (10, 11)
    )
    bounds(short)
    assert short._content == b"x" * 10
    bounds(long, stream=True)
    with pytest.raises(OpsError):
        bounds(long)
    assert closed == [True]
