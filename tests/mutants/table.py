"""The mutants of ``mutants.yml``, and which tests are about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
#: what runs through the toy platform, and what of it does not
ON_THE_TOY = ("roles/", "plugins/action/", "plugins/module_utils/", "plugins/plugin_utils/results/")
NOT_ON_THE_TOY = tuple(f"plugins/module_utils/{room}/" for room in ("compose", "http", "metrics", "databases"))


@dataclass(frozen=True)
class Mutant:
    """One mistake: a text of a file, what is put there, and what would go wrong."""

    file: str
    wrong: str
    before: str
    after: str
    tests: Sequence[str] = ()

    def is_about(self, words: Sequence[str]) -> bool:
        """Whether one of the words is in its file or in what would go wrong."""
        return any(word in f"{self.file} {self.wrong}" for word in words)

    def stages(self) -> list[tuple[str, ...]]:
        """What is to be run, the quickest first: the tests of its room or the contract, then the toy."""
        if self.file.startswith("roles/"):
            near = ["tests/contract/test_step_order.py", "tests/contract/test_roles.py"]
        elif self.file.startswith("src/"):
            near = ["tests/unit/api", "tests/contract/test_api.py"]
        else:
            room = ROOT / "tests/unit" / Path(self.file).parent.relative_to("plugins")
            while not room.is_dir():
                room = room.parent
            near = [str(room.relative_to(ROOT))]
        found = [(*near, *self.tests)]
        if self.file.startswith(ON_THE_TOY) and not self.file.startswith(NOT_ON_THE_TOY):
            found.append(("tests/toy",))
        return found


def mutants() -> list[Mutant]:
    """All of them."""
    path = Path(__file__).with_name("mutants.yml")
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Mutant(file=file, **entry) for file, entries in listed.items() for entry in entries]


def lost(every: Sequence[Mutant]) -> list[str]:
    """Those whose text is not in its file, or there more than once: the table has to follow the code."""
    found = []
    for mutant in every:
        path = ROOT / mutant.file
        times = path.read_text(encoding="utf-8").count(mutant.before) if path.exists() else 0
        if times != 1:
            found.append(f"{mutant.file}: {mutant.wrong}: the text is there {times} times: {mutant.before!r}")
    return found
