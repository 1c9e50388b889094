"""What every verb takes beside its own parameters, and how that becomes a job."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import secrets as randomness
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Required, TypedDict

from doppelganger_ops import _given, _plain_files, environment, installation
from doppelganger_ops.errors import InputError, InventoryError
from doppelganger_ops.events import Event
from doppelganger_ops.executor import Executor
from doppelganger_ops.job import Job

_LONGEST_TEMPORARY = 42
#: Ansible keeps a place for each from the start
MOST_FORKS = 1000

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
    _known(options)
    own = _texts(inputs)
    given = {**_given.variables({} if options.get("variables") is None else options["variables"]), **own}
    arguments = _arguments(options)
    inventories = _inventories(options)
    passed = _secrets(options)
    ident = new_ident(verb)
    playbook = str(found.playbook(verb))
    limit, deadline = _limit(options), _deadline(options)
    verbosity = _given.whole("verbosity", options.get("verbosity", 0), 0, 5)
    kept = _kept(options, ident)
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
        verbosity=verbosity,
        deadline=deadline,
        kept=kept,
    )


def _known(options: Options) -> None:
    """Refuse options that there are not, which would do nothing, and those that are called later and cannot be."""
    known = Options.__annotations__
    for name in options:
        if name not in known:
            similar = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {similar[0]}?" if similar else f"There are {', '.join(known)}."
            raise InputError(f"There is no option {name!r}.", hint=hint)
    on_event = options.get("on_event")
    if on_event is not None and not callable(on_event):
        raise _given.refused("on_event", "a function that takes an event", on_event)
    executor = options.get("executor")
    if "executor" in options and not all(callable(getattr(executor, name, None)) for name in ("slot", "start")):
        raise _given.refused("executor", "an Executor, which has the methods slot and start", executor)


def _temporary() -> str:
    """Where the folder of a run goes: paths of ssh's sockets in it are 61 bytes longer, and may have 104 on macOS."""
    found = tempfile.gettempdir()
    return found if len(os.fsencode(found)) <= _LONGEST_TEMPORARY else "/tmp"  # noqa: S108 the folder in it is made safely


def _texts(inputs: Mapping[str, str | None]) -> dict[str, str]:
    """A verb's own parameters. What they must look like is the playbook's to say, which refuses what does not fit."""
    hint = 'For example {}="v0.2.0".'
    found = {name: _given.text(name, value, hint.format(name)) for name, value in inputs.items() if value is not None}
    return {name: value for name, value in found.items() if value}


def _secrets(options: Options) -> dict[str, str]:
    given = _given.several("environment", options.get("environment", ()), "names", '["REGISTRY_PASSWORD"]')
    names = [_given.line("A name in environment", name, "text all of which can be seen") for name in given]
    return environment.secrets(names, os.environ)


def _inventories(options: Options) -> tuple[str, ...]:
    given = options.get("inventory")
    listed = [given] if isinstance(given, (str, os.PathLike)) else given
    if not isinstance(listed, (list, tuple)):
        hint = 'For example inventory="inventories/mine".'
        raise _given.refused("inventory", "a path or a list of paths", given, hint)
    if not listed:
        raise InventoryError("An inventory is required and the list is empty.", hint="Give the path of one.")
    found = tuple(_existing("inventory", path, InventoryError, "An inventory") for path in listed)
    for path in found:
        wrong = _plain_files.special_in_inventory(path)
        if wrong is not None:
            raise InventoryError(_no_file("An inventory", *wrong), hint="Remove it, or give another inventory.")
        mistake = installation.plugin_utils("inputs._mistakes").of_inventory(path)
        if mistake:
            raise InventoryError(f"The inventory cannot be read: {mistake}", hint="Fix that line.")
    return found


def _existing(name: str, path: Any, error: type[InputError] | type[InventoryError], what: str) -> str:
    """An absolute path: what does not exist Ansible would take for the name of a host."""
    with _usable(f"The path {_given.path(name, path)!r} in {name}"):
        found = Path(path).expanduser().absolute()
        is_there = found.exists()
    if not is_there:
        raise error(f"{what} was expected at {found} and nothing is there.", hint="Give the path of one that exists.")
    return str(found)


def _arguments(options: Options) -> tuple[str, ...]:
    """The command line, apart from what ansible-runner adds."""
    found = ["--check", "--diff"] if _given.flag("check", options.get("check", False)) else []
    forks = options.get("forks")
    if forks is not None:
        found += ["--forks", str(_given.whole("forks", forks, 1, MOST_FORKS))]
    for path in _files(options, "vault_password_files", "A file with a vault's password"):
        found += ["--vault-password-file", path]
    for path in _files(options, "variable_files", "A file with variables"):
        found += ["-e", f"@{path}"]
    return tuple(found)


def _files(options: Options, name: str, what: str) -> list[str]:
    given = _given.several(name, options.get(name, ()), "paths", '["secrets.yml"]')
    found = [_existing(name, path, InputError, what) for path in given]
    for path in found:
        wrong = _plain_files.special(path)
        if wrong:
            raise InputError(_no_file(what, path, wrong), hint=f"Give the path of a file in {name}.")
        mistake = installation.plugin_utils("inputs._mistakes").of_file(path) if name == "variable_files" else ""
        if mistake:
            raise InputError(f"Variables cannot be read: {mistake}", hint="Fix that line.")
    return found


def _no_file(what: str, path: str, found: str) -> str:
    return f"{what} must be a plain file, and {path} is {found}."


def _limit(options: Options) -> str | None:
    limit = options.get("limit")
    if limit is None:
        return None
    expected = "names of hosts or groups, with * where several are meant"
    hint = 'Name hosts or groups, for example limit="web1,web2".'
    found = _given.line("limit", limit, expected, hint)
    # In each part of it, @file would read any file of this machine, a dash would be another option, and ~ begins a
    # regular expression, which may backtrack for ever.
    parts = [part.lstrip("&!") for part in re.split(r"[,:;\s]+", found)]
    if not any(parts) or any(part.startswith(("-", "@", "~")) for part in parts):
        raise _given.refused("limit", expected, limit, hint)
    return found


def _deadline(options: Options) -> float | None:
    given = options.get("deadline")
    if given is None:
        return None
    return _given.seconds("deadline", given.total_seconds() if isinstance(given, timedelta) else given)


def _report(kept: str | None) -> dict[str, str]:
    """Where the playbooks write their own report of the run, as JSON and as a page: beside what is kept."""
    return {"OPS_REPORT_DIR": kept} if kept else {}


def _kept(options: Options, ident: str) -> str | None:
    """A folder of the run's own, for its owner alone, as are those above it that were not there."""
    keep = options.get("keep")
    if keep is None:
        return None
    given = _given.path("keep", keep)
    with _usable("A folder for what is kept"):
        folder = Path(given).expanduser().absolute() / ident
        folders = installation.module_utils("core._files")
        try:
            folders.make_safe(folder, folders.Named("folder for what is kept", "keep"))
        except installation.module_utils("core._errors").Refused as error:
            raise InputError(error.message, hint=error.hint) from error
    return str(folder)


@contextlib.contextmanager
def _usable(what: str) -> Iterator[None]:
    """A path that cannot be used is the caller's to fix."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        hint = "Give another one, or fix its rights or its disk."
        raise InputError(f"{what} cannot be used: {error}.", hint=hint) from error
