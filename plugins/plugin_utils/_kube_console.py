# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client programs of PostgreSQL in the database's own pod; what goes in or out is compared by size and sum.

A websocket cannot close stdin alone, and a connection that breaks off looks like an end. So what a program reads is put
into the pod first, and what it writes is a file there before it is fetched; each time both ends must agree on it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import IO, Any, BinaryIO, cast

from ansible_collections.doppelganger.ops.plugins.module_utils import _command
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import BrokenOff, NotThere, OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils import _kube_errors
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_project import KubeProject, borrowing

_BORROWED = {"PGPASSWORD": "POSTGRES_PASSWORD"}
#: the first argument is a file, the others are the command that reads or writes it
_READING, _WRITING = 'exec 0<"$0"; exec "$@"', 'umask 077; exec 1>"$0"; exec "$@"'
_SUMMING = 'wc -c <"$0"; sha256sum <"$0"'
_RECEIVING = 'umask 077; exec head -c "$1" >"$0"'
_BLOCK = 1 << 20
#: before a program that only reads is run anew, in seconds
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
        with contextlib.ExitStack() as files:
            if stdin is not None:
                there = files.enter_context(pod.scratch())
                pod.put(stdin, there)
                command = ["sh", "-c", _READING, there, *command]
            if stdout is None:
                return pod.run(command)
            there = files.enter_context(pod.scratch())
            pod.run(["sh", "-c", _WRITING, there, *command])
            pod.fetch(there, stdout)
            return ""


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
        left = max(1.0, self._deadline - time.monotonic())
        try:
            found = self._cluster.exec(self._name, self._container, argv, timeout=left, **streams)
        except _kube_errors.TimedOut as error:
            raise OpsError(f"{self._doing} was not done after {self._timeout:g} s.") from error
        if found.code != 0:
            said = _command.tail(found.output) or "nothing"
            raise OpsError(f"{self._doing} failed with code {found.code}: {said}", rc=found.code)
        return found.output

    @contextlib.contextmanager
    def scratch(self) -> Iterator[str]:
        """The name of a file in the pod that is gone after the block."""
        name = f"/tmp/doppelganger-ops-{secrets.token_hex(8)}"  # noqa: S108 in the pod, by a name nobody knows, mode 0600
        try:
            yield name
        finally:
            with contextlib.suppress(OpsError):  # the pod may be gone, and the file with it
                self.run(["rm", "-f", name])

    def put(self, stream: IO[bytes], there: str) -> None:
        """Send a file into the pod; raises where what arrived is not what was sent."""
        size = os.fstat(stream.fileno()).st_size - stream.tell()
        start = stream.tell()
        wanted = _sum(stream)
        stream.seek(start)
        if size:
            receiving = ["sh", "-c", _RECEIVING, there, str(size)]
            self.run(receiving, stdin=cast(BinaryIO, stream), stdin_bytes=size)
        else:
            self.run(["sh", "-c", ': >"$0"', there])
        self._compare((size, wanted), self._facts(there), "arrived in the pod", "was sent")

    def fetch(self, there: str, stream: IO[bytes]) -> None:
        """Fetch a file from the pod; raises where what arrived is not what lies there."""
        facts = self._facts(there)
        received = _Summing(stream)
        self.run(["cat", there], stdout=cast(BinaryIO, received))
        self._compare(facts, (received.size, received.digest.hexdigest()), "arrived here", "is in the pod")

    def _facts(self, there: str) -> tuple[int, str]:
        size, digest = self.run(["sh", "-c", _SUMMING, there]).split()[:2]
        return int(size), digest

    def _compare(self, wanted: tuple[int, str], found: tuple[int, str], arrived: str, sent: str) -> None:
        if wanted != found:
            raise OpsError(
                f"{self._doing} failed: {found[0]} bytes with sha256 {found[1][:16]}… {arrived}, "
                f"and {wanted[0]} bytes with {wanted[1][:16]}… {sent}.",
                hint="The connection broke off. Run again.",
            )


class _Summing:
    """Writes on to a stream, and knows the size and the sum of what it wrote."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write on."""
        self.size += len(data)
        self.digest.update(data)
        return self._stream.write(data)


def _sum(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(_BLOCK), b""):
        digest.update(block)
    return digest.hexdigest()
