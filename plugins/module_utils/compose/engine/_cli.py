# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The compose verbs, through the ``docker compose`` command, and the rendered configuration as plain data."""

from __future__ import annotations

import copy
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...app._model import App
from ...core import _command
from ...core._errors import OpsError, Refused
from ...text import _foreign
from ...text._document import document
from ._said import without_progress

#: the first release whose ``config --format json`` and ``up --wait`` are as they are used here
LEAST_VERSION = (2, 17)
#: what reading compose files may take: seconds of work, and bytes; it takes some tenths of a second and 50 MB
_READING = ["prlimit", "--cpu=5", f"--data={1 << 30}", "--"]


def version() -> str:
    """The version of the Compose plugin; refuses a missing or an old one."""
    try:
        said = _command.run(
            ["docker", "compose", "version", "--short"], doing="Asking for the Compose version", timeout=20
        )
    except OpsError as error:
        raise Refused(
            f"The target has no Compose v2 plugin of the docker command ({error.message})",
            reason="program_missing",
            hint="Run playbooks/prepare.yml, or install docker-compose-plugin (Debian 13, Ubuntu: docker-compose-v2).",
        ) from error
    found = said.strip().lstrip("v")
    numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
    if numbers < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise Refused(
            f"The Compose plugin has version {found}, expected {least} or later.",
            reason="program_missing",
            hint="Run playbooks/prepare.yml.",
        )
    return found


@dataclass(frozen=True)
class Compose:
    """A compose project and the files that describe it; ``variables`` take part in the interpolation.

    ``directory`` is what relative paths start from.
    """

    project: str
    files: Sequence[Path]
    directory: Path | None = None
    profiles: Sequence[str] = ()
    env_files: Sequence[str] = ()
    variables: Mapping[str, str] | None = None

    def argv(self, *verb: str) -> list[str]:
        """The whole command."""
        options = ["--project-name", self.project]
        if self.directory is not None:
            options += ["--project-directory", str(self.directory)]
        for flag, values in (("--file", self.files), ("--env-file", self.env_files), ("--profile", self.profiles)):
            for value in values:
                options += [flag, str(value)]
        return ["docker", "compose", "--ansi", "never", *options, *verb]

    def run(self, *verb: str, doing: str, timeout: float, **more: Any) -> str:
        """Run a verb to its end; ``more`` is of ``_command.run``."""
        options: dict[str, Any] = {"env": self.variables, "cwd": self.directory, "sift": without_progress, **more}
        # anchors that explode are Compose's to read: it would take all of the machine until its time is over
        bounded = _READING if verb[:1] == ("config",) and shutil.which(_READING[0]) else []
        return _command.run([*bounded, *self.argv(*verb)], doing=doing, timeout=timeout, **options)

    def config(self, warn: Callable[[str], object] | None = None) -> dict[str, Any]:
        """The files merged, interpolated and with absolute paths; refuses what compose cannot read, and repeats none of
        it. ``warn`` gets what compose has to say about them."""
        verb = ("config", "--format", "json")
        try:
            said = self.run(*verb, doing="Reading the compose files", timeout=60, heard=warn)
        except OpsError as error:
            files = ", ".join(map(str, self.files))
            raise Refused(
                f"The compose files ({files}) are not valid. {without_quotations(error.message)}",
                reason="compose_files_invalid",
                hint="Fix them in the source.",
            ) from None  # which repeats what it read
        try:
            return _foreign.read_object(said)
        except _foreign.Unreadable as error:
            raise Refused(
                f"The compose files ({', '.join(map(str, self.files))}) cannot be used once rendered: {error}.",
                reason="compose_files_invalid",
                hint="Fix them in the source.",
            ) from None

    def model(self) -> dict[str, Any]:
        """The files merged, with absolute paths and their variables unread, and what rendering leaves out: the
        ``env_file`` of a service. Empty where this Compose cannot say."""
        try:
            verb = ("config", "--no-interpolate", "--format", "json")
            return _foreign.read_object(self.run(*verb, doing="Reading the compose files", timeout=60))
        except (OpsError, _foreign.Unreadable):
            return {}

    def hashes(self) -> dict[str, str]:
        """What compose compares: a digest of each service's configuration."""
        said = self.run("config", "--hash", "*", doing="Working out the configuration hashes", timeout=60)
        pairs = (line.split() for line in said.splitlines() if line.strip())
        return {pair[0]: pair[1] for pair in pairs}


#: what Compose repeats of a file that it cannot read, after what it has against it
_QUOTATIONS = re.compile(
    r"(?P<what>required variable \S+ is missing a value|unterminated quoted value|unexpected character"
    r"|[Ii]nvalid (?:interpolation format|template))(?P<where> for [\w.\[\]/-]+)?.*"
    r"|(?P<line>\bline \d+: )(?!unterminated|unexpected)(?P<said>[^\n]*[\"'`].*)",
    re.DOTALL,
)


def without_quotations(message: str) -> str:
    """What Compose says, without the lines and texts that it repeats: they may be secrets, or text of anybody."""
    return _QUOTATIONS.sub(
        lambda found: f"{found['what']}{found['where'] or ''}" if found["what"] else f"{found['line']}cannot be read",
        message,
    )


_UNSET = re.compile(r'The \\?"(?P<name>[A-Za-z_][A-Za-z0-9_]{0,99})\\?" variable is not set')


def unset(warnings: str) -> list[str]:
    """The variables that compose warns of: they are not set, and it takes them for empty."""
    return sorted({found["name"] for found in _UNSET.finditer(warnings)})


def of_source(app: App, directory: Path, release_version: str) -> Compose:
    """The project as its source describes it: as ``docker compose --file ...`` called in ``directory``."""
    files = [directory / name for name in app.compose_files]
    return Compose(
        project=app.name,
        files=files,
        directory=files[0].parent if files and directory in files[0].parents else directory,
        profiles=app.compose_profiles,
        env_files=app.env_paths,
        variables={"PWD": str(directory), **_variables(app), "APP_VERSION": release_version},
    )


def _variables(app: App) -> dict[str, str]:
    return {key: _as_text(value) for key, value in app.environment.items()}


def surroundings(app: App) -> dict[str, str]:
    """What compose has in its environment, which counts before what an env file says."""
    return _command.environment(_variables(app))


def of_release(app: App, rendered: Path, variables: Mapping[str, str] | None = None) -> Compose:
    """The project as a release recorded it: nothing is left to look up but the variables that it recorded as well."""
    return Compose(project=app.name, files=[rendered], variables=variables)


def hashes_of(app: App, config: Mapping[str, Any]) -> dict[str, str]:
    """The digests of a rendered configuration that is recorded nowhere."""
    with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
        path = Path(folder) / "compose.json"
        path.touch(mode=0o600)
        path.write_text(document(config), encoding="utf-8")
        return of_release(app, path).hashes()


def pinned(config: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    """A rendered configuration in which every service runs one image, by its id, and nothing is built or pulled."""
    result = copy.deepcopy(dict(config))
    for name, service in result.get("services", {}).items():
        service.pop("build", None)
        service.pop("profiles", None)
        if "depends_on" in service:  # what it can do without, and a profile left out, compose would miss now
            needs = service["depends_on"].items()
            service["depends_on"] = {one: how for one, how in needs if one in result["services"]}
        service["image"] = images[name]
        service["pull_policy"] = "never"
    return result


def replicas(config: Mapping[str, Any]) -> dict[str, int]:
    """How many containers each service of a rendered configuration has, as compose counts them."""
    found = {}
    for name, service in config["services"].items():
        stated = (service.get("scale"), (service.get("deploy") or {}).get("replicas"))
        found[name] = next((int(number) for number in stated if number is not None), 1)
    return found


def inputs(config: Mapping[str, Any], directory: Path) -> str:
    """A rendered configuration as a text to make a digest of: the same wherever the source lies."""
    return json.dumps(config, sort_keys=True).replace(str(directory), "")


_PARTS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|us|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}


def seconds_in(duration: str) -> float:
    """A duration as compose writes it, ``1m30s``, in seconds."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _PARTS.findall(duration))


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
