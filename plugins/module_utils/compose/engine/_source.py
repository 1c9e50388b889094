# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The compose files of a version, rendered, where nothing that they name is outside of the checkout.

Compose reads what ``include``, ``extends``, ``env_file`` and ``label_file`` name while it renders, and forgets where a
value came from. So those are checked before, file by file. What is left in the rendered configuration (builds,
``configs:`` and ``secrets:`` by file) is checked afterwards. Bind mounts may be of any place of the host: that is
what they are for.

Targets have no YAML reader of their own, and another one than Compose's might read a file in another way. So Compose
reads each file as the content of a key with ``x-``, which it hands on as it is.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...app import _confined
from ...app._model import GIT, App, refuse_missing_services
from ...core import _files
from ...core._errors import Refused
from ...text._redaction import Redactor
from . import _builds, _cli, _registries, _rendered
from ._cli import Compose

#: files that are read of one source, at most
_MOST_FILES = 200
_KEY = "x-file-"
_SHOWN = 200
#: what Compose takes for a git repository or an artifact of a registry, and more that looks like it
_ELSEWHERE = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|[^/@]+@[^/:]+:|github\.com/|[^/:]+\.git#")
#: the same said to Compose, should it see one where we do not
_ONLY_LOCAL = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false"}
#: how many there are: a Compose that drops that one drops the others too
_COUNT = "x-files"
#: between two documents of a YAML file; never within a value
_DOCUMENT = re.compile(r"(?m)^(?:---|\.\.\.)(?=\s|$)")
#: line breaks for some readers of YAML only
_ODD_BREAKS = re.compile("[\x85\u2028\u2029]")


def read(
    app: App, directory: Path, version: str, warn: Callable[[str], object] | None = None
) -> tuple[Compose, dict[str, Any]]:
    """The project as its source describes it, and its rendered configuration; refuses what cannot be read or leads out
    of the checkout. ``warn`` gets what compose has to say about it."""
    compose = _cli.of_source(app, directory, version)
    for file in compose.files:
        _files.refuse_special(file, "A compose file")
    if app.source != GIT:  # the files are the operator's own
        config = _rendered.with_whole_paths(compose.config(warn), compose.directory or directory)
        _registries.refuse_other_images(app.images, config)
    else:
        granted = granted_by(app)
        compose = replace(compose, variables={**(compose.variables or {}), **_ONLY_LOCAL})
        _look(compose, directory, granted)
        config = _rendered.with_whole_paths(compose.config(warn), compose.directory or directory)
        for what, path in named_by_rendered(config):
            _confined.inside(directory, path, what, granted)
    hint = "Fix the inventory, or enable the profile that has it."
    refuse_missing_services(app, config.get("services", {}), "the service", "the compose files", hint)
    _builds.refuse_unbuilt(app, config)
    return compose, config


def granted_by(app: App) -> list[str]:
    """The places on the host that the inventory names for the application."""
    named_there = [*app.env_paths, app.directory, *map(str, app.environment.values())]
    return [path for path in named_there if os.path.isabs(path) and path.strip("/.")]  # "/" would be every place


# before: what compose reads while it renders


@dataclass(frozen=True)
class _File:
    """A compose file, the folder that its paths are relative to, and what its variables are from."""

    path: Path
    base: Path
    env_files: tuple[str, ...]


def _look(compose: Compose, tree: Path, granted: Sequence[str]) -> None:
    base = compose.directory or tree
    env_files = tuple(compose.env_files) or _default_env(base, tree, granted)
    due = [_File(path, base, env_files) for path in compose.files if tree in path.parents]
    seen: set[_File] = set()
    while due:
        file = due.pop()
        real = _confined.inside(tree, file.path, "A compose file", granted)
        if file in seen or not real.is_file():  # compose itself says what is missing
            continue
        seen.add(file)
        if len(seen) > _MOST_FILES:
            raise Refused(
                f"Expected at most {_MOST_FILES} compose files, found more.",
                reason="compose_files_invalid",
                hint="Merge some of them.",
            )
        for document in _documents(replace(compose, env_files=file.env_files), file.path, real):
            _refuse_elsewhere(document, file.path.name)
            for what, path in named(document):
                _confined.inside(tree, file.base / os.path.expanduser(path), f"{what} of {file.path.name}", granted)
            due += _further(document, file, tree, granted)


def _refuse_elsewhere(document: Any, name: str) -> None:
    """Refuse what Compose would fetch from another repository or a registry: it may change, and lies outside of the
    checkout, where what it names itself cannot be looked at."""
    included = [path for include in _list(_get(document, "include")) for path in _paths(include, "path")]
    for what, paths in (("An include", included), ("An extends", _extended(document))):
        for path in paths:
            if _ELSEWHERE.match(path):
                raise Refused(
                    f"{what} of {name} is fetched from elsewhere: {Redactor(()).text(path)[:_SHOWN]}.",
                    hint="Put that file into the repository, for example as a submodule.",
                    path=Redactor(()).text(path)[:_SHOWN],
                )


def _further(document: Any, file: _File, tree: Path, granted: Sequence[str]) -> list[_File]:
    """The files that this one includes or extends."""
    found: list[_File] = []
    for include in _list(_get(document, "include")):
        paths = [file.base / os.path.expanduser(path) for path in _paths(include, "path")]
        if not paths:
            continue
        folder = _paths(_get(include, "project_directory"), "")
        base = file.base / folder[0] if folder else paths[0].parent
        own = tuple(str(file.base / path) for path in _paths(_get(include, "env_file"), "path"))
        own = own or _default_env(base, tree, granted)
        found += [_File(path, base, (*own, *file.env_files)) for path in paths]
    for path in _extended(document):
        other = file.base / os.path.expanduser(path)
        found.append(_File(other, other.parent, file.env_files))
    return found


def _default_env(base: Path, tree: Path, granted: Sequence[str]) -> tuple[str, ...]:
    """The file ``.env`` that compose reads where none is named."""
    path = base / ".env"
    if not os.path.lexists(path):
        return ()
    return (str(_confined.inside(tree, path, "The file .env", granted)),)


def _documents(compose: Compose, path: Path, real: Path) -> list[Any]:
    """The documents of a compose file as compose reads them, nothing of what they name being looked up."""
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
        wrapper = Path(folder) / "compose.json"
        count = wrap(_text(path, real), wrapper)
        try:
            config = replace(compose, files=[wrapper], profiles=()).config()
        except Refused as error:
            raise Refused(
                error.message.replace(str(wrapper), str(path)), reason=error.reason, hint=error.hint
            ) from error
    if config.get(_COUNT) != count:
        raise Refused(
            "This version of Compose drops x- extensions.",
            reason="program_missing",
            hint="Run playbooks/prepare.yml.",
        )
    return [config.get(f"{_KEY}{number}") for number in range(count)]


def _text(path: Path, real: Path) -> str:
    try:
        text = _files.read_bytes(real).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(
            f"The compose files ({path}) are not valid: expected a text file.",
            reason="compose_files_invalid",
            hint="Fix it.",
        ) from error
    if _ODD_BREAKS.search(text):
        raise Refused(
            f"The compose files ({path}) are not valid: odd line breaks (U+0085, U+2028).",
            reason="compose_files_invalid",
            hint="Fix it.",
        )
    return text


def wrap(text: str, wrapper: Path) -> int:
    """Write YAML as the content of keys that compose hands on as they are, one for each document; how many."""
    documents = _DOCUMENT.split(re.sub(r"(?m)\A\ufeff?(?:%YAML [^\n]*\n)?", "", text, count=1))
    lines: list[str] = []
    for number, document in enumerate(documents):
        lines.append(f"{_KEY}{number}:")
        lines += [f"  {line}" for line in re.split(r"\r\n|\n|\r", document)]
    lines.append(f"{_COUNT}: {len(documents)}\n")
    _files.write_text(wrapper, "\n".join(lines))
    return len(documents)


def named(document: Any) -> Iterator[tuple[str, str]]:
    """What a compose file names that compose reads while it renders: which place of it, and the path."""
    for include in _list(_get(document, "include")):
        for path in _paths(include, "path"):
            yield "An include", path
        for key in ("project_directory", "env_file"):
            for path in _paths(_get(include, key), "path"):
                yield f"The {key} of an include", path
    for path in _extended(document):
        yield "An extends", path
    for service in _services(document):
        for key in ("env_file", "label_file"):
            for path in _paths(_get(service, key), "path"):
                yield f"An {key}" if key == "env_file" else f"A {key}", path


def _extended(document: Any) -> Iterator[str]:
    for service in _services(document):
        file = _get(_get(service, "extends"), "file")
        if isinstance(file, str):
            yield file


# afterwards: what is left in the rendered configuration, with absolute paths


def named_by_rendered(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a rendered configuration names on this host, bind mounts aside."""
    services = _get(config, "services")
    for name, service in services.items() if isinstance(services, dict) else ():
        for what, path in _of_build(_get(service, "build")):
            yield f"{what} of {name}", path
        for _, path in _rendered.profiles(service) if isinstance(service, dict) else ():
            yield f"The seccomp profile of {name}", path
    for kind in ("configs", "secrets"):
        for name, one in (_get(config, kind) or {}).items():
            file = _get(one, "file")
            if isinstance(file, str):
                yield f"The file of {name} in {kind}", file


def _of_build(build: Any) -> Iterator[tuple[str, str]]:
    context = _get(build, "context")
    if not isinstance(context, str) or not os.path.isabs(context):  # there is none, or it is in a repository elsewhere
        return
    yield "The build context", context
    dockerfile = _get(build, "dockerfile")
    if isinstance(dockerfile, str):
        yield "The Dockerfile", os.path.join(context, dockerfile)
    for what, key in (("An additional build context", "additional_contexts"), ("A key for ssh", "ssh")):
        for value in _values(_get(build, key)):
            path = value[len("oci-layout://") :] if value.startswith("oci-layout://") else value
            if os.path.isabs(path):
                yield what, path


# wrong types are for compose to refuse


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _services(document: Any) -> list[Any]:
    services = _get(document, "services")
    return list(services.values()) if isinstance(services, dict) else []


def _paths(value: Any, key: str) -> list[str]:
    """Paths given as a text, as a list of them, or with more about each."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _paths(value.get(key), key)
    return [path for one in _list(value) for path in _paths(one, key)]


def _values(value: Any) -> list[str]:
    """The values of an object, or of a list of KEY=VALUE."""
    if isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, str)]
    return [one.partition("=")[2] for one in _list(value) if isinstance(one, str)]
