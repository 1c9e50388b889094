# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The application model: what ``app_*`` variables describe, as one typed value."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core._errors import Refused

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
GIT, IMAGES = "git", "images"
COMPOSE, KUBERNETES = "compose", "kubernetes"
#: what a whole number has to be at least; what a clock or a disk can be asked for at most
_LEAST = {
    "soak_seconds": 0, "lease_wait": 0, "disk_free_mb": 0, "keep_bad": 0, "start_timeout": 1, "fetch_timeout": 1,
    "evidence_timeout": 1,
    "backup_timeout": 1, "migration_timeout": 1, "lease_ttl": 1, "keep_good": 1, "keep_backups": 1,
}  # fmt: skip
_MOST = 10**9
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCALARS = (str, int, float)


@dataclass(frozen=True)
class App:
    """One field for each variable of the role ``app``, whose argument spec says what it means; all times in seconds."""

    name: str
    platform: str
    state_dir: str
    directory: str
    source: str
    repository: str
    images: Mapping[str, str]
    registry_username: str
    cluster: Mapping[str, Any]
    manifests: list[str]
    build: Mapping[str, Mapping[str, Any]]
    compose_files: list[str]
    compose_profiles: list[str]
    environment: Mapping[str, Any]
    env_files: list[str]
    env_required_keys: list[str]
    env_public_keys: list[str]
    release_services: list[str]
    migration_service: str
    migration_command: list[str]
    migration_head_query: str
    migration_timeout: int
    database_service: str
    database_name: str
    database_user: str
    checks: list[dict[str, Any]]
    metric_sources: Mapping[str, Any]
    metric_gates: list[dict[str, Any]]
    soak_seconds: int
    start_timeout: int
    evidence_timeout: int
    fetch_timeout: int
    backup_timeout: int
    disk_free_mb: int
    lease_ttl: int
    lease_wait: int
    keep_good: int
    keep_bad: int
    keep_backups: int
    adopt: bool

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> App:
        """Read the result of the action ``app_model``, whatever else it holds."""
        missing = [name for name in cls.__dataclass_fields__ if name not in data]
        if missing:
            raise Refused(
                f"The application model is missing {', '.join(missing)}.",
                hint="Give it as the module app_model returns it.",
            )
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})

    @property
    def env_paths(self) -> list[str]:
        """The env files with their full paths."""
        return [os.path.join(self.directory, path) for path in self.env_files]

    @property
    def completed(self) -> frozenset[str]:
        """The services that may have ended with code 0, as the checks of containers say."""
        mine = [check for check in self.checks if check.get("kind") == "containers"]
        return frozenset(service for check in mine for service in check.get("completed") or ())


def problems(app: App) -> list[str]:
    """What contradicts itself in a model whose fields have the right types, each with what to do about it."""
    found: list[str] = []
    if not NAME.fullmatch(app.name):
        found.append(
            f"app_name is {app.name!r}, expected lower case letters, digits, '-' and '_', "
            "starting with a letter or a digit."
        )
    if not os.path.isabs(app.state_dir):
        found.append(f"app_state_dir is {app.state_dir!r}, expected the whole path of a folder.")
    if not app.release_services:
        found.append("app_release_services is empty, expected at least one service whose image is the release.")
    wrong = _wrong_entries(app)
    if wrong:
        return found + wrong
    found += _source_problems(app) + (_cluster_problems if app.platform == KUBERNETES else _host_problems)(app)
    if bool(app.migration_service) != bool(app.migration_command):
        found.append("app_migration_service and app_migration_command go together: set both or none.")
    if len({bool(app.database_service), bool(app.database_name), bool(app.database_user)}) > 1:
        found.append("app_database_service, app_database_name and app_database_user go together: set all or none.")
    if app.migration_head_query and not app.database_service:
        found.append("app_migration_head_query needs a database: set app_database_service, or drop the query.")
    if app.metric_gates and not app.soak_seconds:
        found.append("app_metric_gates are judged while a release is watched: set app_soak_seconds to more than 0.")
    return found + _wrong_numbers(app)


def _wrong_numbers(app: App) -> list[str]:
    return [
        f"app_{field} is {getattr(app, field)}, expected {least} or more, and at most {_MOST}."
        for field, least in _LEAST.items()
        if not least <= getattr(app, field) <= _MOST
    ]


def _wrong_entries(app: App) -> list[str]:
    """Entries of dictionaries whose types no argument spec can say."""
    found = [f"app_images.{name} is no text, expected a repository." for name, one in app.images.items()
             if not isinstance(one, str) or not one]  # fmt: skip
    for name, options in app.build.items():
        arguments = options.get("args") or {} if isinstance(options, Mapping) else None
        texts = [options.get(key) or "" for key in ("context", "dockerfile")] if isinstance(options, Mapping) else []
        if not isinstance(arguments, Mapping) or not all(isinstance(text, str) for text in texts):
            found.append(f"app_build.{name} is expected to have text as context and dockerfile, a dictionary as args.")
        elif not all(isinstance(value, _SCALARS) for value in arguments.values()):
            found.append(f"app_build.{name}.args has a list or a dictionary, expected text and numbers.")
    return found


def _wrong_environment(app: App) -> list[str]:
    found = []
    for name, value in app.environment.items():
        if not _VARIABLE.fullmatch(name):
            found.append(f"app_environment has the name {name[:100]!a}, expected letters, digits and '_'.")
        elif value is None:
            found.append(f"app_environment.{name} has no value, expected one: '' where it is to be empty.")
        elif not isinstance(value, _SCALARS):
            found.append(f"app_environment.{name} is a {type(value).__name__}, expected text, a number or a boolean.")
    return found


def _source_problems(app: App) -> list[str]:
    found: list[str] = []
    if app.source == GIT and not app.repository:
        found.append("app_source is git, so app_repository must name the repository.")
    if app.source == GIT and app.repository.startswith("-"):
        found.append(f"app_repository is {app.repository!r}, expected a path or a URL.")
    is_cluster = app.platform == KUBERNETES
    # whole paths say by themselves where manifests are
    needs_folder = not is_cluster or not all(os.path.isabs(path) for path in app.manifests)
    if app.source == IMAGES and needs_folder and not app.directory:
        files = "manifests on the controller" if is_cluster else "compose files on the target"
        found.append(f"app_source is images, so app_directory must name the folder of the {files}.")
    relative = [path for path in app.env_files if not os.path.isabs(path)]
    if relative and not app.directory:
        found.append(f"app_env_files has the relative path {relative[0]!r}: set app_directory, or give the whole path.")
    return found


def _host_problems(app: App) -> list[str]:
    useless = {"cluster": app.cluster.get("namespace"), "manifests": app.manifests, "build": app.build}
    found = _wrong_environment(app)
    found += [
        f"app_{name} is set, and app_platform compose does not use it: remove it."
        for name, value in useless.items()
        if value
    ]
    if app.source == IMAGES and sorted(app.images) != sorted(app.release_services):
        found.append(
            f"app_images names {sorted(app.images)} and app_release_services {sorted(app.release_services)}: "
            "with app_source images both name the same services."
        )
    return found


def _cluster_problems(app: App) -> list[str]:
    found: list[str] = []
    if not app.cluster.get("namespace"):
        found.append("app_cluster has no namespace, expected the one that the application lives in.")
    if not app.manifests:
        found.append("app_manifests is empty, expected at least one file or folder.")
    if not app.images:
        found.append("app_images is empty, expected the repository of at least one image that is the release.")
    unknown = sorted(set(app.build) - set(app.images))
    if unknown:
        found.append(f"app_build names {unknown}, which app_images does not: name the repository to push to there.")
    if app.build and app.source != GIT:
        found.append("app_build needs a checkout to build from: set app_source to git, or take app_build out.")
    wrong = sorted({key for options in app.build.values() for key in options} - {"context", "dockerfile", "args"})
    if wrong:
        found.append(f"app_build has {wrong}, expected context, dockerfile and args only.")
    return found
