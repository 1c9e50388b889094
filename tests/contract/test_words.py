"""What users read is in the words of the field: messages, module documentation, help texts, pages, task names.

A word that is listed here reads like a translated fairy tale; the words beside it are what to write.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.house import ROOT, load, named, texts, tracked

#: what is not written, and what is
INSTEAD = {
    r"mend(s|ed|ing)?": "fix",
    r"anew": "again",
    r"ought to": "should",
    r"(is|are|was|were|be|been|being) told": "is notified, is unknown",
    r"to be had": "found, available",
    r"c[oa]m(e|es|ing) up": "start",
    r"br(ing|ings|ought|inging) (\S+ )?up": "start",
    r"brought back": "rolled back, restored",
    r"through the checklist": "run the health checks",
    r"nothing differs": "already up to date",
    r"looked at": "checked, measured",
    r"(tak(e|es|en|ing)|took) away": "remove",
    r"who(m)?(so)?ever": "anyone who, the administrator",
    r"sa(y|ys|id) so": "name what says what",
    r"sa(id|ith) last": "last output",
    r"said": "reported, printed",
    r"in vain": "without success",
    r"is (not )?sound": "is healthy, can be read",
    r"(the )?way back": "rollback",
}
WORDS = re.compile(r"\b(?:" + "|".join(INSTEAD) + r")\b", re.IGNORECASE)
#: what is quoted in a page or written for programs is no prose
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
MARKUP = re.compile(r"<[^>]*>|{[{%].*?[%}]}", re.DOTALL)


def is_ours(path: Path, *folders: str) -> bool:
    return any(path.is_relative_to(ROOT / folder) for folder in folders)


def prose() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md" and not is_ours(path, "tests", "collections")]


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a Python file that are no docstrings: messages, help texts, the documentation of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            is_code = node.value.isidentifier() or "(?P<" in node.value  # a key, a pattern
            yield node.lineno, "" if is_code else node.value


def yaml_texts(path: Path) -> Iterator[str]:
    """What is read of a YAML file: task names, descriptions, the words of the catalogue."""
    yield from texts(load(path))


def found(text: str) -> list[str]:
    return [match.group(0) for match in WORDS.finditer(text)]


@pytest.mark.parametrize("page", prose(), ids=named)
def test_a_page_has_no_word_of_the_old_dialect(page: Path) -> None:
    text = CODE.sub("", page.read_text("utf-8"))
    assert [(line, word) for line in text.splitlines() for word in found(line)] == []


@pytest.mark.parametrize(
    "path",
    [path for path in tracked() if path.suffix == ".py" and is_ours(path, "plugins", "src", "docs")],
    ids=named,
)
def test_a_message_has_no_word_of_the_old_dialect(path: Path) -> None:
    wrong = [(number, word) for number, text in strings(path) for word in found(text)]
    assert wrong == []


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in tracked()
        if path.suffix == ".yml" and is_ours(path, "roles", "playbooks", "inventories", "meta")
    ],
    ids=named,
)
def test_a_role_or_playbook_has_no_word_of_the_old_dialect(path: Path) -> None:
    wrong = [word for text in yaml_texts(path) for word in found(text)]
    assert wrong == []


@pytest.mark.parametrize(
    "path", [path for path in tracked() if path.suffix == ".j2" and is_ours(path, "plugins")], ids=named
)
def test_a_page_of_ours_has_no_word_of_the_old_dialect(path: Path) -> None:
    assert found(MARKUP.sub(" ", path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It was mended, then read anew.", ["mended", "anew"]),
        ("The release does not come up.", ["come up"]),
        ("web was not found.", []),
        ("whoever takes it away", ["whoever"]),
    ],
)
def test_the_list_finds_what_it_is_there_for(text: str, words: list[str]) -> None:
    assert found(text) == words
