"""The process of one run, and the only place that calls ansible-runner. A script, run by path.

It reads a :class:`~doppelganger_ops.job.Job` from its standard input and writes a line of JSON for each event to its
standard output. The end of the input means that its parent is gone, and ends the run.

Nothing waits inside ansible-runner's callbacks: they only put something into a queue, and ask whether to stop.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import queue
import select
import shlex
import shutil
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import ansible_runner.interface

PACKAGE = Path(__file__).resolve().parent
# the package without its __init__, which imports what callers need: a tenth of a second that each run would wait for
sys.modules["doppelganger_ops"] = package = ModuleType("doppelganger_ops")
package.__path__ = [str(PACKAGE)]

from doppelganger_ops import _playbook, reports  # noqa: E402  # the package comes first
from doppelganger_ops.job import CANCEL, Ended, Job, handed_over  # noqa: E402  # the package comes first

#: how often ansible-runner asks whether to stop, in seconds; and no copy of the output in the run's folder
SETTINGS = {"pexpect_timeout": 0.2, "suppress_output_file": True}


class Reporter:
    """Writes events from a thread of its own, so that a slow reader cannot hold ansible-runner up."""

    def __init__(self, stream: TextIO, kept: str | None) -> None:
        self._stream = stream
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        # started with the first event: a thread before the fork is what Python warns of
        self._thread = threading.Thread(target=self._write, daemon=True)
        folder = Path(kept) if kept else None
        self._output = reports.private(folder / "output.txt") if folder else None
        self._events = reports.private(folder / "events.jsonl") if folder else None
        self._has_warned = False
        self.tail: deque[str] = deque(maxlen=20)

    def event(self, folder: Path, event: Mapping[str, Any]) -> bool:
        """ansible-runner's event handler; the answer means that it writes no file of its own."""
        text = str(event.get("stdout") or "")
        if text.strip():
            self.tail.extend(text.splitlines()[-20:])
        found = reports.reduced(event) if reports.is_ansibles(event, folder) else None
        if found and found["event"] == "waits":
            text = ""
        if found or (text and self._output):
            self.put({"raw": found, "output": text if self._output else ""})
        return False

    def put(self, message: dict[str, Any]) -> None:
        """Have a message written."""
        if not self._thread.is_alive():
            self._thread.start()
        self._queue.put(message)

    def close(self) -> None:
        """Write what is left."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=30)

    def _write(self) -> None:
        while (message := self._queue.get()) is not None:
            output = message.pop("output", "")
            line = "" if message.get("raw", True) is None else f"{json.dumps(message, default=str)}\n"
            # the caller first: the result comes from what he is told, and a full disk takes nothing of that
            self._tell(line)
            self._keep(self._output, f"{output}\n" if output else "")
            self._keep(self._events, line if "raw" in message else "")

    def _tell(self, line: str) -> None:
        # a reader that is gone says so by the end of the input as well; the queue is emptied all the same
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line)
            self._stream.flush()

    def _keep(self, file: TextIO | None, text: str) -> None:
        if file is None or not text:
            return
        try:
            file.write(text)
            file.flush()
        except (OSError, ValueError) as error:
            if not self._has_warned:
                self._has_warned = True
                warning = reports.warning(f"The run goes on, and not all of it can be kept in {file.name}: {error}.")
                self._tell(f"{json.dumps({'raw': warning})}\n")


class Stop:
    """Whether the run is to end, and how far that has come: asked for, told with SIGTERM, killed."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._began = time.monotonic()
        self._told: float | None = None
        self.reason: str | None = None

    def asked(self) -> bool:
        """ansible-runner's cancel callback; true makes it kill what it started."""
        try:
            self._look()
            return self._told is not None and time.monotonic() - self._told > self._job.grace
        except Exception:
            # raised here it would leave the run without an end
            traceback.print_exc()
            return True

    def because(self, reason: str) -> None:
        """Have the run end; the first reason counts."""
        self.reason = self.reason or reason

    def _look(self) -> None:
        if self.reason is None and select.select([0], [], [], 0)[0]:
            told = os.read(0, 4096).decode(errors="replace").split()
            if CANCEL in told or not told:
                self.because("cancelled")
        if self._job.deadline is not None and time.monotonic() - self._began > self._job.deadline:
            self.because("timed_out")
        if self.reason is not None and self._told is None:
            from doppelganger_ops import _processes

            self._told = time.monotonic()
            _processes.terminate_children()


def secrets_pipe(job: Job) -> dict[str, str]:
    """A pipe with the secrets in it, which Ansible's process empties; they are in no file and in no argument."""
    if not job.secrets:
        return {}
    path = Path(job.folder) / "secrets"
    os.mkfifo(path, 0o600)
    # open for reading as well, or opening it would wait for the reader
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    os.write(descriptor, json.dumps(dict(job.secrets)).encode() + b"\n")
    return {_playbook.SECRETS: str(path)}


def write_inputs(job: Job) -> Path:
    """Write what Ansible's process reads, for its owner alone; gives the file that it takes variables from."""
    folder = Path(job.folder)
    inputs = folder / _playbook.HANDED_OVER
    for path, text in ((inputs, handed_over(job.inputs)), (folder / _playbook.GIVEN, json.dumps(job.inputs))):
        path.touch(0o600)
        path.write_text(text, encoding="utf-8")
    return inputs


def play(job: Job, reporter: Reporter, stop: Stop) -> tuple[int | None, str]:
    """Run the playbook; the exit code, and what ansible-runner had to say where it raised."""
    folder = Path(job.folder)
    inputs = write_inputs(job)
    private = folder / "runner"
    (private / "env").mkdir(0o700, parents=True)
    # as a file: what run() is given it forgets where it is told to write no files into env
    (private / "env/settings").write_text(json.dumps(SETTINGS), encoding="utf-8")
    more = {**secrets_pipe(job), _playbook.INPUTS: str(folder), _playbook.STARTED_BY: str(os.getpid())}
    command = ["-P", str(PACKAGE / "_playbook.py"), *job.arguments, "-e", f"@{inputs}", job.playbook]
    try:
        runner = ansible_runner.interface.init_runner(
            private_data_dir=str(private),
            project_dir=job.cwd,
            # a command of our own is what it calls binary, and the playbook is then an argument like the others
            binary=sys.executable,
            cmdline=shlex.join(command),
            inventory=list(job.inventories),
            limit=job.limit,
            envvars={**job.environment, **more},
            verbosity=job.verbosity or None,
            ident="run",
            quiet=True,
            suppress_env_files=True,
            fact_cache_type="",
            event_handler=functools.partial(reporter.event, private / "artifacts/run/job_events"),
            cancel_callback=stop.asked,
        )
        # the reporter looks for them, and removes them
        runner.remove_partials = False
        runner.run()
    except Exception as error:
        # its end of file did not come within five seconds, for example, because something holds the terminal
        return None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return runner.rc, ""


def ended(job: Job, reporter: Reporter, stop: Stop) -> Ended:
    """Run, and leave nothing behind."""
    code, error = play(job, reporter, stop)
    survivors: tuple[str, ...] = ()
    sockets = Path(job.folder) / "cp"
    if stop.reason or error or code is None or code < 0 or (sockets.is_dir() and any(sockets.iterdir())):
        from doppelganger_ops import _processes

        survivors = _processes.end_all(job.ident)
    return Ended(code, stop.reason, survivors, error, tuple(reporter.tail))


def main() -> None:
    """Do what the first line of the input says."""
    # whatever prints must not come between the lines of the protocol
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    line, rest = _first_line()
    job = Job.from_line(line)
    stop = Stop(job)
    if CANCEL in rest.decode().split():
        stop.because("cancelled")
    signal.signal(signal.SIGTERM, lambda *_: stop.because("cancelled"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reporter = Reporter(stream, job.kept)
    try:
        how = ended(job, reporter, stop)
    finally:
        shutil.rmtree(job.folder, ignore_errors=True)
    reporter.put({"ended": asdict(how)})
    reporter.close()


def _first_line() -> tuple[bytes, bytes]:
    """The first line, and what came with it; without a buffer, because the rest is read with ``select``."""
    found = b""
    while b"\n" not in found:
        more = os.read(0, 65536)
        if not more:
            break
        found += more
    line, _, rest = found.partition(b"\n")
    return line, rest


if __name__ == "__main__":
    main()
    # everything is written and closed; the interpreter's own tidying up would only take time
    os._exit(0)
