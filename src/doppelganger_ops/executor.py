"""Who runs a job: a process of its own for each, and a bounded number at a time. Replaceable, for tests and others."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from doppelganger_ops import _given
from doppelganger_ops.errors import AnsibleMissing
from doppelganger_ops.job import CANCEL, Ended, Job

#: how many runs at a time may be asked for
MOST = 1000
WORKER = Path(__file__).with_name("_worker.py")


class Running(Protocol):
    """A job that is under way."""

    def reports(self) -> Iterator[Mapping[str, Any]]:
        """What ansible-runner reports (see :mod:`doppelganger_ops.reports`), until the job has ended."""

    def cancel(self) -> None:
        """End it; may be called from any thread and more than once."""

    def ended(self) -> Ended:
        """How it ended, after the last report."""


class Executor(Protocol):
    """Starts jobs."""

    def slot(self) -> threading.Semaphore:
        """What a run takes before it starts and gives back when it is over."""

    def start(self, job: Job) -> Running:
        """Start a job."""


class _Process:
    """A job in a process of its own."""

    def __init__(self, job: Job, python: str, log: IO[bytes]) -> None:
        self._job = job
        self._log = log
        self._ended: Ended | None = None
        self._writing = threading.Lock()
        self._process = subprocess.Popen(
            # -P: the folder of the script is the package itself and is not to be searched for modules
            [python, "-P", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(job.environment),
            cwd=job.cwd,
            # what a terminal sends to the foreground reaches the caller, who decides
            start_new_session=True,
        )
        self._tell(job.to_line())

    def _tell(self, line: bytes) -> None:
        stream = self._process.stdin
        with self._writing, contextlib.suppress(OSError, ValueError):
            if stream is not None:
                stream.write(line)
                stream.flush()

    def cancel(self) -> None:
        self._tell(f"{CANCEL}\n".encode())

    def reports(self) -> Iterator[Mapping[str, Any]]:
        if self._process.stdout is None:
            return
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                # the process was killed in the middle of a line
                continue
            if "ended" in message:
                found = message["ended"]
                lists = {name: tuple(found[name]) for name in ("survivors", "tail")}
                self._ended = Ended(**{**found, **lists})
                return
            else:
                yield message["raw"]

    def ended(self) -> Ended:
        with self._writing, contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        code = self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._ended is not None:
            self._log.close()
            return self._ended
        # it did not come to say how it ended: whatever it had started is ended from here
        from doppelganger_ops import _processes

        survivors = _processes.end_all(self._job.ident)
        shutil.rmtree(self._job.folder, ignore_errors=True)
        how = f"the process of the run was killed by signal {-code}" if code < 0 else f"the process ended with {code}"
        return Ended(None, None, survivors, how, tuple(self._last_lines()))

    def _last_lines(self) -> list[str]:
        with self._log as log:
            log.seek(0)
            return log.read().decode(errors="replace").splitlines()[-20:]


class ProcessExecutor:
    """Each run in a process of its own, at most ``most`` of them at a time; the others wait for their turn."""

    def __init__(self, *, most: int = 4, python: str | None = None) -> None:
        self._slots = threading.BoundedSemaphore(_given.whole("most", most, 1, MOST))
        self._python = sys.executable if python is None else _given.path("python", python)

    def slot(self) -> threading.Semaphore:
        """One of as many as may run at a time."""
        return self._slots

    def start(self, job: Job) -> Running:
        """Start a process."""
        if not os.access(self._python, os.X_OK):
            raise AnsibleMissing(
                f"The Python interpreter {self._python!r} cannot be run.",
                hint="Give ProcessExecutor(python=...) the interpreter that has ansible-core installed.",
            )
        # the log has no name, so it is gone with its last reader
        return _Process(job, self._python, tempfile.TemporaryFile())


DEFAULT: Executor = ProcessExecutor()
