"""The checkout is a collection and a package at once, and says nothing that belongs to one machine."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import doppelganger_ops
from tests.contract.house import ROOT, load, named, tracked

FARM = ROOT / "collections/ansible_collections/doppelganger/ops"


def test_the_checkout_is_the_collection_by_six_relative_links() -> None:
    found = {path.name: os.readlink(path) for path in FARM.iterdir()}
    names = ("README.md", "galaxy.yml", "meta", "playbooks", "plugins", "roles")
    assert found == {name: f"../../../../{name}" for name in names}
    assert [name for name in names if (FARM / name).resolve() != ROOT / name] == []
    assert not list((ROOT / "collections").rglob("__init__.py"))


def test_the_collection_has_the_version_of_the_package() -> None:
    assert load(ROOT / "galaxy.yml")["version"] == doppelganger_ops.__version__


def test_an_artefact_holds_nothing_but_the_collection() -> None:
    left_out = load(ROOT / "galaxy.yml")["build_ignore"]
    papers = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "docs"}
    kept = {*papers, "galaxy.yml", "meta", "playbooks", "plugins", "roles"}
    paths = [path.relative_to(ROOT) for path in tracked()]
    top = {path.parts[0] for path in paths} - {"tests"}
    assert sorted(name for name in top - kept if not name.startswith(".") and name not in left_out) == []
    in_tests = [path for path in paths if path.parts[0] == "tests"]
    shipped = [path for path in in_tests if not any(fnmatch("/".join(path.parts[:2]), one) for one in left_out)]
    assert {path.suffix for path in shipped} == {".txt", ".yml"}
    assert {path.parts[1] for path in shipped} == {"config.yml", "sanity"}


def test_ansible_cfg_is_short_and_has_no_percent_sign() -> None:
    """AWX reads it with interpolation on, which loses a value with a percent sign."""
    lines = [line for line in (ROOT / "ansible.cfg").read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) <= 18
    assert not [line for line in lines if "%" in line]


def test_no_inventory_is_the_default() -> None:
    """Whoever forgets to give one would deploy the example."""
    lines = (ROOT / "ansible.cfg").read_text().splitlines()
    assert [line for line in lines if re.match(r"inventory\s*=", line)] == []


@pytest.mark.parametrize("folder", ["plugins", "roles", "playbooks"])
def test_the_first_application_is_named_nowhere_in_the_collection(folder: str) -> None:
    found = [
        f"{named(path)}: {line.strip()}"
        for path in tracked()
        if path.is_relative_to(ROOT / folder)
        for line in path.read_text().splitlines()
        if re.search(r"(?i)\bstudio\b", line)
    ]
    assert found == []


REASONLESS = (
    re.compile(r"# noqa(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?\s*$"),
    re.compile(r"# noqa:?\s*[a-z-]+(\[[a-z-]+\])?\s*$"),
    re.compile(r"# type: ignore(\[[a-z, -]+\])?\s*$"),
)


@pytest.mark.parametrize("suffixes", [(".py",), (".yml", ".yaml")], ids=["python", "yaml"])
def test_what_a_linter_is_told_to_pass_over_has_a_reason(suffixes: tuple[str, ...]) -> None:
    found = [
        f"{named(path)}:{number}: {line.strip()}"
        for path in tracked()
        if path.suffix in suffixes and path.parts[len(ROOT.parts)] not in ("tests", "examples")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any(pattern.search(line) for pattern in REASONLESS)
    ]
    assert found == []


#: where everybody gets packages and images from
PUBLIC = (
    "ansible.com",
    "debian.org",
    "docker.com",
    "docker.io",
    "example",
    "ghcr.io",
    "github.com",
    "google.com",
    "golang.org",
    "kubernetes.io",
    "localhost",
    "nodesource.com",
    "npmjs.org",
    "pypi.org",
    "pythonhosted.org",
    "quay.io",
    "ubuntu.com",
)


def hosts_of(text: str) -> set[str]:
    return {host for url in re.findall(r"\bhttps?://[^\s'\",\]]+", text) if (host := urlsplit(url).hostname)}


def mirror_hosts() -> set[str]:
    """The hosts that this machine gets packages from; they are its own affair, so they are read and not written."""
    found: set[str] = set()
    home = Path.home()
    for path in [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]:
        parser = configparser.RawConfigParser()
        parser.read(path)
        for section in parser.sections():
            found |= hosts_of(" ".join(parser[section].values()))
            found |= set(parser[section].get("trusted-host", "").split())
    sources = [
        Path("/etc/apt/sources.list"),
        *Path("/etc/apt").glob("sources.list.d/*"),
        *Path("/etc/apt").glob("apt.conf.d/*"),
    ]
    for path in [*sources, Path("/etc/docker/daemon.json")]:
        if path.is_file() and os.access(path, os.R_OK):
            found |= hosts_of(path.read_text(errors="replace"))
    for name in (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "UV_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "NPM_CONFIG_REGISTRY",
        "GOPROXY",
    ):
        found |= hosts_of(os.environ.get(name, ""))
    if shutil.which("npm"):
        argv = ["npm", "config", "get", "registry"]
        found |= hosts_of(subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60).stdout)
    return {host for host in found if not f".{host}".endswith(tuple(f".{public}" for public in PUBLIC))}


def test_the_mirrors_of_this_machine_are_named_nowhere() -> None:
    hosts = mirror_hosts()
    found = [
        named(path)
        for path in tracked()
        if any(host in path.read_text(encoding="utf-8", errors="replace") for host in hosts)
    ]
    assert found == []


def test_a_test_that_hangs_fails(request: pytest.FixtureRequest) -> None:
    assert 0 < float(request.config.getini("timeout")) <= 120
