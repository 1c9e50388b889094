"""What compose files of a repository may name, as Compose itself reads them: nothing outside of the checkout."""

from __future__ import annotations

import re
import resource
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.files import _source
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from tests.unit.support.hostile_manifests import LAUGHS, MERGES
from tests.unit.support.making import app

CANARY = "s3cret-canary-of-others"
WEB = "services: {web: {image: x}}\n"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """What others have on the host: of each kind a file that compose could read."""
    folder = tmp_path / "theirs"
    (folder / "context").mkdir(parents=True)
    (folder / "context/Dockerfile").write_text("FROM scratch\n")
    (folder / "secret.env").write_text(f"PASSWORD={CANARY}\n")
    (folder / "compose.yml").write_text(f"services: {{web: {{image: x, environment: {{A: {CANARY}}}}}}}\n")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "state/source/0123456789ab"
    (folder / "sub").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "ok.env").write_text("A=1\n")
    (folder / "ok.yml").write_text("services: {base: {image: x, env_file: ok.env}}\n")
    return folder


def read(tree: Path, **more: Any) -> dict[str, Any]:
    # all that lies there is of the repository, links too
    for arguments in (["init", "--quiet"], ["add", "--all", "--force"]):
        subprocess.run(["git", "-C", str(tree), *arguments], check=True)
    return _source.read(app(name="shop", **more), tree, "v1")[1]


def link(name: str, target: str) -> Callable[[Path, Path], None]:
    return lambda tree, theirs: (tree / name).symlink_to(theirs / target)


#: a compose file in which THEIRS is the folder of others; which link lies in the checkout
NAMES: dict[str, tuple[str, Callable[[Path, Path], None] | None]] = {
    "an env file, absolute": ("services: {web: {image: x, env_file: THEIRS/secret.env}}", None),
    "an env file, by ..": ("services: {web: {image: x, env_file: [ok.env, ../../../theirs/secret.env]}}", None),
    "an env file, by a link": (
        "services: {web: {image: x, env_file: [{path: a.env, required: false}]}}",
        link("a.env", "secret.env"),
    ),
    "an env file, by a linked folder": ("services: {web: {image: x, env_file: sub2/secret.env}}", link("sub2", "")),
    "an env file, by a variable": ('services: {web: {image: x, env_file: "${NONE:-THEIRS}/secret.env"}}', None),
    "an env file, in escapes": ('services: {web: {image: x, "env\\x5ffile": "THEIRS/secret\\x2eenv"}}', None),
    "an env file, by an anchor": ("x-a: &a {env_file: THEIRS/secret.env}\nservices: {web: {image: x, <<: *a}}", None),
    "an env file, in a second document": (
        f"---\n{WEB}---\nservices:\n  web:\n    env_file: THEIRS/secret.env\n",
        None,
    ),
    "an include, absolute": (f"include: [THEIRS/compose.yml]\n{WEB}", None),
    "an include, by a link": (f"include: [{{path: [ok.yml, a.yml]}}]\n{WEB}", link("a.yml", "compose.yml")),
    "an include's env file": (f"include: [{{path: ok.yml, env_file: THEIRS/secret.env}}]\n{WEB}", None),
    "an include's folder": (f"include: [{{path: ok.yml, project_directory: THEIRS}}]\n{WEB}", None),
    "an include's own .env": (f"include: [sub/a.yml]\n{WEB}", link("sub/.env", "secret.env")),
    "an extends, absolute": ("services: {web: {extends: {file: THEIRS/compose.yml, service: web}}}", None),
    "an extends, by a link": (
        "services: {web: {extends: {file: a.yml, service: web}}}",
        link("a.yml", "compose.yml"),
    ),
    "a build context, absolute": ("services: {web: {build: THEIRS/context}}", None),
    "a build context, by a link": ("services: {web: {build: {context: a}}}", link("a", "context")),
    "a Dockerfile": ("services: {web: {build: {context: ., dockerfile: THEIRS/context/Dockerfile}}}", None),
    "a Dockerfile, by a link": (
        "services: {web: {build: {context: ., dockerfile: a}}}",
        link("a", "context/Dockerfile"),
    ),
    "another build context": (
        "services: {web: {build: {context: ., additional_contexts: {a: THEIRS/context}}}}",
        None,
    ),
    "a config": ("services: {web: {image: x, configs: [a]}}\nconfigs: {a: {file: THEIRS/secret.env}}", None),
    "a secret, by a link": ("services: {web: {image: x, secrets: [a]}}\nsecrets: {a: {file: ./a}}",
                            link("a", "secret.env")),
    "a seccomp profile": ("services: {web: {image: x, security_opt: ['seccomp:../../../theirs/secret.env']}}", None),
    "the project's .env": (WEB, link(".env", "secret.env")),
}  # fmt: skip


@pytest.mark.parametrize(("text", "make"), NAMES.values(), ids=NAMES.keys())
def test_what_leads_out_is_refused_by_name(
    tree: Path, theirs: Path, text: str, make: Callable[[Path, Path], None] | None
) -> None:
    (tree / "sub/a.yml").write_text("services: {other: {image: x}}\n")
    if make:
        make(tree, theirs)
    (tree / "compose.yml").write_text(text.replace("THEIRS", str(theirs)))
    with pytest.raises(Refused) as error:
        read(tree)
    assert error.value.data["target"].startswith(str(theirs))
    assert CANARY not in str(error.value.as_result())


@pytest.mark.parametrize(
    "text",
    [
        f"include: [REMOTE]\n{WEB}",
        f"include: [{{path: [ok.yml, REMOTE]}}]\n{WEB}",
        "services: {web: {extends: {file: REMOTE, service: web}}}",
        f'include: ["${{NONE:-REMOTE}}"]\n{WEB}',
    ],
)
@pytest.mark.parametrize(
    "remote",
    ["http://127.0.0.1:PORT/app.git#main:compose.yml", "git://127.0.0.1:PORT/app#main", "oci://127.0.0.1:PORT/app:1",
     "git@127.0.0.1:app.git", "github.com/docker/awesome-compose#:angular"],
)  # fmt: skip
def test_what_compose_would_fetch_from_elsewhere_is_refused_and_not_asked_for(
    tree: Path, text: str, remote: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        path = remote.replace("PORT", str(elsewhere.getsockname()[1]))
        (tree / "compose.yml").write_text(text.replace("REMOTE", path))
        with pytest.raises(Refused) as error:
            read(tree)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    assert error.value.data["path"] == path


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        MERGES,
        "x: " + "[" * 100_000,
        "x: " + "{a: " * 100_000,
        "services: [web]",
        "services: {web: {image: [x]}}",
        "include: compose.yml",
        "services: {web: {extends: {file: compose.yml, service: web}}}",
        "a: \x00",
    ],
    ids=["anchors", "merges", "lists", "objects", "a list", "a list of an image", "itself", "extends itself", "NUL"],
)
def test_a_compose_file_that_would_take_all_of_a_machine_is_refused_in_time(tree: Path, text: str) -> None:
    (tree / "compose.yml").write_text(text)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(Refused) as error:
        read(tree)
    assert len(error.value.message) < 2000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used < 8


def test_compose_itself_is_told_to_fetch_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_source, "_ELSEWHERE", re.compile("(?!)"))
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        port = elsewhere.getsockname()[1]
        (tree / "compose.yml").write_text(f"include: ['http://127.0.0.1:{port}/app.git#main:compose.yml']\n{WEB}")
        with pytest.raises(Refused):
            read(tree)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_a_compose_file_that_is_a_link_is_refused(tree: Path, theirs: Path) -> None:
    (tree / "compose.yml").symlink_to(theirs / "compose.yml")
    with pytest.raises(Refused) as error:
        read(tree)
    assert error.value.data == {"path": "compose.yml", "target": str(theirs / "compose.yml")}


def test_what_an_included_file_names_is_looked_at_as_well(tree: Path, theirs: Path) -> None:
    (tree / "compose.yml").write_text(f"include: [sub/a.yml]\n{WEB}")
    (tree / "sub/a.yml").write_text("services: {other: {extends: {file: b.yml, service: base}}}\n")
    (tree / "sub/b.yml").write_text('services: {base: {image: x, env_file: "${WHERE:-ok.env}"}}\n')
    (tree / "sub/ok.env").write_text("B=1\n")
    assert read(tree)["services"]["other"]["environment"] == {"B": "1"}
    (tree / "sub/.env").write_text(f"WHERE={theirs}/secret.env\n")
    with pytest.raises(Refused) as error:
        read(tree)
    assert error.value.data["target"] == f"{theirs}/secret.env"


WHOLE = """\
# a comment
---
name: shop
include: [{path: sub/a.yml}]
services:
  web:
    image: x
    extends: {file: ok.yml, service: base}
    env_file: [ok.env, sub/link.env]
    build: {context: https://git.example/x.git}
    configs: [c]
    command: |
      a literal
        text: with --- in it
    volumes: [/var/run/docker.sock:/var/run/docker.sock, /data:/data, ../elsewhere:/x, ./sub:/y]
    labels: {text: "two
      lines"}
configs: {c: {file: ./ok.env}}
...
"""


def test_what_stays_in_the_checkout_and_every_bind_mount_is_read(tree: Path) -> None:
    (tree / "compose.yml").write_text(WHOLE)
    (tree / "sub/a.yml").write_text("services: {other: {image: x, env_file: ../ok.env}}\n")
    (tree / "sub/link.env").symlink_to("../ok.env")
    config = read(tree)
    assert config["services"]["web"]["environment"] == {"A": "1"}
    assert config["services"]["other"]["environment"] == {"A": "1"}
    assert {one["source"] for one in config["services"]["web"]["volumes"]} >= {"/var/run/docker.sock", "/data"}


@pytest.mark.parametrize("grant", ["app_directory", "app_environment", "app_env_files"])
def test_what_the_inventory_names_may_be_anywhere(tree: Path, theirs: Path, grant: str) -> None:
    text = "services: {web: {image: x, env_file: THEIRS/secret.env}}".replace("THEIRS", str(theirs))
    grants: dict[str, dict[str, Any]] = {
        "app_directory": {"directory": str(theirs)},
        "app_environment": {"environment": {"SECRETS": str(theirs)}},
        "app_env_files": {"env_files": [str(theirs / "secret.env")]},
    }
    (tree / "compose.yml").write_text(text)
    assert read(tree, **grants[grant])["services"]["web"]["environment"] == {"PASSWORD": CANARY}
    with pytest.raises(Refused):
        read(tree, environment={"ROOT_PATH": "/"})


@pytest.mark.parametrize("text", ["services: [web\n", "a: 1\n  b: 2\n", "services:\n\t- x\n", "a: 1\x85b: 2\n", "\x00"])
def test_what_cannot_be_read_is_refused_by_its_name(tree: Path, text: str) -> None:
    (tree / "compose.yml").write_text(text)
    with pytest.raises(Refused) as error:
        read(tree)
    assert str(tree / "compose.yml") in error.value.message
    assert "doppelganger-ops-" not in error.value.message
