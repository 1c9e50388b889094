"""Monitoring on a host: what is judged of Prometheus' answers, and which files differ."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _monitoring
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring import _keys
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._files import (
    File,
    differences,
    mark,
    owner,
    read,
    wanted_files,
    watcher,
    write,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._health import (
    missing_rules,
    no_alertmanager,
    targets_down,
    wait_for,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._keys import PAIR, pair
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._server import (
    Server,
    Signal,
    reloads,
    verdict,
)
from tests.unit.support.making import container


def rule(name: str, app: str = "shop", health: str = "ok", error: str = "") -> dict[str, Any]:
    return {"name": name, "labels": {"app": app}, "health": health, "lastError": error}


RULES: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "all": ([rule("One"), rule("Two")], []),
    "not evaluated yet": ([rule("One", health="unknown"), rule("Two")], []),
    "one is gone": ([rule("One")], ["1 of 2 rules are not loaded: Two"]),
    "of another application": (
        [rule("One", "other"), rule("Two", "other")], ["2 of 2 rules are not loaded: One, Two"],
    ),
    "one is broken": (
        [rule("One", health="err", error="many-to-many"), rule("Two")],
        ["the rule One cannot be evaluated: many-to-many"],
    ),
    "a rule without labels": ([{"name": "One"}, rule("Two")], ["1 of 2 rules are not loaded: One"]),
    "none": ([], ["2 of 2 rules are not loaded: One, Two"]),
}  # fmt: skip


@pytest.mark.parametrize(("loaded", "expected"), RULES.values(), ids=RULES.keys())
def test_rules_that_are_not_at_work_are_named(loaded: list[dict[str, Any]], expected: list[str]) -> None:
    answer = {"data": {"groups": [{"rules": loaded[:1]}, {"rules": loaded[1:]}]}}
    assert missing_rules(answer, ["One", "Two"], "shop") == expected


def target(job: str, health: str = "up", error: str = "") -> dict[str, Any]:
    return {"labels": {"job": job}, "health": health, "lastError": error, "scrapeUrl": f"http://{job}/metrics"}


TARGETS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "up": ([target("shop"), target("node")], []),
    "another one is down": ([target("shop"), target("node"), target("else", "down", "refused")], []),
    "no target": ([target("shop")], ["there is no target of the job node"]),
    "one of several is down": (
        [target("shop"), target("node"), target("node", "down", "refused")],
        ["the target http://node/metrics of the job node is down: refused"],
    ),
    "not scraped yet": (
        [target("shop", "unknown"), target("node")],
        ["the target http://shop/metrics of the job shop is unknown: not scraped yet"],
    ),
}


@pytest.mark.parametrize(("active", "expected"), TARGETS.values(), ids=TARGETS.keys())
def test_targets_that_are_not_up_are_named(active: list[dict[str, Any]], expected: list[str]) -> None:
    assert targets_down({"data": {"activeTargets": active}}, ["shop", "node"]) == expected


def test_a_prometheus_that_tells_nobody_is_not_as_it_should_be() -> None:
    assert no_alertmanager({"data": {"activeAlertmanagers": [{"url": "http://am"}]}}) == []
    assert len(no_alertmanager({"data": {"activeAlertmanagers": []}})) == 1


def test_waiting_ends_when_all_is_well_and_not_before() -> None:
    answers = iter([["starting"], ["starting"], []])
    assert wait_for(lambda: next(answers), 5, lambda: None) == []


def test_only_what_restarts_from_now_on_makes_waiting_hopeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [container("prometheus", restart_count=5, health="none")]
    monkeypatch.setattr(_monitoring, "Project", lambda _name: SimpleNamespace(containers=lambda: found))
    monkeypatch.setattr(_monitoring, "gateway", lambda: "172.17.0.1")
    given = {"folder": str(tmp_path), "files": [], "secrets": {}, "readers": {}, "has_key": False, "cache_address": ""}
    servers = {"prometheus": "http://127.0.0.1:9090", "alertmanager": ""}
    setup = _monitoring.Setup({"app": "shop", "project": "shop-monitoring", **given, **servers})
    assert setup.hopeless() is None
    found[:] = [container("prometheus", restart_count=8, health="none")]
    assert setup.hopeless() == "prometheus keeps restarting (exit code 0, 3 restarts)"


def test_waiting_ends_with_what_is_still_wrong() -> None:
    assert wait_for(lambda: ["down"], 0, lambda: None) == ["down"]


def test_waiting_ends_at_once_where_it_is_of_no_use() -> None:
    assert wait_for(lambda: ["starting"], 600, lambda: "it keeps restarting") == ["it keeps restarting"]


# files


def test_only_what_differs_is_shown(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("a\n")
    (tmp_path / "other").write_text("old\n")
    found = differences(tmp_path, [File("same", "a\n"), File("other", "new\n"), File("sub/fresh", "b\n")])
    assert [(one["before"], one["after"]) for one in found] == [("old\n", "new\n"), ("", "b\n")]


@pytest.mark.parametrize("before", [None, "first-secret"])
def test_a_secret_is_never_shown(tmp_path: Path, before: str | None) -> None:
    if before:
        (tmp_path / "token").write_text(before)
    (found,) = differences(tmp_path, [File("token", "second-secret", is_secret=True)])
    assert "-secret" not in str(found).replace(str(tmp_path), "")


def test_secrets_are_files_and_that_of_the_cache_says_where_it_belongs() -> None:
    params = {
        "files": [{"path": "a", "content": "b"}],
        "secrets": {"smtp_password": "one", "cache_password": "two", "database_password": "three", "webhook_token": ""},
        "readers": {"alertmanager": ["smtp_password"], "cache": ["cache_password"]},
        "cache_address": "redis://redis:6379",
    }
    assert wanted_files(params) == [
        File("a", "b"),
        File("secrets/alertmanager/smtp_password", "one", True),
        File("secrets/cache/cache_password.json", '{"redis://redis:6379": "two"}', True),
    ]


IS_ROOT = os.geteuid() == 0
RIGHTS = {
    "for everybody": ((False, False), 0o644, (os.geteuid(), os.getegid())),
    "a secret": ((True, False), 0o600, owner()),
    # who is not root can give nothing away, and has closed the folder above
    "a secret of two": (
        (True, True),
        0o640 if IS_ROOT else 0o644,
        (owner()[0], (watcher() if IS_ROOT else owner())[1]),
    ),
}


@pytest.mark.parametrize(("kind", "mode", "held_by"), RIGHTS.values(), ids=RIGHTS.keys())
def test_a_file_has_the_rights_that_its_readers_need(
    tmp_path: Path, kind: tuple[bool, bool], mode: int, held_by: tuple[int, int]
) -> None:
    write(tmp_path / "sub/file", File("sub/file", "text", *kind))
    found = (tmp_path / "sub/file").stat()
    assert stat.S_IMODE(found.st_mode) == mode
    assert (found.st_uid, found.st_gid) == held_by


def test_who_sees_the_host_is_nobody_who_has_a_secret_or_is_in_their_group() -> None:
    assert {*watcher()}.isdisjoint({*owner(), os.geteuid(), os.getegid()})


def test_no_link_is_followed_where_others_may_write(tmp_path: Path) -> None:
    """A folder of rules may belong to the user of that Prometheus, and we may be root."""
    theirs = tmp_path / "passwd"
    theirs.write_text("root")
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / ".shop.yml.partial").symlink_to(theirs)
    (folder / ".shop.reload-due").symlink_to(tmp_path / "nowhere")
    (folder / "shop.yml").symlink_to(theirs)
    [shown] = differences(folder, [File("shop.yml", "rules")])
    assert shown["before"] == ""
    write(folder / "shop.yml", File("shop.yml", "rules"))
    mark(folder / ".shop.reload-due")
    assert (theirs.read_text(), (folder / "shop.yml").read_text()) == ("root", "rules")
    assert not (tmp_path / "nowhere").exists()
    assert not (folder / "shop.yml").is_symlink()
    os.mkfifo(folder / "pipe")
    assert read(folder / "pipe") is None


def stack(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> _monitoring.Setup:
    monkeypatch.setattr(_monitoring, "gateway", lambda: "172.17.0.1")
    monkeypatch.setattr(_monitoring, "Project", lambda _name: SimpleNamespace(containers=list))
    given: dict[str, Any] = {
        "app": "shop", "project": "shop-monitoring", "folder": str(folder), "files": [], "cache_address": "",
        "secrets": {"database_password": "canary"}, "readers": {"database": ["database_password"]}, "has_key": True,
        "prometheus": "http://127.0.0.1:9090", "alertmanager": "",
    }  # fmt: skip
    return _monitoring.Setup({**given, **changes})


def test_secrets_that_nobody_reads_any_more_go_also_those_of_older_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop-monitoring"
    stack(folder, monkeypatch).write()
    (folder / "secrets/webhook_token").write_text("flat")
    (folder / "secrets/cache").mkdir()
    (folder / "secrets/cache/cache_password.json").write_text("{}")
    stack(folder, monkeypatch).write()
    left = {str(path.relative_to(folder)) for path in (folder / "secrets").rglob("*") if path.is_file()}
    assert left == {"secrets/database/database_password", PAIR}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_key_is_made_once_and_made_again_when_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pair.pem"
    path.write_text(pair(path))
    made = path.read_text()
    assert pair(path) == made
    ssl.create_default_context().load_cert_chain(path)
    monkeypatch.setattr(_keys, "_SOON", (_keys._DAYS + 1) * 24 * 3600)
    assert pair(path) != made


# a reload


def shown(is_good: bool, taken: float) -> str:
    return (
        f"# TYPE prometheus_config_last_reload_successful gauge\nprometheus_config_last_reload_successful {is_good:d}\n"
        f"prometheus_config_last_reload_success_timestamp_seconds {taken!r}\n"
    )


VERDICTS: dict[str, tuple[tuple[bool, float], tuple[bool, float], bool | None]] = {
    "taken": ((True, 1.7e9), (True, 1.7e9 + 0.25), True),
    "taken after one that was refused": ((False, 1.7e9), (True, 1.7e9 + 0.25), True),
    "refused": ((True, 1.7e9), (False, 1.7e9), False),
    "not yet": ((True, 1.7e9), (True, 1.7e9), None),
    "not yet, or refused once more": ((False, 1.7e9), (False, 1.7e9), None),
}


@pytest.mark.parametrize(("before", "now", "expected"), VERDICTS.values(), ids=VERDICTS.keys())
def test_prometheus_metrics_say_whether_a_signal_was_heeded(
    before: tuple[bool, float], now: tuple[bool, float], expected: bool | None
) -> None:
    assert verdict(reloads(shown(*before)), reloads(shown(*now))) is expected


def signalled(after: str, said: str = "") -> Server:
    """A server whose metrics are another one once it was sent a signal."""
    metrics = [shown(True, 1.0)]
    server = Server("Prometheus", "http://127.0.0.1:9", Signal(lambda: metrics.append(after), lambda _since: said))
    server.ask = lambda path, method="GET": metrics[-1].encode() if (path, method) == ("/metrics", "GET") else b""  # type: ignore[method-assign]
    return server


def test_a_signal_that_is_heeded_is_a_reload() -> None:
    signalled(shown(True, 2.0)).reload(0)


@pytest.mark.parametrize("after", [shown(False, 1.0), shown(True, 1.0), "nothing of it"])
def test_files_that_are_refused_or_not_read_are_an_error_with_what_was_said(after: str) -> None:
    with pytest.raises(OpsError) as error:
        signalled(after, "could not parse expression").reload(0)
    assert "could not parse expression" in error.value.message
