# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client programs of PostgreSQL in the database's own pod; what goes in or out is compared by size and sum.

A websocket cannot close stdin alone, and a connection that breaks off looks like an end. So what a program reads is a
file in the pod before it starts, and what it writes is one before it is sent; each time both ends must agree on it. All
of that is one command in the pod: to start one takes longer than a small dump.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import IO, Any, BinaryIO, cast

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import BrokenOff, NotThere, OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import last_said

from ..api import _errors
from ..api._exec import ExecResult
from ._project import KubeProject, borrowing

_BORROWED = {"PGPASSWORD": "POSTGRES_PASSWORD"}
#: the first argument is a file that is gone at the end, the last are the command that reads or writes it
_READING = """umask 077; trap 'rm -f "$0"' EXIT
head -c "$1" >"$0" || exit
[ "$(sha256sum <"$0")" = "$2  -" ] || { wc -c <"$0"; sha256sum <"$0"; exit 97; }
shift 2; "$@" <"$0"
"""
_WRITING = """umask 077; trap 'rm -f "$0"' EXIT
"$@" >"$0" || exit
wc -c <"$0" && sha256sum <"$0" && cat "$0"
"""
#: the code of the first for a file that is not what was sent, with its size and its sum
_ANOTHER = 97
_BLOCK = 1 << 20
#: before a program that only reads is run again, in seconds
_PAUSES = (0.2, 0.5, 1.0, 2.0)


class DatabasePod:
    """The pod of the database, in which its client programs run."""

    def __init__(self, project: KubeProject, service: str) -> None:
        self._project = project
        self._service = service

    def is_running(self) -> bool:
        """Whether there is one now that is ready."""
        try:
            self._project.ready_pod(self._service)
        except NotThere:
            return False
        return True

    def run(
        self,
        argv: Sequence[str],
        *,
        doing: str,
        timeout: float,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        may_repeat: bool = False,
    ) -> str:
        """Run a program; its password is taken from the container's own variables and is in no argument list."""
        starts = [(stream, stream.tell()) for stream in (stdin, stdout) if stream is not None]
        for pause in _PAUSES if may_repeat else ():
            try:
                return self._once(argv, doing, timeout, stdin, stdout)
            except BrokenOff:
                time.sleep(pause)
            for stream, start in starts:
                stream.seek(start)
            if stdout is not None:
                stdout.truncate()
        return self._once(argv, doing, timeout, stdin, stdout)

    def _once(
        self, argv: Sequence[str], doing: str, timeout: float, stdin: IO[bytes] | None, stdout: IO[bytes] | None
    ) -> str:
        pod = _Pod(self._project, self._service, doing, timeout)
        command = borrowing(argv, _BORROWED, {})
        if stdin is not None:
            return pod.fed(command, stdin)
        if stdout is not None:
            pod.told(command, stdout)
            return ""
        return pod.run(command)


class _Pod:
    """One program's stay in a pod: all of it within one time limit."""

    def __init__(self, project: KubeProject, service: str, doing: str, timeout: float) -> None:
        found = project.ready_pod(service)
        self._cluster = project.cluster
        self._name: str = found["metadata"]["name"]
        self._container: str = found["spec"]["containers"][0]["name"]
        self._doing, self._timeout = doing, timeout
        self._deadline = time.monotonic() + timeout

    def run(self, argv: Sequence[str], **streams: Any) -> str:
        """Run a command to its end and return its output."""
        return self._succeeded(self._ended(argv, **streams))

    def fed(self, argv: Sequence[str], stream: IO[bytes]) -> str:
        """Run a command that reads a file of ours; raises where what arrived there is not what was sent."""
        start = stream.tell()
        size, wanted = os.fstat(stream.fileno()).st_size - start, _sum(stream)
        stream.seek(start)
        given: dict[str, Any] = {"stdin": cast(BinaryIO, stream), "stdin_bytes": size} if size else {}
        with self._scratch() as there:
            found = self._ended(["sh", "-c", _READING, there, str(size), wanted, *argv], **given)
            if found.code == _ANOTHER:
                self._compare((size, wanted), _facts(found.output), "arrived in the pod", "was sent")
            return self._succeeded(found)

    def told(self, argv: Sequence[str], stream: IO[bytes]) -> None:
        """Run a command that writes a file, and fetch that; raises where what arrived is not what lies there."""
        received = _Summing(stream)
        with self._scratch() as there:
            self.run(["sh", "-c", _WRITING, there, *argv], stdout=cast(BinaryIO, received))
        arrived = (received.size, received.digest.hexdigest())
        self._compare(_facts(received.head.decode("ascii", "replace")), arrived, "arrived here", "is in the pod")

    def _ended(self, argv: Sequence[str], **streams: Any) -> ExecResult:
        left = max(1.0, self._deadline - time.monotonic())
        try:
            return self._cluster.exec(self._name, self._container, argv, timeout=left, **streams)
        except _errors.TimedOut as error:
            raise OpsError(f"{self._doing} timed out after {self._timeout:g} s.", reason="timed_out") from error

    def _succeeded(self, found: ExecResult) -> str:
        if found.code != 0:
            said = last_said(found.output) or "no output"
            raise OpsError(
                f"{self._doing} failed with code {found.code}: {said}", reason="command_failed", rc=found.code
            )
        return found.output

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[str]:
        """The name of a file in the pod, which the command removes; where it was cut off, it is removed from here."""
        name = f"/tmp/doppelganger-ops-{secrets.token_hex(8)}"  # noqa: S108 in the pod, by a name nobody knows, mode 0600
        try:
            yield name
        except OpsError:
            with contextlib.suppress(OpsError):  # the pod may be gone, and the file with it
                self.run(["rm", "-f", name])
            raise

    def _compare(self, wanted: tuple[int, str], found: tuple[int, str], arrived: str, sent: str) -> None:
        if wanted != found:
            raise OpsError(
                f"{self._doing} failed: {found[0]} bytes with sha256 {found[1][:16]}… {arrived}, "
                f"and {wanted[0]} bytes with {wanted[1][:16]}… {sent}.",
                reason="connection_lost",
                hint="The connection was lost. Re-run.",
            )


class _Summing:
    """Writes on to a stream what follows two lines, the head, and knows the size and the sum of that."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.head = b""
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write on."""
        given = len(data)
        while data and self.head.count(b"\n") < 2:
            line, end, data = data.partition(b"\n")
            self.head += line + end
        self.size += len(data)
        self.digest.update(data)
        self._stream.write(data)
        return given


def _facts(said: str) -> tuple[int, str]:
    """The size and the sum that ``wc`` and ``sha256sum`` said; of nothing where they said nothing."""
    words = said.split()
    return (int(words[0]), words[1]) if len(words) > 1 and words[0].isdigit() else (0, "")


def _sum(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(_BLOCK), b""):
        digest.update(block)
    return digest.hexdigest()
