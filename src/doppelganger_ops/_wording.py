"""What the playbooks advise, in the words of the command: ``doppelganger-ops restore ID`` and not ``-e backup=ID``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

PROGRAM = "doppelganger-ops"
#: a parameter of a command, and what argparse takes with it
Parameter = tuple[str, dict[str, Any]]
Commands = Mapping[str, Iterable[Parameter]]
#: an input as Ansible takes it, where need be in the quotes of a shell, and as Python does
_EXTRA = r"-e (?:'[a-z_]+=[^']*'|[a-z_]+=\S*[^\s.,;:)'])"
_PARTS = re.compile(r"-e (?:'(?P<quoted>[^']*)'|(?P<bare>\S*[^\s.,;:)']))")
_KEYWORD = re.compile(r"""\b(?P<name>[a-z_]+)="(?P<value>[^"]*)"(?=[\s.,;:)]|$)""")
#: keywords of Python that the command calls otherwise
_OPTIONS = {"variable_files": "--variables", "vault_password_files": "--vault-password-file", "inventory": "-i"}
#: what advice begins with on a screen
_ADVICE = "next:"
#: options that every command has
_COMMON = ("limit", "environment", "forks", "deadline", "keep")


def of_lines(text: str, command: str, commands: Commands) -> str:
    """What a run shows: its advice in the words of the command, and the rest as it is, which may quote a log."""
    lines, depth = [], None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith(_ADVICE):
            depth = indent
        elif depth is not None and (not line.strip() or indent <= depth):  # what is longer goes on below
            depth = None
        lines.append(line if depth is None else in_words_of_the_command(line, command, commands))
    return "\n".join(lines)


def in_words_of_the_command(text: str, command: str, commands: Commands) -> str:
    """A text with each playbook, input and option in it as somebody types it who runs ``command``."""
    verbs = "|".join(map(re.escape, commands))
    call = re.compile(rf"(?:ansible-playbook )?\bplaybooks/(?P<verb>{verbs})\.yml(?: {_EXTRA})*|{_EXTRA}")

    def typed(match: re.Match[str]) -> str:
        verb = match["verb"]
        meant = verb or command
        inputs = [(one["quoted"] or one["bare"]).partition("=") for one in _PARTS.finditer(match[0])]
        known = tuple(commands.get(meant, ()))
        given = [_given(name, value.strip('"'), known, meant, is_alone=not verb) for name, _, value in inputs]
        return " ".join([*([f"{PROGRAM} {verb}"] if verb else []), *given])

    def keyword(match: re.Match[str]) -> str:
        name, known = match["name"], commands.get(command, ())
        if not (name in _OPTIONS or name in _COMMON or _flag(name, known)):
            return match[0]
        return _given(name, match["value"], known, command, is_alone=True)

    return _KEYWORD.sub(keyword, call.sub(typed, text))


def _flag(name: str, known: Iterable[Parameter]) -> Parameter | None:
    return next((one for one in known if one[0].lstrip("-") == name), None)


def _given(name: str, value: str, known: Iterable[Parameter], command: str, is_alone: bool) -> str:
    """One input; with ``is_alone`` no command is written before it."""
    if name in _OPTIONS:
        return f"{_OPTIONS[name]} {shlex.quote(value)}"
    found = _flag(name, known)
    if found is None:
        flag = name.replace("_", "-")
        return f"--{flag} {shlex.quote(value)}" if name in _COMMON else f"--variables FILE with {name}: {value}"
    flag, more = found
    if not flag.startswith("-"):
        return f"{PROGRAM} {command} {shlex.quote(value)}" if is_alone else shlex.quote(value)
    return flag if more.get("action") == "store_true" else f"{flag} {shlex.quote(value)}"
