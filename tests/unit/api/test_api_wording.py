"""What the playbooks advise, in the words of the command."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from doppelganger_ops import cli
from doppelganger_ops.cli import COMMANDS, _words
from doppelganger_ops.status import Status
from tests.contract.house import ROOT, tracked
from tests.unit.api.scripted import failure, play, result, scripted, stats, target

SAID = [
    ("restore", "If you mean it, add -e confirm=shop.", "If you mean it, add --confirm shop."),
    ("deploy", "add -e adopt=yes, or app_adopt: true there.", "add --adopt, or app_adopt: true there."),
    ("deploy", "Give it as -e version=v0.2.0.", "Give it as doppelganger-ops deploy v0.2.0."),
    ("deploy", "Go back: playbooks/rollback.yml -e release=0001-v1", "Go back: doppelganger-ops rollback 0001-v1"),
    (
        "backup",
        "To restore it: playbooks/restore.yml -e backup=20261123T204105Z-0002 -e confirm=APPLICATION",
        "To restore it: doppelganger-ops restore 20261123T204105Z-0002 --confirm APPLICATION",
    ),
    ("backup", "Give it as -e 'reason=\"why it is\"'; it goes", "Give it as --reason 'why it is'; it goes"),
    ("lock", "Give it as -e 'reason=\"why\"'; it goes", "Give it as doppelganger-ops lock why; it goes"),
    ("deploy", "Run playbooks/prepare.yml, or install git.", "Run doppelganger-ops prepare, or install git."),
    ("verify", "then run playbooks/unlock.yml with a reason", "then run doppelganger-ops unlock with a reason"),
    ("deploy", "ansible-playbook playbooks/verify.yml", "doppelganger-ops verify"),
    ("deploy", "for example -e app_batches=1,25% for", "for example --variables FILE with app_batches: 1,25% for"),
    ("deploy", 'For example version="v0.2.0".', "For example doppelganger-ops deploy v0.2.0."),
    ("verify", 'Name hosts, for example limit="web1,web2".', "Name hosts, for example --limit web1,web2."),
    ("verify", 'For example inventory="inventories/mine".', "For example -i inventories/mine."),
    ("verify", 'their own restore.yml and name="x" stay', 'their own restore.yml and name="x" stay'),
]  # fmt: skip


@pytest.mark.parametrize(("command", "text", "words"), SAID)
def test_advice_is_what_somebody_types_who_uses_the_command(command: str, text: str, words: str) -> None:
    assert _words(command, text) == words


LOGFMT = 'level=error msg="x" version="1.2" reason="disk full" limit="5", run with -e mode=fast'


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (f"app: FAILED\n  web ended: {LOGFMT}", f"app: FAILED\n  web ended: {LOGFMT}"),
        ("  next: Give -e version=v2.\n  is: -e a=b", "  next: Give doppelganger-ops deploy v2.\n  is: -e a=b"),
        ("      next: first\n        then -e version=v2", "      next: first\n        then doppelganger-ops deploy v2"),
    ],
)  # fmt: skip
def test_what_a_run_shows_keeps_what_it_quotes(shown: str, words: str) -> None:
    assert cli._lines("deploy", shown) == words


def texts(path: Path) -> Iterator[str]:
    """The texts of a file that may be shown, with something in the place of each value."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not node.value.endswith("="):
            yield node.value


SOURCES = [path for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT / "plugins")]
ANSIBLES = re.compile(r"-e [a-z'{]|playbooks/[a-z]+\.yml")


def test_no_advice_is_left_in_the_words_of_ansible() -> None:
    """Of everything that the playbooks may say, whichever command it was."""
    advice = [text for path in SOURCES for text in texts(path) if ANSIBLES.search(text) and "\n" not in text.strip()]
    assert len(advice) > 10
    left = {text for text in advice for command in COMMANDS if ANSIBLES.search(_words(command, text))}
    assert left == set()


def test_the_command_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "hosts.yml").write_text("targets: {hosts: {app: }}\n")
    refused = target(
        status="refused", operation="restore", failure=failure(hint="Add -e confirm=shop."),
        hint="Add -e confirm=shop.", message="Restore was refused.", reason="confirmation_required",
    )  # fmt: skip
    made = scripted(monkeypatch, play(), stats(result("refused", app=refused)))
    assert cli.main(["restore", "ID", "-i", str(tmp_path / "hosts.yml")]) == cli.EXIT_CODES[Status.REFUSED]
    assert made.jobs[0].inputs == {"backup": "ID"}
    out = capsys.readouterr().out
    assert "--confirm shop" in out
    assert "-e confirm" not in out
