"""A namespace of a cluster: its pure parts, and requests to a server that misbehaves by the script of each test."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Garbled, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api import _logs
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import (
    Conflict,
    NoSuchKind,
    NotFound,
    TimedOut,
    Unreachable,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._http import Answer
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._namespace import Cluster, Right
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._paths import (
    Resource,
    path_of,
    resources_from,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._proxy import is_of_the_service
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login import _review

PODS, NODES = Resource("pods"), Resource("nodes", is_namespaced=False)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("v1", PODS, "studio"), "/api/v1/namespaces/studio/pods"),
        (("v1", PODS, "studio", "a", "log"), "/api/v1/namespaces/studio/pods/a/log"),
        (("v1", NODES, "studio", "n"), "/api/v1/nodes/n"),
        (("apps/v1", Resource("deployments"), "studio"), "/apis/apps/v1/namespaces/studio/deployments"),
        (("v1", PODS, "a/b", "../x"), "/api/v1/namespaces/a%2Fb/pods/..%2Fx"),
    ],
)
def test_paths(arguments: Any, path: str) -> None:
    assert path_of(*arguments) == path


def test_kinds_come_from_discovery_without_subresources() -> None:
    listing = {"resources": [{"name": "cronjobs", "kind": "CronJob", "namespaced": True},
                             {"name": "cronjobs/status", "kind": "CronJob", "namespaced": True}]}  # fmt: skip
    assert resources_from(listing) == {"CronJob": Resource("cronjobs")}
    assert resources_from({}) == {}


RULES = [
    {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
    {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]},
    {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"]},
    {"verbs": ["create"], "apiGroups": [""], "resources": ["*/exec"]},
]


@pytest.mark.parametrize(
    ("right", "is_told"),
    [
        (Right("get", "", "pods"), True),
        (Right("delete", "", "pods"), False),
        (Right("get", "", "pods/log"), False),
        (Right("patch", "apps", "deployments"), True),
        (Right("patch", "batch", "jobs"), False),
        (Right("get", "", "secrets"), False),
        (Right("get", "", "secrets", "db"), True),
        (Right("get", "", "secrets", "other"), False),
        (Right("create", "", "pods/exec"), True),
    ],
)
def test_rights_that_the_rules_give(right: Right, is_told: bool) -> None:
    assert _review.untold(RULES, [right]) == ([] if is_told else [right])


def test_a_right_is_asked_for_by_its_parts() -> None:
    asked = _review.access_review(Right("get", "", "pods/log", "web"), "studio")
    assert asked["spec"]["resourceAttributes"] == {
        "namespace": "studio", "verb": "get", "group": "", "resource": "pods", "subresource": "log", "name": "web",
    }  # fmt: skip


LOG = b"2026-01-01T00:00:00.4Z old\n2026-01-01T00:00:00.5Z new line\r\n2026-01-01T00:00:01.123456789Z \n"


@pytest.mark.parametrize(
    ("since", "timestamps", "lines"),
    [
        (0, False, ["old", "new line", ""]),
        (1767225600.5, False, ["new line", ""]),
        (1767225600.75, False, [""]),
        (1767225600.75, True, ["2026-01-01T00:00:01.123456789Z "]),
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 40, len(LOG)])
def test_log_lines_from_a_moment_on(since: float, timestamps: bool, lines: list[str], cut: int) -> None:
    assert list(_logs.told([LOG[:cut], LOG[cut:]], since, timestamps)) == lines


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("2025-12-31T19:00:01.123456789-05:00 x", "2026-01-01T00:00:01.123456789Z x"),
        ("2026-01-01T02:00:01+02:00 x", "2026-01-01T00:00:01Z x"),
        ("2026-01-01T05:30:01.5+05:30 x", "2026-01-01T00:00:01.5Z x"),
        ("2025-12-31T19:00:00.4-05:00 old", None),
        ("no time at all", "no time at all"),
    ],
)
def test_the_times_of_a_node_that_is_not_in_utc(said: str, told: str | None) -> None:
    found = list(_logs.told([f"{said}\n".encode()], 1767225600.5, timestamps=True))
    assert found == ([] if told is None else [told])


STATUS = b'{"kind": "Status", "message": "x"}'


@pytest.mark.parametrize(
    ("answer", "is_its_own"),
    [
        (Answer(404, {}, b"not here"), True),
        (Answer(500, {}, b'{"kind": "Error"}'), True),
        (Answer(401, {}, b""), True),
        (Answer(503, {}, STATUS), True),
        (Answer(500, {}, b'{"kind": "Status", "message": "error trying to reach service: dial tcp"}'), True),
        (Answer(500, {}, STATUS), False),
        (Answer(404, {}, STATUS), False),
        (Answer(403, {}, STATUS), False),
    ],
)
def test_answers_of_a_service_are_told_from_those_of_the_api_server(answer: Answer, is_its_own: bool) -> None:
    assert is_of_the_service(answer) is is_its_own


# against a server


class Server(http.server.ThreadingHTTPServer):
    """Answers each request with the next line of ``script``: (status, headers, body), ``cut`` or ``silent``."""

    daemon_threads = True

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.asked: list[tuple[str, str, dict[str, Any], Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def cluster(self, patience: float = 5, **options: Any) -> Cluster:
        given = {"host": f"http://127.0.0.1:{self.server_port}", "is_development": True, "namespace": "studio"}
        return Cluster({**given, **options}, token="secret", patience=patience)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), json.loads(body or b"null")))
        step = self.server.script.pop(0)
        if step == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if step == "silent":
            time.sleep(1)
            self.close_connection = True
            return
        status, headers, content = step
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, text in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


#: what a server keeps of any object
KEPT = {"uid": "1", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", **KEPT}, "spec": {"containers": []}}
BUSY = (429, {"Retry-After": "0"}, {"kind": "Status", "message": "too many"})
AWAY: tuple[Any, ...] = (503, {}, b"away")
OUTRUN: tuple[Any, ...] = (409, {}, {"kind": "Status", "message": "the object has been modified"})
OWNED: tuple[Any, ...] = (409, {}, {"kind": "Status", "details": {"causes": [{"field": ".spec.replicas"}]}})
EXISTS: tuple[Any, ...] = (409, {}, {"kind": "Status", "message": 'pods "a" already exists'})


@pytest.mark.parametrize(
    ("verb", "script", "asked", "outcome"),
    [
        pytest.param("get", [BUSY, AWAY, (200, {}, POD)], 3, None, id="a read until it succeeds"),
        pytest.param("get", ["cut", (200, {}, POD)], 2, None, id="a read that was cut"),
        pytest.param("create", [BUSY, (201, {}, POD)], 2, None, id="a creation that was not let in"),
        pytest.param("create", ["cut"], 1, Unreachable, id="a creation whose answer was lost"),
        pytest.param("create", [AWAY], 1, Unreachable, id="a creation that may have been seen"),
        pytest.param("create", [EXISTS], 1, Conflict, id="a name that is taken"),
        pytest.param("replace", ["cut", EXISTS], 2, Conflict, id="a replacement whose answer was lost"),
        pytest.param("apply", ["cut", (200, {}, POD)], 2, None, id="an apply that was cut"),
        pytest.param("apply", [(500, {}, b"etcd"), (200, {}, POD)], 2, None, id="an apply with a slow etcd"),
        pytest.param("apply", [OUTRUN, OUTRUN, (200, {}, POD)], 3, None, id="an apply that others were faster than"),
        pytest.param("apply", [OWNED], 1, Conflict, id="an apply of a field that is another's"),
        pytest.param("replace", [OUTRUN], 1, Conflict, id="a replacement that others were faster than"),
        pytest.param("delete", ["cut", (404, {}, b"")], 2, None, id="a deletion whose answer was lost"),
        pytest.param("get", [(401, {}, b""), (200, {}, POD)], 2, None, id="a token that was renewed"),
        pytest.param("get", [(401, {}, b""), (401, {}, b"")], 2, Refused, id="a token that has expired"),
        pytest.param("get", [(403, {}, b"")], 1, Refused, id="a right that is missing"),
    ],
)
def test_a_request_is_sent_again_where_that_is_safe(
    server: Server, verb: str, script: list[Any], asked: int, outcome: type[OpsError] | None
) -> None:
    server.script = script
    calls = {
        "get": lambda cluster: cluster.get("v1", "Pod", "a"),
        "create": lambda cluster: cluster.create(POD),
        "replace": lambda cluster: cluster.replace(POD),
        "apply": lambda cluster: cluster.apply(POD),
        "delete": lambda cluster: cluster.delete("v1", "Pod", "a"),
    }
    with server.cluster() as cluster:
        if outcome is None:
            calls[verb](cluster)
        else:
            with pytest.raises(outcome):
                calls[verb](cluster)
    assert len(server.asked) == asked
    assert {headers["authorization"] for _, _, headers, _ in server.asked} == {"Bearer secret"}


def test_a_server_that_is_away_is_given_up(server: Server) -> None:
    server.script = [AWAY] * 100
    started = time.monotonic()
    with server.cluster(patience=0.5) as cluster, pytest.raises(Unreachable, match="status 503"):
        cluster.version()
    assert 0.2 < time.monotonic() - started < 3
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with server.cluster(0.3, host=f"http://127.0.0.1:{port}") as cluster, pytest.raises(Unreachable, match="refused"):
        cluster.version()


def test_a_server_that_was_given_up_is_not_waited_for_as_long_again_until_it_answers(server: Server) -> None:
    with server.cluster(patience=2) as cluster:
        took = []
        scripts: list[list[Any]] = [[AWAY] * 100, [AWAY] * 100, [(200, {}, POD)], [AWAY] * 100]
        for script in scripts:
            server.script, started = script, time.monotonic()
            with suppress(Unreachable):
                cluster.get("v1", "Pod", "a")
            took.append(time.monotonic() - started)
    assert took[0] > 1.3
    assert took[1] < 1
    assert took[3] > 1.3


@pytest.mark.parametrize(
    "body", [{"kind": "Status", "metadata": {}}, {"kind": "Table", "metadata": {}, "rows": []}], ids=["Status", "Table"]
)
def test_an_answer_that_is_no_list_is_no_empty_list(server: Server, body: dict[str, Any]) -> None:
    server.script = [(200, {}, body)]
    with server.cluster() as cluster, pytest.raises(Garbled):
        cluster.list("v1", "Pod")


def test_a_value_of_a_secret_that_was_left_out_is_null(server: Server) -> None:
    about = {"name": "s", "uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    server.script = [(200, {}, {"metadata": about, "data": {"TOKEN": None}})]
    with server.cluster() as cluster:
        found = cluster.get("v1", "Secret", "s")
    assert found is not None
    assert found["data"] == {"TOKEN": None}


def test_pages_are_put_together_and_a_forgotten_list_is_begun_anew(server: Server) -> None:
    item = {"metadata": POD["metadata"], "spec": POD["spec"]}
    last = {"metadata": {"resourceVersion": "9"}, "items": [item]}
    server.script = [
        (200, {}, {"metadata": {"resourceVersion": "8", "continue": "x"}, "items": [item]}), (200, {}, last),
        (200, {}, {"metadata": {"resourceVersion": "8", "continue": "x"}, "items": [item]}), (410, {}, b""),
        (200, {}, {**last, "items": None}),
    ]  # fmt: skip
    with server.cluster() as cluster:
        found, version = cluster.list("v1", "Pod", labels="a=b", fields="status.phase=Running")
        assert (len(found), found[0]["kind"], version) == (2, "Pod", "9")
        assert cluster.list("v1", "Pod") == ([], "9")
    first, second, *_, anew = [parse_qs(urlsplit(path).query) for _, path, *_ in server.asked]
    assert first == {"labelSelector": ["a=b"], "fieldSelector": ["status.phase=Running"], "limit": ["500"]}
    assert second["continue"] == ["x"]
    assert anew == {}


def test_what_is_sent(server: Server) -> None:
    server.script = [(200, {}, POD)] * 5
    with server.cluster() as cluster:
        cluster.apply(POD, dry_run=True, force=True)
        cluster.create(POD)
        cluster.replace(POD)
        cluster.patch("v1", "Pod", "a", {"x": None}, subresource="status")
        cluster.delete("v1", "Pod", "a", uid="1", version="7")
    shown = [(verb, path, headers.get("Content-Type"), body) for verb, path, headers, body in server.asked]
    base, manager = "/api/v1/namespaces/studio/pods", "fieldManager=doppelganger-ops"
    assert shown[:4] == [
        ("PATCH", f"{base}/a?{manager}&force=true&dryRun=All", "application/apply-patch+yaml", POD),
        ("POST", f"{base}?{manager}", "application/json", POD),
        ("PUT", f"{base}/a?{manager}", "application/json", POD),
        ("PATCH", f"{base}/a/status?{manager}", "application/merge-patch+json", {"x": None}),
    ]
    assert shown[4][:2] == ("DELETE", f"{base}/a")
    assert shown[4][3]["preconditions"] == {"uid": "1", "resourceVersion": "7"}


def test_a_kind_is_looked_up_once_a_version_and_known_ones_not_at_all(server: Server) -> None:
    cron = {"resources": [{"name": "cronjobs", "kind": "CronJob", "namespaced": True}]}
    server.script = [(200, {}, cron), (404, {}, b""), (404, {}, b""), (404, {}, b"")]
    with server.cluster() as cluster:
        assert cluster.get("batch/v1", "CronJob", "a") is None
        assert cluster.get("batch/v1", "CronJob", "b") is None
        with pytest.raises(NoSuchKind, match="no kind Cron in batch/v2"):
            cluster.get("batch/v2", "Cron", "a")
        assert cluster.resource("v1", "Pod").plural == "pods"
    assert [path.rpartition("/")[2] for _, path, *_ in server.asked] == ["v1", "a", "b", "v2"]


def test_a_manifest_of_another_namespace_is_refused(server: Server) -> None:
    manifest = {**POD, "metadata": {"name": "a", "namespace": "other"}}
    with server.cluster() as cluster, pytest.raises(Refused, match="in namespace studio, found other"):
        cluster.apply(manifest)
    with pytest.raises(Refused, match="namespace"):
        Cluster({})


def test_a_container_that_has_not_logged_anything_has_no_lines(server: Server) -> None:
    waiting = {"kind": "Status", "message": 'container "a" in pod "b" is waiting to start: ContainerCreating'}
    server.script = [(400, {}, waiting), (400, {}, {"kind": "Status", "message": "no such container"}), (404, {}, b"")]
    with server.cluster() as cluster:
        assert list(cluster.log("b", "a")) == []
        with pytest.raises(Refused, match="no such container"):
            list(cluster.log("b", "x"))
        with pytest.raises(NotFound):
            list(cluster.log("b", "a"))


def test_the_end_of_a_log_is_asked_for_in_ever_more_entries(server: Server) -> None:
    answers = [b"line\n" * 64, b"line\n" * 400]
    server.script = [(200, {}, answer) for answer in answers]
    with server.cluster() as cluster:
        end = cluster.log_end("b", "a", since=1.0, limit_bytes=10_000)
    assert end == LogEnd("line\n" * 400)
    queries = [urllib.parse.parse_qs(urllib.parse.urlsplit(path).query) for _, path, *_ in server.asked]
    assert [(one["tailLines"], one["timestamps"]) for one in queries] == [(["64"], ["false"]), (["512"], ["false"])]
    assert all(int(one["limitBytes"][0]) >= 16384 * int(one["tailLines"][0]) for one in queries)


def test_a_service_is_asked_through_the_server(server: Server) -> None:
    gone = {"kind": "Status", "message": 'services "web" not found'}
    server.script = [(418, {"X-A": "b"}, b"tea"), (503, {}, STATUS), (404, {}, gone), "silent"]
    with server.cluster() as cluster:
        answer = cluster.service_get("web", 80, "/a b?c=d", headers={"X-B": "c"})
        assert (answer.status, answer.headers["X-A"], answer.body) == (418, "b", b"tea")
        assert cluster.service_get("web", "http", "", scheme="https").status == 503
        with pytest.raises(NotFound):
            cluster.service_get("web", 80, "/")
        with pytest.raises(TimedOut, match=r"gave no whole answer .* within 0.2 s"):
            cluster.service_get("web", 80, "/", timeout=0.2)
    paths = [path.partition("services/")[2] for _, path, *_ in server.asked]
    assert paths[:2] == ["web:80/proxy/a%20b?c=d", "https:web:http/proxy/"]
    assert server.asked[0][2]["X-B"] == "c"


def test_missing_rights_are_asked_for_one_by_one_only_where_the_rules_do_not_tell(server: Server) -> None:
    wanted = [Right("get", "", "pods"), Right("delete", "", "pods"), Right("get", "", "events")]
    server.script = [(201, {}, {"status": {"resourceRules": RULES, "incomplete": True}}),
                     (201, {}, {"status": {"allowed": False}}), (201, {}, {"status": {"allowed": True}})]  # fmt: skip
    with server.cluster() as cluster:
        assert cluster.missing_rights(wanted) == [wanted[1]]


def test_a_forked_process_opens_its_own_connections(server: Server) -> None:
    server.script = [(200, {}, {"gitVersion": "v1"})] * 2
    with server.cluster() as cluster:
        cluster.version()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if cluster.version() == "v1" else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert cluster.server.startswith("http://127.0.0.1:")
