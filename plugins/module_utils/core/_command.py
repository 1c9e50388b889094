# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands on the target: an argument list, a time limit, and an error that shows what the command said last."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..text._characters import printable
from ..text._excerpt import last_said
from . import _files, _processes
from ._errors import OpsError

#: what a command inherits of the environment, besides what it is given; by the last a run of the Python API finds its
#: processes
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT",
             "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "SSH_AUTH_SOCK", "SSL_CERT_FILE",
             "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
             "DOPPELGANGER_OPS_RUN")  # fmt: skip

#: a rendered configuration has megabytes at most; a git server may send what it likes
OUTPUT_LIMIT = 32 << 20


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: what it needs, and nothing else of ours."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **(extra or {})}


def run(
    argv: Sequence[str],
    *,
    doing: str,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    log: Path | None = None,
    clean: Callable[[str], str] = printable,
    heard: Callable[[str], object] | None = None,
    sift: Callable[[str], str] = str,
) -> str:
    """Run a command to its end and return its output; ``doing`` completes "... failed" in the error.

    ``stdout`` takes the output as bytes instead. ``log`` keeps all that was printed in a file, as ``clean``
    makes it fit to be shown. ``heard`` gets what a command that succeeds has written to its standard error. ``sift``
    leaves of what a command complained of what is a reason.
    """
    options: dict[str, Any] = {"env": environment(env), "cwd": cwd, "stdin": stdin or subprocess.DEVNULL}
    done = _done(argv, doing, timeout, stdout, options)
    output, errors = done.output, done.errors
    if log is not None:
        _files.write_text(log, clean(output + errors))
    if not done.fits:
        raise OpsError(f"{doing} failed: its output has more than {OUTPUT_LIMIT >> 20} MiB.", reason="command_failed")
    if not done.in_time:
        last = last_said(sift(errors)) or "none"
        raise OpsError(f"{doing} timed out after {timeout:g} s. Last output: {last}", reason="timed_out")
    if done.code != 0:
        last = last_said(sift(errors)) or last_said(output) or "no output"
        raise OpsError(f"{doing} failed with code {done.code}: {last}", reason="command_failed", rc=done.code)
    if heard is not None:
        heard(errors)
    return output


def _done(
    argv: Sequence[str], doing: str, timeout: float, stdout: IO[bytes] | None, options: Mapping[str, Any]
) -> _processes.Done:
    try:
        return _processes.run(argv, timeout, stdout=stdout, most=OUTPUT_LIMIT, **options)
    except FileNotFoundError as error:
        raise OpsError(
            f"{doing} failed: command {argv[0]!r} was not found on the target.",
            reason="program_missing",
            hint="Run playbooks/prepare.yml.",
        ) from error
    except (OSError, ValueError) as error:  # no right to run it, arguments that are too long or have a NUL
        raise OpsError(
            f"{doing} failed: command {argv[0]!r} could not be started: {error}.", reason="command_failed"
        ) from error
