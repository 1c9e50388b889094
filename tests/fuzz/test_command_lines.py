"""The command takes any arguments: a sentence and an exit code, and never a traceback."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelganger_ops import cli
from doppelganger_ops.dashboard import Dashboard
from doppelganger_ops.status import Status
from tests.unit.api.scripted import ScriptedExecutor, play, result, stats

#: values that mean something to one of the readers, and those that are what is wanted
VALUES = st.sampled_from(
    ["", " ", "v1", "0", "-1", "3000", "65536", "1e400", "nan", "{{ 7 * 7 }}", "@/etc/passwd", "-e", "--", "~.*", "a b",
     "a\nb", "\x00", "\udcff", "/nowhere", "/dev/null", "HOME", "=", "http://[", "🚀", "app", "yes"]
) | st.text(max_size=5)  # fmt: skip
FLAGS = sorted({
    "-i", "--inventory", "-l", "--limit", "--environment", "--vault-password-file", "--variables", "--forks",
    "--deadline", "--port", "--address", "--every", "--grafana-url", "--unknown", "--print-completion",
    *(flag for _, parameters, _ in cli.COMMANDS.values() for flag, more in parameters
      if flag.startswith("-") and not more.get("action")),
})  # fmt: skip
SWITCHES = st.sampled_from(["--check", "-C", "--json", "-q", "--adopt", "--help", "--version", "-x"])
PARTS = (
    SWITCHES.map(lambda one: [one])
    | st.tuples(st.sampled_from(FLAGS), VALUES).map(list)
    | VALUES.map(lambda one: [one])
)
COMMANDS = st.sampled_from([*cli.COMMANDS, cli.DASHBOARD, "nothing", ""])


@contextlib.contextmanager
def nothing_runs(folder: Path) -> Iterator[None]:
    """Runs follow a script; the dashboard ends as soon as it serves, and listens nowhere."""
    made = ScriptedExecutor(play(), stats(result()))
    with (
        mock.patch("doppelganger_ops.api.DEFAULT", made),
        mock.patch.object(Dashboard, "start", lambda self: self),
        mock.patch.object(Dashboard, "wait", side_effect=KeyboardInterrupt),
        mock.patch.object(Dashboard, "url", "http://127.0.0.1:3000/"),
        mock.patch("signal.signal"),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        yield


def code_of(arguments: list[str]) -> int:
    """What the command exits with."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "hosts.yml").write_text("targets: {hosts: {app: }}\n")
        with nothing_runs(Path(folder)):
            try:
                return cli.main(arguments)
            except SystemExit as ended:  # of argparse
                return int(ended.code or 0)


@given(COMMANDS, st.lists(PARTS, max_size=4), st.booleans())
def test_any_arguments_end_in_an_exit_code(command: str, parts: list[list[str]], has_inventory: bool) -> None:
    words = [word for part in parts for word in part]
    arguments = [command, *(["-i", "hosts.yml"] if has_inventory else []), *words]
    assert code_of(arguments) in {*cli.EXIT_CODES.values(), cli.NEVER_RAN}


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
@given(data=st.data())
def test_a_command_takes_each_of_its_parameters_or_leaves_it(command: str, data: st.DataObject) -> None:
    """Every combination of what may be left out."""
    words = [command, "-i", "hosts.yml"]
    for flag, more in cli.COMMANDS[command][1]:
        is_named = flag.startswith("-")
        if (is_named or more.get("nargs") == "?") and data.draw(st.booleans()):
            continue
        words += [flag] if is_named else []
        words += [] if more.get("action") else ["app"]
    # the script is of a deployment: what other commands wait for is not in it
    assert code_of(words) in (cli.EXIT_CODES[Status.OK], cli.EXIT_CODES[Status.FAILED])
