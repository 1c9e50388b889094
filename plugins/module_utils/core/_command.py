# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands on the target: an argument list, a time limit, and an error that shows what the command said last."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..text._characters import printable
from ..text._excerpt import last_words
from . import _files
from ._errors import OpsError

#: what a command inherits of the environment, besides what it is given
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT",
             "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "SSH_AUTH_SOCK", "SSL_CERT_FILE",
             "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip


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
) -> str:
    """Run a command to its end and return its output; ``doing`` completes "... failed" in the error.

    ``stdout`` takes the output as bytes instead. ``log`` keeps all that was printed in a file, as ``clean``
    makes it fit to be shown.
    """
    streams: dict[str, Any] = {"stdin": stdin or subprocess.DEVNULL, "stdout": stdout or subprocess.PIPE}
    options: dict[str, Any] = {"env": environment(env), "cwd": cwd, "stderr": subprocess.PIPE, "check": False}
    try:
        done = subprocess.run(list(argv), timeout=timeout, **streams, **options)
    except FileNotFoundError as error:
        raise OpsError(
            f"{doing} failed: command {argv[0]!r} was not found on the target.", hint="Run playbooks/prepare.yml."
        ) from error
    except subprocess.TimeoutExpired as error:
        said = last_words(error.stderr or b"")
        raise OpsError(f"{doing} timed out after {timeout:g} s. Last output: {said or 'none'}") from error
    errors = done.stderr.decode(errors="replace")
    output = "" if stdout else done.stdout.decode(errors="replace")
    if log is not None:
        _files.write_text(log, clean(output + errors))
    if done.returncode != 0:
        said = last_words(errors) or last_words(output) or "nothing"
        raise OpsError(f"{doing} failed with code {done.returncode}: {said}", rc=done.returncode)
    return output
