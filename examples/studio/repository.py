"""Build the studio's git repository: ``python -m examples.studio.repository DEST``.

``app/`` is the end of main. Every version is that tree with the differences that the table below names, under a tag.
Authors and dates are fixed, so the same tree gives the same commits anywhere.
"""

import argparse
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

APP = Path(__file__).parent / "app"
IDENTITY = "Doppelganger Studio <studio@example.com>"
EPOCH = 1_760_000_000
NOT_SOURCE = (".env", "__pycache__", ".*_cache")
MIGRATIONS = "scripts/db/migrations"


@dataclass(frozen=True)
class Edit:
    """One place of a file."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Version:
    """What sets a version apart from ``app/``: files by their text, None for one that is not there, and edits."""

    message: str
    fault: str = ""
    files: Mapping[str, str | None] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()


WITHOUT_TAGS = Edit("src/database.py", 'FIELDS = ("name", "tags")', 'FIELDS = ("name",)')
OLDEST_FIRST = Edit("src/database.py", "order by id desc", "order by id")

# main goes through these
HISTORY = {
    "v0.1.0": Version(
        "Keep projects",
        files={f"{MIGRATIONS}/0002_project_tags.sql": None},
        edits=(WITHOUT_TAGS, OLDEST_FIRST),
    ),
    "v0.2.0": Version("Give projects tags", edits=(OLDEST_FIRST,)),
    "v0.2.1": Version("Show the newest project first"),
}
# each of these follows on the end of main, and is not on it
ASIDE = {
    "v0.3.0": Version("Answer faster, or so it was meant", fault="errors"),
    **{
        f"v0.9.0-{fault}": Version(f"Have the fault {fault}", fault=fault)
        for fault in ("build", "crash", "unhealthy", "errors", "logs", "leak", "slow")
    },
    "v0.9.0-migration": Version(
        "Have a migration that fails half way",
        files={
            f"{MIGRATIONS}/0003_project_owner.sql": "alter table projects add column owner text not null default '';\n",
            f"{MIGRATIONS}/0004_project_budget.sql": "alter table project add column budget numeric;\n",
        },
    ),
}


def build(dest: Path) -> dict[str, str]:
    """Make or renew the bare repository ``dest``; returns the commit of each tag."""
    # by name, or a GIT_DIR of the caller's, as in a hook, would be written to instead
    at = f"--git-dir={dest}"
    _git("init", "--quiet", "--bare", "--object-format=sha1", str(dest))
    _git(at, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(at, "fast-import", "--quiet", "--force", stdin="".join(_history()).encode())
    refs = _git(at, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/tags")
    return dict(line.split() for line in refs.splitlines())


def _history() -> list[str]:
    stream = []
    for number, (tag, version) in enumerate({**HISTORY, **ASIDE}.items(), start=1):
        parent = min(number - 1, len(HISTORY))
        branch = "refs/heads/main" if tag in HISTORY else f"refs/tags/{tag}"
        stream += [f"commit {branch}\nmark :{number}\ncommitter {IDENTITY} {EPOCH + 3600 * number} +0000\n"]
        stream += [_data(version.message), f"from :{parent}\n" if parent else "", "deleteall\n"]
        stream += [f"M 100644 inline {path}\n{_data(text)}" for path, text in sorted(files(tag, version).items())]
        stream += [f"reset refs/tags/{tag}\nfrom :{number}\n\n"]
    return stream


def files(tag: str, version: Version) -> dict[str, str]:
    """The tree of a version: text by path."""
    tree = {**_app(), "VERSION": f"{tag}\n", "FAULT": version.fault, **version.files}
    for edit in version.edits:
        text = tree[edit.path] or ""
        if text.count(edit.old) != 1:
            times = text.count(edit.old)
            raise ValueError(f"{tag}: {edit.path} has {edit.old!r} {times} times, expected once: fix the table")
        tree[edit.path] = text.replace(edit.old, edit.new)
    return {path: text for path, text in tree.items() if text is not None}


def _app() -> dict[str, str | None]:
    found = (path.relative_to(APP) for path in sorted(APP.rglob("*")) if path.is_file())
    return {path.as_posix(): (APP / path).read_text() for path in found if not _left_out(path)}


def _left_out(path: Path) -> bool:
    return any(fnmatch(part, pattern) for part in path.parts for pattern in NOT_SOURCE)


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _git(*arguments: str, stdin: bytes | None = None) -> str:
    return subprocess.run(["git", *arguments], input=stdin, check=True, stdout=subprocess.PIPE).stdout.decode()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.studio.repository", description=__doc__)
    parser.add_argument("dest", type=Path, help="the folder of the bare repository")
    for tag, commit in build(parser.parse_args().dest).items():
        print(commit[:12], tag)


if __name__ == "__main__":
    main()
