# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands on the target: an argument list, a time limit, and an error that shows what the command said last."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..text._characters import printable
from ..text._excerpt import last_said
from . import _files
from ._errors import OpsError

#: what a command inherits of the environment, besides what it is given
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT",
             "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "SSH_AUTH_SOCK", "SSL_CERT_FILE",
             "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip


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
) -> str:
    """Run a command to its end and return its output; ``doing`` completes "... failed" in the error.

    ``stdout`` takes the output as bytes instead. ``log`` keeps all that was printed in a file, as ``clean``
    makes it fit to be shown.
    """
    streams: dict[str, Any] = {"stdin": stdin or subprocess.DEVNULL, "stdout": stdout or subprocess.PIPE}
    options: dict[str, Any] = {"env": environment(env), "cwd": cwd, "stderr": subprocess.PIPE}
    with _started(argv, doing, {**streams, **options}) as process:
        said = [_Reader(process, process.stdout, must_fit=True)] if process.stdout else []
        said += [_Reader(process, process.stderr, must_fit=False)] if process.stderr else []
        try:
            is_over = _ended(process, said, timeout)
        except BaseException:  # leaving the block waits for it
            process.kill()
            raise
    errors = said[-1].text()
    output = "" if stdout else said[0].text()
    if log is not None:
        _files.write_text(log, clean(output + errors))
    if any(one.was_too_long for one in said):
        raise OpsError(f"{doing} failed: its output has more than {OUTPUT_LIMIT >> 20} MiB.", reason="command_failed")
    last = last_said(errors)
    if not is_over:
        raise OpsError(f"{doing} timed out after {timeout:g} s. Last output: {last or 'none'}", reason="timed_out")
    if process.returncode != 0:
        words = f"{doing} failed with code {process.returncode}: {last or last_said(output) or 'no output'}"
        raise OpsError(words, reason="command_failed", rc=process.returncode)
    return output


def _started(argv: Sequence[str], doing: str, options: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(list(argv), **options)
    except FileNotFoundError as error:
        raise OpsError(
            f"{doing} failed: command {argv[0]!r} was not found on the target.",
            reason="program_missing",
            hint="Run playbooks/prepare.yml.",
        ) from error


class _Reader(threading.Thread):
    """Reads what a command writes, in bounded memory: output that does not fit ends it, of errors the end is kept."""

    def __init__(self, process: subprocess.Popen[bytes], stream: IO[bytes], must_fit: bool) -> None:
        super().__init__(daemon=True)
        self._process, self._must_fit = process, must_fit
        # one of its own: whom the command has started may write on when the stream is closed here
        self._descriptor = os.dup(stream.fileno())
        self._kept = bytearray()
        self.was_too_long = False
        self.start()

    def run(self) -> None:
        """Read to the end."""
        try:
            while piece := os.read(self._descriptor, 65536):
                self._kept += piece
                if self._must_fit and len(self._kept) > OUTPUT_LIMIT:
                    self.was_too_long = True
                    self._process.kill()
                    return
                if len(self._kept) > 2 * OUTPUT_LIMIT:
                    del self._kept[:-OUTPUT_LIMIT]
        finally:
            os.close(self._descriptor)

    def text(self) -> str:
        """What was read."""
        return bytes(self._kept).decode(errors="replace")


def _ended(process: subprocess.Popen[bytes], readers: Sequence[_Reader], timeout: float) -> bool:
    """Wait for the end of a command and of all that it wrote; kill it where that does not come in time."""
    deadline = time.monotonic() + timeout
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout)
    for one in readers:
        one.join(max(0.0, deadline - time.monotonic()))
    if process.returncode is not None and not any(one.is_alive() for one in readers):
        return True
    process.kill()
    process.wait()
    for one in readers:  # what it has written up to now
        one.join(0.2)
    return False
