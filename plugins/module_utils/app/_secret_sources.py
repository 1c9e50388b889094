# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where an application's secrets are, besides its env files: its rendered configuration, files that it names, headers.

What is in a configuration beside other things is a secret where its name or its looks say so; what is in a file for
secrets or variables alone is one in any case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..core import _files
from ..text._secret_values import embedded, telling
from . import _env_files, _secret_files
from ._interpolation import interpolated

#: of a larger file only the beginning is read
_MOST = 64 * 1024


def of_config(config: Mapping[str, Any], public: Container[str] = ()) -> list[str]:
    """The secrets within a configuration as compose has rendered it, where a dollar is written twice; the values of the
    ``public`` keys are none."""
    found: list[str] = []
    for service in _mappings(config.get("services")):
        build = service.get("build")
        for settings in (service, build if isinstance(build, Mapping) else {}):
            for part in ("environment", "args", "labels"):
                pairs = _pairs(settings.get(part))
                found += telling({name: value for name, value in pairs.items() if name not in public})
    for one in _mappings(config.get("configs")):
        found += embedded(str(one.get("content") or ""))
    return [value.replace("$$", "$") for value in found]


def in_files(model: Mapping[str, Any], known: Mapping[str, str], public: Container[str] = ()) -> list[str]:
    """The secrets in what a model, with its paths absolute and its variables unread, names beside itself: the
    ``env_file`` of each service, and ``secrets`` by file or by a variable of ``known``."""
    found: list[str] = []
    for service in _mappings(model.get("services")):
        named = service.get("env_file") or []
        for one in [named] if isinstance(named, str) else named:
            path = one.get("path") if isinstance(one, Mapping) else one
            found += _env_files.secrets_in(_text_of(interpolated(str(path), known)), known, public)
    for one in _mappings(model.get("secrets")):
        if one.get("file"):
            found += in_secrets([interpolated(str(one["file"]), known)])
        found.append(known.get(str(one.get("environment")), ""))
    return found


def in_secrets(paths: Iterable[str | Path]) -> list[str]:
    """The secrets in files that are secrets all of them."""
    return [value for path in paths for value in _secret_files.secrets_in(_text_of(path))]


def of_headers(things: Iterable[Any]) -> list[str]:
    """The secrets in the headers of checks and of sources of metrics, where they are not only named."""
    found: list[str] = []
    for thing in things:
        headers = thing.get("headers") if isinstance(thing, Mapping) else None
        found += (one for one in telling(_pairs(headers)) if "${" not in one)
    return found


def _mappings(things: Any) -> Iterator[Mapping[str, Any]]:
    for thing in things.values() if isinstance(things, Mapping) else ():
        if isinstance(thing, Mapping):
            yield thing


def _pairs(things: Any) -> Mapping[str, Any]:
    if isinstance(things, Mapping):
        return things
    return dict(str(one).partition("=")[::2] for one in things) if isinstance(things, list) else {}


def _text_of(path: str | Path) -> str:
    """The beginning of a file, empty where there is none that can be read: its user reports that."""
    with contextlib.suppress(OSError, ValueError):
        return _files.beginning(path, _MOST).decode("utf-8", "replace")
    return ""
