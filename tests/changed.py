"""What a change can break: ``python -m tests.changed [BASE]`` runs those tests, ``--list`` names them.

Unit, contract and fuzz tests are found by what they import and which files and modules they name, through everything in
between. For roles and steps that would be every playbook there is; which of those shows what is in tests/shows.yml.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = "ansible_collections.doppelganger.ops.plugins"
FAST = ("tests/unit/", "tests/contract/", "tests/fuzz/")
#: what every test depends on
EVERYTHING = ("pyproject.toml", "tests/conftest.py", "ansible.cfg", "galaxy.yml", "meta/runtime.yml")
#: what runs where neither a line of the table nor a test of the fast ones is about a file of the product
PLAIN = ("tests/integration/test_studio_deploy.py", "tests/integration/test_kube_deploy.py")
PRODUCT = ("plugins/", "roles/", "playbooks/")


def module_of(path: str) -> str:
    """The name under which a file is imported."""
    name = path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")
    return f"{PLUGINS}{name.removeprefix('plugins')}" if path.startswith("plugins/") else name


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """The modules that a file imports, and the names that may be modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{one.name}" for one in node.names)


def _named(tree: ast.AST) -> Iterator[str]:
    """The texts of a file that could name a file, a folder or a module."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    yield from (one for one in texts if len(one) < 200 and " " not in one and ("/" in one or "." in one))


def below(files: Iterable[str]) -> dict[str, set[str]]:
    """Each folder with all that is in it, and each file."""
    found: dict[str, set[str]] = {}
    for path in files:
        for place in (path, *map(str, Path(path).parents)):
            found.setdefault(place, set()).add(path)
    return found


def uses(path: str, text: str, places: Mapping[str, Collection[str]], modules: Mapping[str, str]) -> set[str]:
    """The files that a Python file imports or names; of a folder or a package all of them."""
    tree = ast.parse(text)
    package = module_of(path) if path.endswith("/__init__.py") else module_of(path).rpartition(".")[0]
    found = {modules[name] for name in _imported(tree, package) if name in modules}
    for name in _named(tree):
        dotted = name.partition(":")[0].strip(".")
        found |= {modules[one] for one in (dotted, f"{PLUGINS}.{dotted}") if one in modules}
        folder = name.rstrip("/") if "/" in name else f"plugins/{dotted.replace('.', '/')}"
        found |= {*places.get(name, ()), *places.get(folder, ())}
    return found - {path}


def reached(changed: Iterable[str], users: Mapping[str, Collection[str]]) -> set[str]:
    """The changed files, and all that use them, directly or not."""
    found: set[str] = set()
    left = list(changed)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left.extend(users.get(one, ()))
    return found


def is_fast(path: str) -> bool:
    """Whether a file has tests that need nothing."""
    return path.startswith(FAST) and path.rpartition("/")[2].startswith("test_")


def shown_by(changed: Collection[str], shows: Mapping[str, Collection[str]], tested: Collection[str]) -> set[str]:
    """The tests with playbooks that show what was changed; plain ones for what else nobody tests."""

    def is_of(path: str, subject: str) -> bool:
        return path == subject or path.startswith(f"{subject}/")

    found = set()
    for path in changed:
        tests = {test for test, subjects in shows.items() if any(is_of(path, one) for one in subjects)}
        if path.startswith(PRODUCT) and path not in tested and not tests - {"tests/toy"}:
            tests |= {"tests/toy", *PLAIN}
        found |= tests
    return found


def chosen(
    changed: Collection[str],
    files: Collection[str],
    users: Mapping[str, Collection[str]],
    shows: Mapping[str, Collection[str]],
) -> list[str]:
    """The files and folders of tests to run."""
    if any(path in EVERYTHING for path in changed):
        return [*(one.rstrip("/") for one in FAST), "tests/toy", *PLAIN]
    of_each = {path: {one for one in reached([path], users) if is_fast(one)} for path in changed}
    tests = {one for found in of_each.values() for one in found}
    tested = {path for path, found in of_each.items() if any(one.startswith(FAST[0]) for one in found)}
    # a helper of theirs, or they themselves
    own = reached([one for one in changed if one.startswith("tests/")], users)
    tests |= {one for one in shows if one in own}
    tests |= {"tests/toy"} if any(one.startswith("tests/toy/") for one in own) else set()
    return sorted(one for one in tests | shown_by(changed, shows, tested) if one in files or one == "tests/toy")


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.split("\n")[:-1]


def changes(base: str) -> list[str]:
    """What is different from where this branch and ``base`` parted, with what is not committed."""
    start = _git("merge-base", "HEAD", base)[0]
    return sorted({*_git("diff", "--name-only", "--no-renames", start), *new_files()})


def new_files() -> list[str]:
    """The files that git does not know yet."""
    return _git("ls-files", "--others", "--exclude-standard")


def everyone(changed: Collection[str]) -> tuple[set[str], dict[str, set[str]]]:
    """The files that there are, and for each of these and of what is gone who uses it."""
    there = {one for one in {*_git("ls-files"), *new_files()} if (ROOT / one).is_file()}
    known = {*there, *changed}
    modules = {module_of(one): one for one in known if one.endswith(".py")}
    places = below(known)
    users: dict[str, set[str]] = {}
    for path in there:
        if path.endswith(".py"):
            for one in uses(path, (ROOT / path).read_text(encoding="utf-8"), places, modules):
                users.setdefault(one, set()).add(path)
    return there, users


def main(arguments: list[str]) -> int:
    """Run them, those that need nothing first."""
    changed = changes(next((one for one in arguments if one != "--list"), "main"))
    shows = yaml.safe_load((ROOT / "tests/shows.yml").read_text(encoding="utf-8"))
    tests = chosen(changed, *everyone(changed), shows)
    print(f"{len(changed)} files differ; tests:", *(tests or ["none"]), sep="\n  ", flush=True)
    if "--list" in arguments:
        return 0
    on_engines = [one for one in tests if one.startswith("tests/integration/")]
    fast = [one for one in tests if one not in on_engines and one != "tests/toy"]
    targets = ["lab", "lab-kubernetes"] if any("kube" in one for one in on_engines) else ["lab"]
    commands = [
        *([["pytest", "--quiet", "--numprocesses", "2", "--dist", "loadfile", *fast]] if fast else []),
        *([["pytest", "--quiet", "tests/toy"]] if "tests/toy" in tests else []),
        *(
            [["make", *targets], ["pytest", "--verbose", "-n", "4", "--dist", "loadfile", *on_engines]]
            * bool(on_engines)
        ),
    ]
    # all of them, whatever became of those before; a signal is a negative code
    codes = [subprocess.run(one, cwd=ROOT, check=False, env=os.environ).returncode for one in commands]
    return int(any(codes))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
