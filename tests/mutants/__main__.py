"""Tries the mutants: ``python -m tests.mutants [WORD ...]``, those whose file or words contain one of these, else all.

Each is applied to a copy of the tree. It is killed where a test fails or hangs.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.table import ROOT, Mutant, lost, mutants

#: how many of the mutants have to be killed
ENOUGH = 0.95
#: one that hangs is killed as well, after so many seconds
TEST_TIMEOUT, TIMEOUT = 60, 600
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".cache", "__pycache__", "dist")
#: how pytest ends
PASSED, FAILED, INTERRUPTED = 0, 1, 2


def is_noticed(tree: Path, tests: Sequence[str]) -> bool:
    """Whether one of these tests fails."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANSIBLE_COLLECTIONS_PATH": str(tree / "collections"),
    }
    command = [sys.executable, "-m", "pytest", "--quiet", "-x", "--timeout", str(TEST_TIMEOUT), *tests]
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (PASSED, FAILED, INTERRUPTED):
        raise SystemExit(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode != PASSED


def killer(mutant: Mutant, tree: Path) -> str:
    """Which tests noticed it, empty where none did."""
    path = tree / mutant.file
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace(mutant.before, mutant.after), encoding="utf-8")
    try:
        return next((" ".join(tests) for tests in mutant.stages() if is_noticed(tree, tests)), "")
    finally:
        path.write_text(good, encoding="utf-8")


def survivors(every: Sequence[Mutant], trees: Sequence[Path]) -> list[Mutant]:
    """Try each, as many at a time as there are copies of the tree; gives those that nothing noticed."""
    free: queue.Queue[Path] = queue.Queue()
    for tree in trees:
        free.put(tree)

    def tried(mutant: Mutant) -> bool:
        tree, began = free.get(), time.monotonic()
        try:
            noticed = killer(mutant, tree)
        finally:
            free.put(tree)
        word, seconds = "killed  " if noticed else "SURVIVED", time.monotonic() - began
        print(f"{word} {seconds:4.0f} s  {mutant.wrong}  ({mutant.file}; {noticed or 'nothing noticed'})", flush=True)
        return bool(noticed)

    with ThreadPoolExecutor(len(trees)) as pool:
        return [mutant for mutant, noticed in zip(every, pool.map(tried, every), strict=True) if not noticed]


def main(words: Sequence[str]) -> int:
    """Try them; 0 where enough of them were killed."""
    every = [mutant for mutant in mutants() if not words or mutant.is_about(words)]
    if problems := lost(every):
        print("\n".join(problems))
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [Path(folder) / str(number) for number in range(os.cpu_count() or 1)]
        for tree in trees:
            shutil.copytree(ROOT, tree, symlinks=True, ignore=LEFT_OUT)
        # in a tree that is red already every mutant looks killed
        tests = sorted({test for mutant in every for stage in mutant.stages() for test in stage})
        if is_noticed(trees[0], tests):
            print(f"Tests fail without any mutant: pytest -x {' '.join(tests)}")
            return 2
        survived = survivors(every, trees)
    killed = len(every) - len(survived)
    print(f"{killed} of {len(every)} killed, {killed / len(every):.1%}; at least {ENOUGH:.0%} are expected.")
    return int(killed < ENOUGH * len(every))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
