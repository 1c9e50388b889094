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

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...app import _beside, _confined, _env_files
from ...app._model import GIT, App
from ...app._service_names import refuse_missing_services
from ...core import _files
from ...core._errors import Refused
from ...text._redaction import Redactor
from ..engine import _cli, _registries
from ..engine._cli import Compose
from . import _builds, _rendered
from ._named import as_list, beside, extended, get, named, named_by_rendered, paths_in

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
        config = _render(compose, app, directory, warn)
        _registries.refuse_other_images(app.images, config)
    else:
        granted = granted_by(app)
        compose = replace(compose, variables={**(compose.variables or {}), **_ONLY_LOCAL})
        _look(compose, app, directory, granted)
        config = _render(compose, app, directory, warn)
        for what, path in named_by_rendered(config):
            _confined.inside(directory, path, what, granted)
    hint = "Fix the inventory, or enable the profile that has it."
    refuse_missing_services(app, config.get("services", {}), "the service", "the compose files", hint)
    _builds.refuse_unbuilt(app, config)
    return compose, config


#: how versions of Compose call an env file of a service that is not there
_NO_ENV_FILE = re.compile(r"(?:env file |Failed to load )(?P<path>/[^\n:]{1,4096}?)(?: not found)?: (?:stat|open) /")


def _render(compose: Compose, app: App, directory: Path, warn: Callable[[str], object] | None) -> dict[str, Any]:
    """The configuration; says of an env file that is missing where it is looked for."""
    try:
        return _rendered.with_whole_paths(compose.config(warn), compose.directory or directory)
    except Refused as error:
        missing = _NO_ENV_FILE.search(error.message)
        if missing is None:
            raise
        path = os.path.relpath(missing["path"], directory)
        where = f"neither in the repository nor in {app.directory or 'app_directory, which is not set'}"
        own = os.path.join(app.directory or "the folder that app_directory names", path)
        raise Refused(
            f"The env file {path}, which a service names, was not found"
            + (f": it is {where}." if app.source == GIT else f" in {directory}."),
            reason="env_file_missing",
            hint=f"Create {own}" + (", which is used where git ignores the file." if app.source == GIT else "."),
            path=path,
        ) from None  # which names a folder that is gone


def secrets_of_own_env(compose: Compose, directory: Path, public: Container[str]) -> list[str]:
    """The secrets in the file ``.env`` that compose reads by itself where no env file is named."""
    path = (compose.directory or directory) / ".env"
    if compose.env_files or not path.is_file():
        return []
    with contextlib.suppress(OSError):
        return _env_files.secrets_of(str(path), compose.variables, public)
    return []


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


def _look(compose: Compose, app: App, tree: Path, granted: Sequence[str]) -> None:
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
            for path, is_env_file in beside(document):
                _beside.link(app, tree, file.base / os.path.expanduser(path), is_env_file=is_env_file)
            for what, path in named(document):
                _confined.inside(tree, file.base / os.path.expanduser(path), f"{what} of {file.path.name}", granted)
            due += _further(document, file, tree, granted)


def _refuse_elsewhere(document: Any, name: str) -> None:
    """Refuse what Compose would fetch from another repository or a registry: it may change, and lies outside of the
    checkout, where what it names itself cannot be looked at."""
    included = [path for include in as_list(get(document, "include")) for path in paths_in(include, "path")]
    for what, paths in (("An include", included), ("An extends", extended(document))):
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
    for include in as_list(get(document, "include")):
        paths = [file.base / os.path.expanduser(path) for path in paths_in(include, "path")]
        if not paths:
            continue
        folder = paths_in(get(include, "project_directory"), "")
        base = file.base / folder[0] if folder else paths[0].parent
        own = tuple(str(file.base / path) for path in paths_in(get(include, "env_file"), "path"))
        own = own or _default_env(base, tree, granted)
        found += [_File(path, base, (*own, *file.env_files)) for path in paths]
    for path in extended(document):
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
