# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What compose files and a rendered configuration name on this host: paths, as they are written there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ._rendered import profiles

# before: what compose reads while it renders


def named(document: Any) -> Iterator[tuple[str, str]]:
    """What a compose file names that compose reads while it renders: which place of it, and the path."""
    for include in as_list(get(document, "include")):
        for path in paths_in(include, "path"):
            yield "An include", path
        for key in ("project_directory", "env_file"):
            for path in paths_in(get(include, key), "path"):
                yield f"The {key} of an include", path
    for path in extended(document):
        yield "An extends", path
    for service in _services(document):
        for key in ("env_file", "label_file"):
            for path in paths_in(get(service, key), "path"):
                yield f"An {key}" if key == "env_file" else f"A {key}", path


def beside(document: Any) -> Iterator[tuple[str, bool]]:
    """The files of variables and secrets that a compose file names, and whether they are env files."""
    for include in as_list(get(document, "include")):
        yield from ((path, True) for path in paths_in(get(include, "env_file"), "path"))
    for service in _services(document):
        yield from ((path, True) for path in paths_in(get(service, "env_file"), "path"))
        yield from ((path, False) for path in paths_in(get(service, "label_file"), "path"))
    for kind in ("configs", "secrets"):
        every = get(document, kind)
        for one in every.values() if isinstance(every, dict) else ():
            yield from ((path, False) for path in paths_in(get(one, "file"), ""))


def extended(document: Any) -> Iterator[str]:
    """The files that services of a compose file extend one of."""
    for service in _services(document):
        file = get(get(service, "extends"), "file")
        if isinstance(file, str):
            yield file


# afterwards: what is left in the rendered configuration, with absolute paths


def named_by_rendered(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a rendered configuration names on this host, bind mounts aside."""
    services = get(config, "services")
    for name, service in services.items() if isinstance(services, dict) else ():
        for what, path in _of_build(get(service, "build")):
            yield f"{what} of {name}", path
        for _, path in profiles(service) if isinstance(service, dict) else ():
            yield f"The seccomp profile of {name}", path
    for kind in ("configs", "secrets"):
        for name, one in (get(config, kind) or {}).items():
            file = get(one, "file")
            if isinstance(file, str):
                yield f"The file of {name} in {kind}", file


def _of_build(build: Any) -> Iterator[tuple[str, str]]:
    context = get(build, "context")
    if not isinstance(context, str) or not os.path.isabs(context):  # there is none, or it is in a repository elsewhere
        return
    yield "The build context", context
    dockerfile = get(build, "dockerfile")
    if isinstance(dockerfile, str):
        yield "The Dockerfile", os.path.join(context, dockerfile)
    for what, key in (("An additional build context", "additional_contexts"), ("A key for ssh", "ssh")):
        for value in _values(get(build, key)):
            path = value[len("oci-layout://") :] if value.startswith("oci-layout://") else value
            if os.path.isabs(path):
                yield what, path


# wrong types are for compose to refuse


def get(value: Any, key: str) -> Any:
    """What an object has there."""
    return value.get(key) if isinstance(value, dict) else None


def as_list(value: Any) -> list[Any]:
    """A list, and nothing where there is none."""
    return value if isinstance(value, list) else []


def _services(document: Any) -> list[Any]:
    services = get(document, "services")
    return list(services.values()) if isinstance(services, dict) else []


def paths_in(value: Any, key: str) -> list[str]:
    """Paths given as a text, as a list of them, or with more about each."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return paths_in(value.get(key), key)
    return [path for one in as_list(value) for path in paths_in(one, key)]


def _values(value: Any) -> list[str]:
    """The values of an object, or of a list of KEY=VALUE."""
    if isinstance(value, dict):
        return [one for one in value.values() if isinstance(one, str)]
    return [one.partition("=")[2] for one in as_list(value) if isinstance(one, str)]
