"""Monitoring on the real engine: real Prometheus, Alertmanager and exporters tell of real faults, once and rightly."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._catalogue import catalogue
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._keys import PAIR
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring._alert_rules import expression
from tests.integration.application import ROOT, Application, Run
from tests.integration.conftest import free_port
from tests.integration.receivers import Mailbox, Webhook, telling, until
from tests.integration.visitors import repeated, visitors
from tests.lab import monitoring, network

TOKEN = "canary-of-the-webhook-7d1f"
INVENTORY = yaml.safe_load((ROOT / "inventories/compose_local/group_vars/targets/main.yml").read_text())
#: the catalogue's limits, noticed in seconds instead of minutes
QUICK: dict[str, Any] = {
    "service_up": {"limits": {"critical": {"sustained": 8}}},
    "error_rate": {"window": 6, "limits": {"critical": {"sustained": 2}, "warning": {"sustained": 5}}},
    "latency_p95": {"window": 6, "limits": {"warning": {"sustained": 2}}},
    "deadlocks": {"window": 10},
    # the numbers that a leak and a flood of seconds reach
    "service_memory": {
        **INVENTORY["app_metrics"]["service_memory"],
        "limits": {
            "critical": {"above": 70, "sustained": 1},
            "warning": {"above": 50, "sustained": 1},
            "info": {"above": 40},
        },
    },
    "connections": {"limits": {"warning": {"above": 50, "sustained": 2}}},
    "replication_lag": {"limits": {"warning": {"sustained": 1}}},
    "database_failures": {"limits": {"critical": {"sustained": 2}}},
}
#: what came just before a second message would have
SETTLED = 3.0


@dataclass(frozen=True)
class World:
    """The application, and who is notified of its alerts."""

    app: Application
    pager: Webhook
    mailbox: Mailbox
    folder: Path
    url: str

    def ask(self, path: str) -> Any:
        """What Prometheus answers."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
            return json.loads(answer.read())["data"]

    def tree(self) -> dict[str, str]:
        """The files of the stack that are not the servers' own data."""
        found = [path for path in self.folder.rglob("*") if path.is_file() and "data" not in path.parts]
        return {str(path.relative_to(self.folder)): path.read_text() for path in found}


@pytest.fixture(scope="module")
def world(app: Application) -> Iterator[World]:
    images = monitoring.ensure()
    host = network.bridge()
    pager, mailbox = Webhook(host, TOKEN), Mailbox(host, free_port())
    ports = {name: free_port() for name in ("prometheus", "alertmanager", "host")}
    app.variables.update(
        {
            "app_metrics": QUICK,
            "app_metric_sources": {"openmetrics": {"service": "app", "port": 8000}, "redis": {"service": "redis"}},
            "app_checks": [{"name": "All containers running", "kind": "containers"}],
            "app_soak_seconds": 0,
            "observe_images": images,
            "observe_ports": ports,
            "observe_exporters": ["host", "database", "cache"],
            **telling(pager, mailbox),
            "observe_secrets": {"webhook_token": TOKEN, "database_password": app.env["POSTGRES_PASSWORD"]},
        }
    )
    app.write()
    run = app.deploy("v0.2.1")
    assert run.rc == 0, run.output
    folder = Path(f"{app.state}-monitoring")
    yield World(app, pager, mailbox, folder, f"http://127.0.0.1:{ports['prometheus']}")
    down = ["docker", "compose", "-p", f"{app.name}-monitoring", "down", "--volumes", "--timeout", "1"]
    subprocess.run(down, check=True, capture_output=True)
    pager.close()
    mailbox.close()


def quiet(run: Run) -> Run:
    """A run that said no secret."""
    assert TOKEN not in run.output
    return run


def test_a_check_foretells_and_changes_nothing(world: World) -> None:
    run = quiet(world.app.play("observe", "--check", "--diff"))
    assert run.rc == 0, run.output
    assert run.changed() == 1
    assert "alert: ErrorRateCritical" in run.output
    assert not world.folder.exists()


def test_it_is_set_up_and_works(world: World) -> None:
    run = quiet(world.app.play("observe"))
    assert run.rc == 0, run.output
    assert run.changed() == 1
    assert f"the targets of {world.app.name}, node, postgres, redis are up" in run.output
    loaded = {rule["name"] for group in world.ask("/api/v1/rules")["groups"] for rule in group["rules"]}
    assert {"ServiceUpCritical", "DeadlocksWarning", "CacheMetricsMissing"} <= loaded
    secret = world.folder / "secrets/alertmanager/webhook_token"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (world.folder, secret)] == [0o700, 0o600]
    assert [path for path, text in world.tree().items() if TOKEN in text] == ["secrets/alertmanager/webhook_token"]


#: connects to each address for so long and gives those that answer: "host port" a line
CONNECT = """
import concurrent.futures, socket, sys
def reached(line):
    try:
        socket.create_connection(line.split(), 3).close()
    except OSError:
        return None
    return line
with concurrent.futures.ThreadPoolExecutor(32) as threads:
    print("\\n".join(filter(None, threads.map(reached, sys.stdin.read().splitlines()))))
"""


def inspected(name: str) -> dict[str, Any]:
    said = subprocess.run(["docker", "inspect", name], check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)[0]
    return found


def parts(world: World) -> dict[str, dict[str, Any]]:
    """What the engine says of each container of the stack, by the part that it is."""
    label = f"label=com.docker.compose.project={world.app.name}-monitoring"
    asked = ["docker", "ps", "--filter", label, "--format", '{{.Label "com.docker.compose.service"}} {{.ID}}']
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    pairs = (line.split() for line in said.splitlines())
    return {service.removeprefix("monitoring-"): inspected(identity) for service, identity in pairs}


def addresses(container: dict[str, Any]) -> dict[str, str]:
    """The address of a container in each of its networks."""
    return {name: one["IPAddress"] for name, one in container["NetworkSettings"]["Networks"].items()}


def reached(places: set[str], *within: str) -> set[str]:
    """Which of these places somebody can connect to."""
    argv = [*within, "python3", "-c", CONNECT]
    done = subprocess.run(argv, input="\n".join(places), check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines()) - {""}


def test_the_application_and_other_projects_reach_nothing_of_the_stack(world: World) -> None:
    own, found = f"{world.app.name}-monitoring", parts(world)
    ports = {"prometheus": 9090, "alertmanager": 9093, "database": 9187, "cache": 9121}
    each = {(name, f"{ip} {port}") for part, port in ports.items() for name, ip in addresses(found[part]).items()}
    inside = {place for name, place in each if name == f"{own}_default"}
    theirs = {place for _, place in each} - inside
    named = {f"{name} {port}" for part, port in ports.items() for name in (f"{part}.{own}", f"monitoring-{part}")}
    application = inspected(world.app.containers()["app"][0])
    gateways = {one["Gateway"] for one in application["NetworkSettings"]["Networks"].values()} | {network.bridge()}
    chosen = world.app.variables["observe_ports"]
    published = {f"{ip} {chosen[part]}" for ip in gateways for part in ("prometheus", "alertmanager")}
    # the host sees them, so they are there
    assert (len(inside), len(theirs), reached(inside)) == (4, 3, inside)
    own_database = {f"{ip} 5432" for ip in addresses(inspected(world.app.containers()["postgres"][0])).values()}
    asked = inside | theirs | named | published | own_database
    assert reached(asked, "docker", "exec", "--interactive", application["Id"]) == own_database
    stranger = ["docker", "run", "--rm", "--interactive", "--entrypoint", "", application["Image"]]
    assert reached(asked, *stranger) == set()


def test_the_exporter_of_the_host_answers_only_to_who_has_the_key(world: World) -> None:
    address = (network.bridge(), world.app.variables["observe_ports"]["host"])
    context = ssl.create_default_context(cafile=world.folder / PAIR)
    context.check_hostname = False

    def first_line() -> bytes:
        with (
            socket.create_connection(address, 5) as plain,
            context.wrap_socket(plain, server_hostname="monitoring") as connection,
        ):
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            return connection.recv(15)

    with pytest.raises(OSError, match=r"certificate required|bad certificate"):
        first_line()
    context.load_cert_chain(world.folder / PAIR)
    assert first_line() == b"HTTP/1.0 200 OK"


def test_a_part_sees_its_own_secret_alone(world: World) -> None:
    secrets = {TOKEN: "alertmanager", world.app.env["POSTGRES_PASSWORD"]: "database"}
    found = parts(world)
    assert set(found) == {"prometheus", "alertmanager", "host", "database", "cache"}
    for part, one in found.items():
        for value, reader in secrets.items():
            assert value not in json.dumps(one["Config"]), part
            grep = ["docker", "exec", one["Id"], "grep", "-rlsF", value, "/etc", "/run", "/tmp", "/var"]
            files = subprocess.run(grep, check=False, capture_output=True, text=True).stdout.split()
            assert bool(files) is (part == reader), (part, files)
        assert one["HostConfig"]["ReadonlyRootfs"]
        assert one["HostConfig"]["CapDrop"] == ["ALL"]
    # who sees the disk and the processes of the host does not see into them
    process = found["alertmanager"]["State"]["Pid"]
    file = world.folder / "secrets/alertmanager/webhook_token"
    for path in (f"/host{file}", f"/proc/{process}/root/etc/alertmanager-secrets/webhook_token"):
        read = subprocess.run(["docker", "exec", found["host"]["Id"], "cat", path], check=False, capture_output=True)
        assert b"denied" in read.stderr, read


def test_a_second_run_changes_nothing(world: World) -> None:
    before = world.tree()
    for arguments in ([], ["--check", "--diff"]):
        run = quiet(world.app.play("observe", *arguments))
        assert run.rc == 0, run.output
        assert run.changed() == 0, run.output
    assert world.tree() == before


#: what has no value here, and why
UNKNOWN = {
    "replication_lag": "there is no replica yet",
    "request_growth": "there is no hour before",
    "cache_hits": "nobody has asked for a key",
}


def test_what_the_catalogue_asks_is_there(world: World) -> None:
    """Each expression of a rule has a value from real exporters, but for what is named with the reason."""
    known = catalogue(_catalogue_file.ours(), world.app.name, QUICK, world.app.variables["app_metric_words"])
    asked = {name: expression(metric) for name, metric in known.metrics.items()}

    def empty() -> set[str]:
        answers = {
            name: world.ask(f"/api/v1/query?{urlencode({'query': text})}")["result"] for name, text in asked.items()
        }
        return {name for name, found in answers.items() if not found}

    with visitors(world.app.url):
        with contextlib.suppress(AssertionError):
            until("a value of each", lambda: empty() <= set(UNKNOWN), seconds=15)
        assert empty() <= set(UNKNOWN)
    assert set(UNKNOWN) - {"cache_hits"} <= empty(), "more is there than is said"


def test_a_service_that_is_down_is_paged_once_and_resolves(world: World) -> None:
    container = world.app.containers()["app"][0]
    began = time.time()
    subprocess.run(["docker", "stop", "--time", "1", container], check=True, capture_output=True)
    page = world.pager.wait("ServiceUpCritical", "firing", began)
    time.sleep(SETTLED)
    subprocess.run(["docker", "start", container], check=True, capture_output=True)
    world.pager.wait("ServiceUpCritical", "resolved", began)
    time.sleep(SETTLED)
    assert len(world.pager.of("ServiceUpCritical", "firing", began)) == 1
    assert len(world.pager.of("ServiceUpCritical", "resolved", began)) == 1
    labels = page["alerts"][0]["labels"]
    assert (labels["app"], labels["priority"]) == (world.app.name, "P0")
    assert "rollback" in page["alerts"][0]["annotations"]["remedy"]
    # a machine that starts a container answers slowly, which may be mailed
    assert "ServiceUpCritical" not in world.mailbox.names(began)


def with_fault(world: World, **environment: str) -> None:
    """Deploy the same version with a fault, or without."""
    world.app.write(app_environment={**world.app.variables["app_environment"], **environment})
    run = world.app.deploy("v0.2.1")
    world.app.write()
    assert run.rc == 0, run.output


def deadlock(world: World) -> None:
    """Two sessions that wait for each other; the server ends one of them."""
    argv = ["docker", "exec", world.app.containers()["postgres"][0], "psql", "--user=doppelganger_user", "doppelganger"]
    locks = [("1", "2"), ("2", "1")]
    sessions = [
        [f"--command=SELECT pg_advisory_lock({first}), pg_sleep(5)", f"--command=SELECT pg_advisory_lock({second})"]
        for first, second in locks
    ]
    running = [
        subprocess.Popen([*argv, *session], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for session in sessions
    ]
    said = b"".join(part for one in running for part in one.communicate(timeout=60))
    assert b"deadlock detected" in said


def when_quiet(world: World, alert: str) -> float:
    """The moment from which on a new alert has its own reason: on a busy machine answers are slow without any fault."""

    def is_quiet() -> bool:
        return alert not in {one["labels"]["alertname"] for one in world.ask("/api/v1/alerts")["alerts"]}

    if not is_quiet():
        until(f"The end of {alert}", is_quiet, 60)
        time.sleep(SETTLED)
    return time.time()


def test_errors_are_paged_slowness_and_a_deadlock_are_mailed_once_and_all_resolve(world: World) -> None:
    """One fault after the other: what fixes the first brings the second."""
    began = time.time()
    with visitors(world.app.url):
        with_fault(world, STUDIO_FAULT="errors", STUDIO_FAULT_AFTER="0.1", STUDIO_ERROR_SHARE="0.5")
        page = world.pager.wait("ErrorRateCritical", "firing", began)
        time.sleep(SETTLED)
        slowed = when_quiet(world, "LatencyP95Warning")
        with_fault(world, STUDIO_FAULT="slow", STUDIO_SLOW_SECONDS="0.7")
        world.pager.wait("ErrorRateCritical", "resolved", began)
        mail = world.mailbox.wait("LatencyP95Warning", "firing", slowed)
        time.sleep(SETTLED)
        with_fault(world)
        world.mailbox.wait("LatencyP95Warning", "resolved", slowed)
        slow = [len(world.mailbox.of("LatencyP95Warning", status, slowed)) for status in ("firing", "resolved")]
        deadlock(world)
        world.mailbox.wait("DeadlocksWarning", "firing", began)
        world.mailbox.wait("DeadlocksWarning", "resolved", began)
        time.sleep(SETTLED)
    for told, alert, since in (
        (world.pager, "ErrorRateCritical", began),
        (world.mailbox, "DeadlocksWarning", began),
    ):
        assert [len(told.of(alert, status, since)) for status in ("firing", "resolved")] == [1, 1], alert
    assert slow == [1, 1]
    assert page["alerts"][0]["annotations"]["description"] == "The limit is > 10 percent for 2 s."
    assert mail["to"] == ["ops@example.com"]
    assert mail["subject"] == f"[FIRING] {world.app.name}: LatencyP95Warning"
    assert "What to do: Compare with query_time and cpu" in mail["text"]
    # each at its own place alone; the warning about the same as a page is kept back
    assert "ErrorRateCritical" not in world.mailbox.names(began)
    assert {"LatencyP95Warning", "DeadlocksWarning"}.isdisjoint(world.pager.names(began))
    assert "ErrorRateWarning" not in world.mailbox.names(began) | world.pager.names(began)


@contextlib.contextmanager
def replica(world: World) -> Iterator[str]:
    """A streaming replica of the database, in the network of its container; gives how to ask it."""
    name, primary = f"{world.app.name}-replica", world.app.containers()["postgres"][0]
    image = world.app.variables["app_environment"]["POSTGRES_IMAGE"]
    follow = (
        "pg_basebackup --host=127.0.0.1 --username=doppelganger_user --pgdata=/tmp/replica --checkpoint=fast "
        "--write-recovery-conf && exec postgres -D /tmp/replica -p 5433"
    )
    way = ["--network", f"container:{primary}", "--user", "postgres", "--env", "PGDATA=/tmp/replica"]
    argv = ["docker", "run", "--detach", "--name", name, *way, image, "sh", "-c", follow]
    subprocess.run(argv, check=True, capture_output=True)
    try:
        until("a replica that follows", lambda: asked(name, 5433, "SELECT pg_is_in_recovery()") == "t")
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=True, capture_output=True)


def asked(container: str, port: int, statement: str) -> str:
    """What a server of PostgreSQL answers; empty where it does not."""
    login = ["--host=127.0.0.1", f"--port={port}", "--user=doppelganger_user", "doppelganger"]
    argv = ["docker", "exec", container, "psql", *login, "--tuples-only", "--no-align", f"--command={statement}"]
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def written_to(world: World) -> Iterator[None]:
    """The database is written to all the time: of one that is not, no replica can lag."""
    container = world.app.containers()["postgres"][0]
    argv = ["docker", "exec", "--interactive", container, "psql", "--quiet", "--user=doppelganger_user", "doppelganger"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as session:
        assert session.stdin is not None
        stdin = session.stdin

        def write() -> None:
            stdin.write("SELECT txid_current();\n")
            stdin.flush()

        with repeated(write, 0.5):
            yield
        stdin.close()


@contextlib.contextmanager
def flooded(world: World, clients: int) -> Iterator[None]:
    """So many clients that never come to the end of what they ask."""
    port = int(world.app.url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(clients)]

        def go_on() -> None:
            for one in connections:
                with contextlib.suppress(OSError):
                    one.send(b"x")

        with repeated(go_on, 0.5):
            yield


def test_a_leak_a_flood_and_a_replica_that_lags_are_told_once_and_all_resolve(world: World) -> None:
    """All at the same time: they have nothing to do with each other."""
    began = time.time()
    with replica(world) as follower, written_to(world):
        with_fault(world, STUDIO_FAULT="leak", STUDIO_LEAK_MIB="6")
        asked(follower, 5433, "SELECT pg_wal_replay_pause()")
        with flooded(world, 70):
            flood = world.mailbox.wait("ConnectionsWarning", "firing", began)
            time.sleep(SETTLED)
        lag = world.mailbox.wait("ReplicationLagWarning", "firing", began)
        asked(follower, 5433, "SELECT pg_wal_replay_resume()")
        leak = world.mailbox.wait("ServiceMemoryWarning", "firing", began)
        page = world.pager.wait("ServiceMemoryCritical", "firing", began)
        with_fault(world)
        world.pager.wait("ServiceMemoryCritical", "resolved", began)
        for alert in ("ServiceMemoryWarning", "ConnectionsWarning", "ReplicationLagWarning"):
            world.mailbox.wait(alert, "resolved", began)
        time.sleep(SETTLED)
    for told, alert in (
        (world.pager, "ServiceMemoryCritical"),
        (world.mailbox, "ServiceMemoryWarning"),
        (world.mailbox, "ConnectionsWarning"),
        (world.mailbox, "ReplicationLagWarning"),
    ):
        assert [len(told.of(alert, status, began)) for status in ("firing", "resolved")] == [1, 1], alert
    assert world.pager.names(began) == {"ServiceMemoryCritical"}
    assert "ServiceMemoryCritical" not in world.mailbox.names(began)
    assert "killed by the kernel" in page["alerts"][0]["annotations"]["remedy"]
    for mail, limit in ((flood, "> 50 connections"), (lag, "> 5 s"), (leak, "> 50 percent")):
        assert f"The limit is {limit}" in mail["text"]


def test_a_replica_that_has_replayed_all_does_not_lag_however_long_it_is_idle(world: World) -> None:
    known = catalogue(_catalogue_file.ours(), world.app.name, QUICK, world.app.variables["app_metric_words"])
    query = known.metrics["replication_lag"].sources["postgres"]["query"]
    primary = world.app.containers()["postgres"][0]
    with replica(world) as follower:
        asked(primary, 5432, "SELECT txid_current()")
        time.sleep(SETTLED)
        assert asked(follower, 5433, query) == "0"
        asked(follower, 5433, "SELECT pg_wal_replay_pause()")
        asked(primary, 5432, "SELECT txid_current()")
        until("a replica that lags", lambda: float(asked(follower, 5433, query)) > SETTLED)


def test_a_database_that_is_down_is_paged_once_and_resolves(world: World) -> None:
    container = world.app.containers()["postgres"][0]
    began = time.time()
    subprocess.run(["docker", "stop", "--time", "5", container], check=True, capture_output=True)
    world.pager.wait("DatabaseFailuresCritical", "firing", began)
    time.sleep(SETTLED)
    subprocess.run(["docker", "start", container], check=True, capture_output=True)
    world.pager.wait("DatabaseFailuresCritical", "resolved", began)
    time.sleep(SETTLED)
    assert len(world.pager.of("DatabaseFailuresCritical", "firing", began)) == 1
    assert len(world.pager.of("DatabaseFailuresCritical", "resolved", began)) == 1


def test_a_number_of_the_inventory_is_reloaded_and_a_broken_one_is_taken_back(world: World) -> None:
    metrics = {**QUICK, "connections": {"limits": {"warning": {"above": 77}}}}
    world.app.write(app_metrics=metrics)
    run = quiet(world.app.play("observe", "--diff"))
    assert (run.rc, run.changed()) == (0, 1), run.output
    rules = {rule["name"]: rule for group in world.ask("/api/v1/rules")["groups"] for rule in group["rules"]}
    assert rules["ConnectionsWarning"]["query"].endswith("> 77")

    before = world.tree()
    broken = {**metrics, "connections": {"sources": {"prometheus": {"query": "sum("}}}}
    world.app.write(app_metrics=broken)
    run = quiet(world.app.play("observe"))
    assert run.rc == 2, run.output
    assert "refused its files" in run.output
    after = world.tree()
    assert {path for path in after if before.get(path) != after[path]} == {f".{world.app.name}.reload-due"}
    # the old ones are still at work
    assert "ConnectionsWarning" in json.dumps(world.ask("/api/v1/rules"))

    world.app.write()
    assert quiet(world.app.play("observe")).rc == 0
    assert not (world.folder / f".{world.app.name}.reload-due").exists()


def test_routes_that_are_refused_take_the_rules_back_as_well(world: World) -> None:
    """Prometheus has read the new rules when Alertmanager refuses; neither keeps them."""
    before = world.tree()
    metrics = {**QUICK, "connections": {"limits": {"warning": {"above": 66}}}}
    # not a URL that Alertmanager takes
    world.app.write(app_metrics=metrics, observe_webhook_url="nowhere")
    run = quiet(world.app.play("observe"))
    assert run.rc == 2, run.output
    assert "Alertmanager" in run.output
    assert "> 66" not in json.dumps(world.ask("/api/v1/rules"))
    assert {path for path, text in world.tree().items() if before.get(path) != text} == {
        f".{world.app.name}.reload-due"
    }
    world.app.write()
    assert quiet(world.app.play("observe")).rc == 0


def test_an_exporter_that_is_not_wanted_goes_and_one_that_a_killed_run_left_unread_reads_its_files(
    world: World,
) -> None:
    def started() -> str:
        asked = [
            "docker",
            "inspect",
            "--format",
            "{{.State.StartedAt}}",
            f"{world.app.name}-monitoring-monitoring-database-1",
        ]
        return subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()

    world.app.write(observe_exporters=["host", "cache"])
    run = quiet(world.app.play("observe"))
    assert (run.rc, run.changed(), started()) == (0, 1, ""), run.output
    world.app.write()
    run = quiet(world.app.play("observe"))
    assert (run.rc, run.changed()) == (0, 1), run.output

    before = started()
    (world.folder / f".{world.app.name}.reload-due").touch()
    run = quiet(world.app.play("observe"))
    assert (run.rc, run.changed()) == (0, 1), run.output
    assert started() != before, "it was killed before the exporters were started anew"
    run = quiet(world.app.play("observe"))
    assert (run.rc, run.changed()) == (0, 0), run.output
