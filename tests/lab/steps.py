"""Say what happens and how long it took, and run commands so that a failure explains itself."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class LabError(Exception):
    """The lab cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    started = time.monotonic()
    say(f"{what} ...")
    yield
    say(f"{what}: {time.monotonic() - started:.1f} s")


def run(
    command: Sequence[str | Path],
    *,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> str:
    """Run a command and return its stdout; a failure is a LabError that ends in the command's last words."""
    argv = [str(part) for part in command]
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, env=env)
    except FileNotFoundError as missing:
        raise LabError(f"{argv[0]} is not installed") from missing
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{' '.join(argv)}: no answer within {timeout} s") from late
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}:\n{words}")
    return done.stdout.strip()


def answers(command: Sequence[str | Path], *, timeout: float = 10) -> bool:
    try:
        run(command, timeout=timeout)
    except LabError:
        return False
    return True


def wait_until(what: str, happened: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise LabError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.1)
