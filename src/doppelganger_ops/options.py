"""What every verb takes beside its own parameters, and how that becomes a job."""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets as randomness
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Required, TypedDict

from doppelganger_ops import environment, installation
from doppelganger_ops.errors import InputError, InventoryError
from doppelganger_ops.events import Event
from doppelganger_ops.executor import Executor
from doppelganger_ops.job import Job

_LONGEST_TEMPORARY = 42

AnyPath = str | os.PathLike[str]


class Options(TypedDict, total=False):
    """What every verb takes by keyword."""

    #: an inventory, or several: files or folders
    inventory: Required[AnyPath | Sequence[AnyPath]]
    #: which hosts of it, as ``--limit`` takes them
    limit: str | None
    #: look and say what would be done, and do nothing
    check: bool
    #: seconds after which the run is ended
    deadline: float | timedelta | None
    #: is called with each event, in a thread of its own; it may be slow and may raise
    on_event: Callable[[Event], object] | None
    #: names of environment variables that the run gets beside what it needs anyway, for example a database's password
    environment: Sequence[str]
    #: files with the passwords of Ansible's vault
    vault_password_files: Sequence[AnyPath]
    #: files with variables, as ``-e @file``; they may be encrypted, and are trusted like the inventory
    variable_files: Sequence[AnyPath]
    #: variables as data; text in them is never a template
    variables: Mapping[str, Any]
    #: how many hosts at the same time
    forks: int | None
    #: Ansible's ``-v``, 0 to 5
    verbosity: int
    #: where a folder with the run's output, events, result and report stays; without it nothing stays
    keep: AnyPath | None
    #: who runs it; by default a process of its own, four at a time
    executor: Executor


def new_ident(verb: str) -> str:
    """A name for a run that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{verb}-{randomness.token_hex(3)}"


def job_of(verb: str, inputs: Mapping[str, str | None], options: Options) -> Job:
    """Check everything that can be checked before anything runs, and make the job and its folders."""
    installation.require_ansible()
    found = installation.find()
    arguments = _arguments(options)
    inventories = _inventories(options)
    passed = environment.secrets(options.get("environment", ()), os.environ)
    given = {**_variables(options), **_texts(inputs)}
    ident = new_ident(verb)
    playbook = str(found.playbook(verb))
    limit, deadline, kept = _limit(options), _deadline(options), _kept(options, ident)
    # mode 0700, for this user alone
    with _usable("The folder for temporary files, or the one this runs in,"):
        folder, cwd = Path(tempfile.mkdtemp(prefix="doppelganger-ops-run-", dir=_temporary())), os.getcwd()
    return Job(
        ident=ident,
        playbook=playbook,
        inventories=inventories,
        cwd=cwd,
        folder=str(folder),
        environment=environment.environment(found, ident, folder, os.environ) | _report(kept),
        secrets=passed,
        inputs=given,
        arguments=arguments,
        limit=limit,
        verbosity=options.get("verbosity", 0),
        deadline=deadline,
        kept=kept,
    )


def _temporary() -> str:
    """Where the folder of a run goes: paths of ssh's sockets in it are 61 bytes longer, and may have 104 on macOS."""
    found = tempfile.gettempdir()
    return found if len(os.fsencode(found)) <= _LONGEST_TEMPORARY else "/tmp"  # noqa: S108 the folder in it is made safely


def _texts(inputs: Mapping[str, str | None]) -> dict[str, str]:
    """A verb's own parameters. What they must look like is the playbook's to say, which refuses what does not fit."""
    wrong = [name for name, value in inputs.items() if value is not None and not isinstance(value, str)]
    if wrong:
        name = wrong[0]
        raise InputError(f"{name} must be text and is {inputs[name]!r}.", hint=f'For example {name}="v0.2.0".')
    return {name: value for name, value in inputs.items() if value}


def _variables(options: Options) -> Mapping[str, Any]:
    given = options.get("variables") or {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) and name.isidentifier() for name in given):
        raise InputError(f"variables must be a mapping of variable names and is {given!r}.")
    return given


def _inventories(options: Options) -> tuple[str, ...]:
    given = options["inventory"]
    listed = [given] if isinstance(given, (str, os.PathLike)) else list(given)
    if not listed:
        raise InventoryError("An inventory is required and the list is empty.", hint="Give the path of one.")
    return tuple(_existing(path, InventoryError, "An inventory") for path in listed)


def _existing(path: AnyPath, error: type[InputError] | type[InventoryError], what: str) -> str:
    """An absolute path: what does not exist Ansible would take for the name of a host."""
    found = Path(path).expanduser().absolute()
    if not found.exists():
        raise error(f"{what} was expected at {found} and nothing is there.", hint="Give the path of one that exists.")
    return str(found)


def _arguments(options: Options) -> tuple[str, ...]:
    """The command line, apart from what ansible-runner adds."""
    found = ["--check", "--diff"] if options.get("check") else []
    if options.get("forks"):
        found += ["--forks", str(options["forks"])]
    for path in options.get("vault_password_files", ()):
        found += ["--vault-password-file", _existing(path, InputError, "A file with a vault's password")]
    for path in options.get("variable_files", ()):
        found += ["-e", f"@{_existing(path, InputError, 'A file with variables')}"]
    return tuple(found)


def _limit(options: Options) -> str | None:
    limit = options.get("limit")
    if limit is None:
        return None
    # @file would read any file of this machine, in each part of it, and a dash would be another option
    parts = re.split(r"[,:\s]+", limit) if isinstance(limit, str) else []
    if not any(parts) or not limit.isprintable() or any(part.startswith(("-", "@")) for part in parts):
        raise InputError(
            f"limit must be host names or patterns and is {limit!r}.", hint='For example limit="web1,web2".'
        )
    return limit


def _deadline(options: Options) -> float | None:
    given = options.get("deadline")
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if seconds is not None and (not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf):
        raise InputError(f"deadline must be a positive number of seconds and is {given!r}.")
    return seconds


def _report(kept: str | None) -> dict[str, str]:
    """Where the playbooks write their own report of the run, as JSON and as a page: beside what is kept."""
    return {"OPS_REPORT_DIR": kept} if kept else {}


def _kept(options: Options, ident: str) -> str | None:
    keep = options.get("keep")
    if keep is None:
        return None
    with _usable("A folder for what is kept"):
        folder = Path(keep).expanduser().absolute() / ident
        folder.mkdir(parents=True, mode=0o700)
    return str(folder)


@contextlib.contextmanager
def _usable(what: str) -> Iterator[None]:
    """A folder that cannot be used is the caller's to mend."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        hint = "Give another one, or mend its rights or its disk."
        raise InputError(f"{what} cannot be used: {error}.", hint=hint) from error
