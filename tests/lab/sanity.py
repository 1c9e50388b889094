"""Runs ansible-test's sanity tests on a copy of the collection that was built and installed.

``python -m tests.lab.sanity [TEST ...]``, or all of them but those that are left out. What they pass over is in
``tests/sanity``, with the reason of each. What it installs it keeps in ~/.ansible/test.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: which of them are not run, and why
LEFT_OUT = {
    "pylint": "ruff judges the same files, and pylint's rules here forbid the name _ for what is not used",
    "pslint": "there is no PowerShell",
}
OF_THE_CHECKOUT = ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG")
KEPT = Path.home() / ".ansible/test/cache"
#: does the work of get-pip.py, whose host not every machine reaches, with pip from the package registry
GET_PIP = """import runpy, sys
sys.path.insert(0, {wheel!r})
sys.argv = ["pip", "install", *(word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel"))]
runpy.run_module("pip", run_name="__main__")
"""


def tool(name: str) -> str:
    """A program of this environment."""
    return str(Path(sys.executable).with_name(name))


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> int:
    """Run a command, showing what it says; nothing of the checkout may stand in for the copy."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_CHECKOUT}
    argv = [str(part) for part in command]
    return subprocess.run(argv, cwd=cwd, env={**kept, **(env or {})}, check=False).returncode


def provide_pip() -> None:
    """Keep the script by which ansible-test puts pip into its environments, where it was not downloaded."""
    found = importlib.util.find_spec("ansible_test._internal.python_requirements")
    (version,) = re.findall(r"pip='([0-9.]+)'", Path(str(found and found.origin)).read_text("utf-8"))
    script = KEPT / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    if run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", KEPT, f"pip=={version}"):
        raise SystemExit(f"pip {version} cannot be downloaded.")
    script.write_text(GET_PIP.format(wheel=str(next(KEPT.glob(f"pip-{version}-*.whl")))))


def search_path() -> str:
    """Where ansible-test finds Python: this one and the oldest of targets; pyenv's shims name some they cannot run."""
    oldest = sorted(Path.home().glob(".pyenv/versions/3.9.*/bin"))[-1:]
    plain = [folder for folder in os.environ["PATH"].split(os.pathsep) if "/shims" not in folder]
    return os.pathsep.join([str(Path(sys.executable).parent), *map(str, oldest), *plain])


def main(tests: Sequence[str]) -> int:
    """Build, install, test; gives the exit code."""
    provide_pip()
    with tempfile.TemporaryDirectory(prefix="sanity-") as name:
        folder = Path(name)
        galaxy = tool("ansible-galaxy")
        if run(galaxy, "collection", "build", "--output-path", folder):
            return 2
        (artefact,) = folder.glob("*.tar.gz")
        install = (galaxy, "collection", "install", "--offline", "--force", "--collections-path")
        if run(*install, folder, artefact, env={"ANSIBLE_COLLECTIONS_PATH": str(folder)}):
            return 2
        chosen = [f"--test={test}" for test in tests] or [f"--skip-test={test}" for test in LEFT_OUT]
        copy = folder / "ansible_collections/doppelganger/ops"
        return run(tool("ansible-test"), "sanity", "--color", "no", *chosen, cwd=copy, env={"PATH": search_path()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
