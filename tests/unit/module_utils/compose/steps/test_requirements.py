"""What a host lacks and which packages bring it; and which runs would touch no host at all."""

from __future__ import annotations

import sys

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.doppelganger.ops.plugins.filter.required_hosts import required_hosts
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _errors
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.steps import _requirements
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError

# apt-cache policy, apt 2.6.1 on Debian 12, 2026-11-23
APT = """docker.io:
  Installed: (none)
  Candidate: 20.10.24+dfsg1-1+deb12u1
  Version table:
     20.10.24+dfsg1-1+deb12u1 500
docker-compose:
  Installed: (none)
  Candidate: 1.29.2-3
docker-ce:
  Installed: (none)
  Candidate: (none)
git:
  Installed: 1:2.39.5-0+deb12u2
  Candidate: 1:2.39.5-0+deb12u2
"""


def test_candidates_of_apt_are_read() -> None:
    assert _requirements.parse_apt(APT) == {"docker.io": 20, "docker-compose": 1, "git": 2}


@pytest.mark.parametrize(
    ("listing", "found"),
    [
        pytest.param("git 2.43.5\nmoby-engine 24.0.5\n", {"git": 2, "moby-engine": 24}, id="dnf 4.14"),
        pytest.param("python3-docker latest\n", {"python3-docker": 0}, id="a version without a number"),
        pytest.param("\nLast metadata expiration check\n", {}, id="other lines"),
    ],
)
def test_candidates_of_dnf_are_read(listing: str, found: dict[str, int]) -> None:
    assert _requirements.parse_dnf(listing) == found


@pytest.mark.parametrize(
    ("missing", "available", "packages", "unmet"),
    [
        pytest.param([], {}, [], [], id="nothing is missing"),
        pytest.param(["engine"], {"docker.io": 20}, ["docker.io"], [], id="the only one"),
        pytest.param(["engine"], {"docker.io": 20, "docker-ce": 27}, ["docker-ce"], [], id="the best one"),
        pytest.param(["compose"], {"docker-compose": 1}, [], ["compose"], id="too old to be of use"),
        pytest.param(["compose"], {"docker-compose": 2}, ["docker-compose"], [], id="new enough"),
        pytest.param(["engine", "sdk"], {"docker.io": 20}, ["docker.io"], ["sdk"], id="only some can be had"),
    ],
)
def test_packages_are_chosen(
    missing: list[str], available: dict[str, int], packages: list[str], unmet: list[str]
) -> None:
    assert _requirements.choose(missing, _requirements.DEBIAN, available) == (packages, unmet)


def test_whatever_can_be_missing_has_words_advice_and_packages() -> None:
    needs = set(_requirements.WORDS)
    assert set(_requirements.ADVICE) == needs
    assert set(_requirements.DEBIAN) == needs
    assert set(_requirements.REDHAT) == needs


def test_a_library_that_packages_do_not_bring_is_no_reason_to_install_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment does not see it: prepare would find it missing each time."""
    monkeypatch.setattr(_requirements, "_is_missing", lambda need: need == "sdk")
    monkeypatch.setattr(sys, "prefix", "/opt/ops")
    monkeypatch.setattr(sys, "executable", "/opt/ops/bin/python")
    with pytest.raises(OpsError) as caught:
        _requirements.run(None, {}, True)  # type: ignore[arg-type]  # it has no use for a target
    assert (caught.value.reason, caught.value.data["missing"]) == ("package_unavailable", ["sdk"])
    assert "/opt/ops/bin/python -m pip install docker" in caught.value.hint


def test_without_the_library_the_engine_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_errors, "docker", None)
    monkeypatch.setattr(sys, "prefix", "/opt/ops")
    with pytest.raises(OpsError) as caught:
        _errors.connect()
    assert (caught.value.reason, caught.value.kind) == ("program_missing", "refused")
    assert f"{sys.executable} -m pip install docker" in caught.value.hint


GROUPS = {"targets": ["one", "two"], "nobody": []}


@pytest.mark.parametrize(
    ("group", "selected", "words"),
    [
        pytest.param("targets", ["one", "two"], None, id="all"),
        pytest.param("targets", ["two", "other"], None, id="some"),
        pytest.param("targets", ["other"], "--limit leaves none of one, two", id="a limit that leaves nobody"),
        pytest.param("nobody", ["one"], "the group is empty", id="an empty group"),
        pytest.param("tragets", ["one"], "the inventory has no such group", id="an unknown group"),
    ],
)
def test_a_run_that_would_touch_no_host_is_refused(group: str, selected: list[str], words: str | None) -> None:
    if words is None:
        assert required_hosts(group, GROUPS, selected) == group
        return
    with pytest.raises(AnsibleFilterError, match=words):
        required_hosts(group, GROUPS, selected)
