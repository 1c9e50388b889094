"""The command ``doppelganger-ops``: the verbs of the API for people, with no logic of its own."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import shtab

import doppelganger_ops
from doppelganger_ops import api, terminal
from doppelganger_ops._wording import Parameter, in_words_of_the_command, of_lines
from doppelganger_ops.dashboard import EVERY, Dashboard
from doppelganger_ops.errors import NeverRan, OpsError
from doppelganger_ops.handle import Handle
from doppelganger_ops.status import Status
from doppelganger_ops.terminal import Progress

INVENTORY = "DOPPELGANGER_OPS_INVENTORY"
#: what the command exits with
EXIT_CODES = {
    Status.OK: 0,
    Status.UNCHANGED: 0,
    Status.SKIPPED: 0,
    Status.FAILED: 1,
    Status.REFUSED: 3,
    Status.UNREACHABLE: 4,
    Status.ROLLED_BACK: 5,
    Status.ROLLBACK_FAILED: 6,
    Status.NO_HOSTS: 7,
    Status.TIMED_OUT: 124,
    Status.CANCELLED: 130,
}
NEVER_RAN = 2
#: the command that is no run
DASHBOARD = "dashboard"

#: a command: what it starts, its own parameters (positional, then by name), and a sentence
REASON: Parameter = ("--reason", {"help": "why; it goes into the record"})
# without it the playbook refuses, which knows the name
CONFIRM: Parameter = (
    "--confirm",
    {"metavar": "APP", "default": "", "help": "the name of the application, to say that you mean it"},
)
ADOPT: Parameter = ("--adopt", {"action": "store_true", "help": "a first deployment may take over what runs already"})
COMMANDS: dict[str, tuple[Callable[..., Handle[Any]], list[Parameter], str]] = {
    "deploy": (api.deploy.start, [("version", {"help": "a tag, branch, commit or digest"}), REASON, ADOPT],
               "Deploy a version behind gates; roll back automatically on failure."),
    "rollback": (api.rollback.start,
                 [("release", {"nargs": "?", "help": "an id, a version or 'previous'; by default the last good one"}),
                  REASON, ("--backup", {"help": "a backup whose data comes back as well"}), CONFIRM],
                 "Return to a recorded release."),
    "verify": (api.verify.start, [], "Run the health checks."),
    "monitor": (api.monitor.start, [], "Hold what the application shows now against the limits of its metrics."),
    "observe": (api.observe.start, [], "Set monitoring up from the catalogue of metrics, or add its rules."),
    "status": (api.releases.start, [], "Show what is running, and who holds the targets."),
    "releases": (api.releases.start, [], "List releases and backups."),
    "backup": (api.backup.start, [REASON], "Dump the database and prove the dump readable."),
    "restore": (api.restore.start, [("backup", {"help": "a backup's id"}), CONFIRM, REASON],
                "Replace the database with a backup, all or nothing."),
    "lock": (api.lock.start, [("reason", {"help": "why"})], "Lock the targets for maintenance."),
    "prepare": (api.prepare.start, [], "Install what the targets need."),
    "unlock": (api.unlock.start, [("reason", {"help": "why"})], "Take a lease away from its holder."),
}  # fmt: skip


def _asked() -> argparse.ArgumentParser:
    """Who is asked, and with what: every command takes it."""
    asked = argparse.ArgumentParser(add_help=False)
    add = asked.add_argument
    add(
        "-i",
        "--inventory",
        action="append",
        metavar="PATH",
        help=f"an inventory; may be given more than once; by default ${INVENTORY}",
    ).complete = shtab.FILE  # type: ignore[attr-defined]  # shtab reads it
    add("-l", "--limit", metavar="HOSTS", help="only these hosts of it")
    add(
        "--environment",
        action="append",
        default=[],
        metavar="NAME",
        help="an environment variable that the inventory reads, for example a password; may be given more than once",
    )
    add(
        "--vault-password-file",
        action="append",
        default=[],
        metavar="PATH",
        help="a file with a password of Ansible's vault",
    ).complete = shtab.FILE  # type: ignore[attr-defined]  # shtab reads it
    add(
        "--variables", action="append", default=[], metavar="PATH", help="a file with variables, which may be encrypted"
    ).complete = shtab.FILE  # type: ignore[attr-defined]  # shtab reads it
    add("--forks", type=int, metavar="N", help="so many hosts at the same time")
    return asked


def _common() -> argparse.ArgumentParser:
    """What every command takes that is a run."""
    common = argparse.ArgumentParser(add_help=False, parents=[_asked()])
    add = common.add_argument
    add("-C", "--check", action="store_true", help="show what would be done, and do nothing")
    add("--json", action="store_true", help="print the result as JSON (schemas/run.schema.json), and nothing else")
    add("--deadline", type=float, metavar="SECONDS", help="end the run after so many seconds")
    add(
        "--keep", metavar="FOLDER", help="keep the run's output, events and result in a folder of it"
    ).complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # shtab reads it
    add("-q", "--quiet", action="store_true", help="show only the result")
    return common  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    codes = ", ".join(f"{code} {status.value}" for status, code in EXIT_CODES.items() if code)
    made = argparse.ArgumentParser(
        prog="doppelganger-ops",
        description="Deploy, verify, roll back, back up and restore the application of an inventory.",
        epilog=f"Exit codes: 0 ok or unchanged, {NEVER_RAN} nothing was run, {codes}.",
    )
    made.add_argument("--version", action="version", version=doppelganger_ops.__version__)
    shtab.add_argument_to(made, "--print-completion", help="print the completion script of a shell")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = _common()
    for name, (_, parameters, sentence) in COMMANDS.items():
        command = commands.add_parser(name, help=sentence, description=sentence, parents=[common])
        for flag, more in parameters:
            command.add_argument(flag, **more)
    _add_dashboard(commands)
    return made


def _add_dashboard(commands: Any) -> None:
    sentence = "Show targets, releases, checks, alerts and metrics on a page that keeps itself current."
    add = commands.add_parser(DASHBOARD, help=sentence, description=sentence, parents=[_asked()]).add_argument
    add("--port", type=int, metavar="N", help="by default 3000, or the next that is free")
    add(
        "--address",
        default="127.0.0.1",
        help="where to listen; there is no login, so by default for this machine alone",
    )
    add("--every", type=float, default=EVERY, metavar="SECONDS", help=f"how often to look; by default {EVERY:g}")
    add("--grafana-url", metavar="URL", help="a Grafana that the page is to have a link to")


def _who(options: argparse.Namespace) -> dict[str, Any]:
    """What every command takes, as the API calls it."""
    default = os.environ.get(INVENTORY)
    inventory = options.inventory or ([default] if default else [])
    if not inventory:
        raise NeverRan("An inventory is required and none was given.", hint=f"Give -i PATH, or set {INVENTORY}.")
    return {
        "inventory": inventory,
        "limit": options.limit,
        "environment": options.environment,
        "vault_password_files": options.vault_password_file,
        "variable_files": options.variables,
        "forks": options.forks,
    }


def _start(options: argparse.Namespace, progress: Progress | None) -> Handle[Any]:
    start, parameters, _ = COMMANDS[options.command]
    names = [flag.lstrip("-") for flag, _ in parameters]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return start(
        **_who(options),
        check=options.check,
        deadline=options.deadline,
        keep=options.keep,
        on_event=progress,
        **given,
    )


def _show(options: argparse.Namespace) -> int:
    """Serve the dashboard until it is ended, which is how it is meant to end."""
    board = Dashboard(
        port=options.port,
        address=options.address,
        every=options.every,
        grafana_url=options.grafana_url,
        **_who(options),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), board:
        sys.stdout.write("".join(f"{line}\n" for line in terminal.dashboard(board.url, options.port)))
        sys.stdout.flush()
        try:
            board.wait()
        finally:
            # once more would keep it from ending what it has started
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
    return 0


def _run(options: argparse.Namespace) -> int:
    words = functools.partial(_lines, options.command)
    progress = None if options.json or options.quiet else Progress(sys.stderr, words)
    try:
        handle = _start(options, progress)

        def cancel(number: int, frame: FrameType | None) -> None:
            del number, frame
            handle.cancel()

        # both end in a result that says so; the runner ends its processes either way
        signal.signal(signal.SIGINT, cancel)
        signal.signal(signal.SIGTERM, cancel)
        result = handle.wait()
    finally:
        if progress is not None:
            progress.close()
    said = result.to_json(indent=2) if options.json else words("\n".join(terminal.lines(options.command, result)))
    _say(f"{said}\n")
    return EXIT_CODES[result.status]


def _words(command: str, text: str) -> str:
    return in_words_of_the_command(text, command, _inputs())


def _lines(command: str, text: str) -> str:
    return of_lines(text, command, _inputs())


def _inputs() -> dict[str, list[Parameter]]:
    return {name: parameters for name, (_, parameters, _) in COMMANDS.items()}


def _say(text: str) -> None:
    """Write what there is to say; who reads no more of it does not change how the run ended."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # or the interpreter tries once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    options = parser().parse_args(arguments)
    try:
        return _show(options) if options.command == DASHBOARD else _run(options)
    except OpsError as error:
        if getattr(options, "json", False):
            message, hint = (_words(options.command, text) for text in (error.message, error.hint))
            told = {"error": type(error).__name__, "reason": error.reason, "message": message, "hint": hint}
            _say(f"{json.dumps(told, indent=2)}\n")
        else:
            sys.stderr.write(f"doppelganger-ops: {_words(options.command, str(error))}\n")
        return NEVER_RAN if isinstance(error, NeverRan) else 1


if __name__ == "__main__":
    sys.exit(main())
