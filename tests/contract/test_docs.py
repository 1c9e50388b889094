"""The documentation says what the code does: generated parts are current, pages and links are there, names exist."""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]*)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
#: the code behind a variable's name that is none of the model: what the role registers
NOT_VARIABLES = {"app_model"}


def tracked(pattern: str) -> list[Path]:
    """The files of the repository, also those that are about to be added."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", pattern]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [path for path in map(ROOT.joinpath, names) if path.is_file() and "collections" not in path.parts]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def anchors(path: Path) -> set[str]:
    """The anchors of a page, as they are made from its headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_generated_parts_are_current() -> None:
    check = [sys.executable, str(ROOT / "docs/generate.py"), "--check"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("playbook", sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")))
def test_every_playbook_has_a_page_with_a_transcript(playbook: str) -> None:
    page = (ROOT / f"docs/playbooks/{playbook}.md").read_text("utf-8")
    runs = [block for block in FENCE.findall(page) if f"$ ansible-playbook playbooks/{playbook}.yml" in block]
    assert runs, f"docs/playbooks/{playbook}.md shows no run of it"
    # how it ended on the host is the first line of the last paragraph
    assert all(re.search(r"^studio: \w", block, re.MULTILINE) for block in runs)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"(docs/playbooks/{playbook}.md)" in readme, f"README.md does not name {playbook}"


def test_no_page_is_about_a_playbook_that_is_not_there() -> None:
    pages = {path.stem for path in (ROOT / "docs/playbooks").glob("*.md")}
    assert pages == {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


@pytest.mark.parametrize("page", tracked("*.md"), ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for match in LINK.finditer(FENCE.sub("", page.read_text("utf-8"))):
        target = match["target"]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize(
    "file",
    [path for pattern in ("inventories/*", "examples/*.md", "*.md") for path in tracked(pattern)
     if path.suffix in (".yml", ".md")],
    ids=relative,
)  # fmt: skip
def test_every_variable_that_is_named_is_in_the_model(file: Path) -> None:
    specs = yaml.safe_load((ROOT / "roles/app/meta/argument_specs.yml").read_text("utf-8"))
    known = set(specs["argument_specs"]["main"]["options"]) | NOT_VARIABLES
    named = set(re.findall(r"(?<![\w.])app_[a-z][a-z_]*[a-z]\b", file.read_text("utf-8")))
    assert named <= known


COMMAND = re.compile(r"^    (doppelganger-ops .*?)(?: *#.*)?$", re.MULTILINE)


@pytest.mark.parametrize(
    "page", [page for page in tracked("*.md") if COMMAND.search(page.read_text("utf-8"))], ids=relative
)
def test_every_command_of_a_page_is_one(page: Path) -> None:
    from doppelganger_ops import cli

    for line in COMMAND.findall(page.read_text("utf-8")):
        words = shlex.split(line)[1:]
        if not {"--help", "--version", "--print-completion"} & set(words):
            assert cli.parser().parse_args(words).command == words[0]


def test_every_test_that_the_runbook_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/runbook.md").read_text("utf-8")))
    defined = {
        name
        for path in tracked("tests/*.py")
        for name in re.findall(r"^ *def (test_\w+)", path.read_text("utf-8"), re.M)
    }
    assert named
    assert named <= defined


@pytest.mark.parametrize("page", tracked("*.md"), ids=relative)
def test_no_page_names_a_path_of_somebodys_machine(page: Path) -> None:
    assert not re.findall(r"/(?:work|root|home/\w+|Users/\w+)/\S*", page.read_text("utf-8"))
