# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How applications write a secret: in which forms as a whole, and how each of its characters may be spelled."""

from __future__ import annotations

import base64
import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

#: characters that are taken for the same; each becomes one, so all places stay as they were
_ALIKE = {**{ord(char): " " for char in "\n\t\r\f\v+\xa0"}, ord("'"): '"'}
#: the same where lines and base64 are to be told apart yet
_NEARLY_ALIKE = {char: meant for char, meant in _ALIKE.items() if chr(char) not in "\n\r+"}

_BYTE = "%(?:25)*"  # what is quoted twice has its % quoted
_MORE = f"{_BYTE}[89ABab][0-9A-Fa-f]"
#: where something stands for a character, or several of one kind for one. Each alternative begins with a letter of its
#: own, which makes looking for them quick, and none goes back far
_SPELLING = re.compile(
    f"{_BYTE}(?:[0-7][0-9A-Fa-f]|[CDcd][0-9A-Fa-f]{_MORE}|[Ee][0-9A-Fa-f](?:{_MORE}){{2}}|[Ff][0-7](?:{_MORE}){{3}})"
    "|&(?:amp;)*(?:#[0-9]{1,7}|#[Xx][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});"
    r"|\\\\*(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\+u[Dd][C-Fc-f][0-9A-Fa-f]{2}"
    r"|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[bfnrtv])?"
    r'|  +|""+|\$\$+'
)
_QUOTED_BYTE = re.compile(f"{_BYTE}([0-9A-Fa-f]{{2}})")
#: how often a text is read at most that was quoted in one way and then in another
_DEEPEST = 4
#: how many characters of an argument are in a trace of PHP (zend.exception_string_param_max_len)
_TRACED = 15
_CODE = re.compile("[UuXx]([0-9A-Fa-f]+)")


def alike(text: str) -> str:
    """The text with one character for those that are taken for the same, as long as it was."""
    return text.translate(_ALIKE)


def nearly_alike(text: str) -> str:
    """The same with lines as they are, and with the plus that base64 has."""
    return text.translate(_NEARLY_ALIKE)


def forms(secret: str) -> set[str]:
    """A secret as it may be written as a whole, whatever is before and after it."""
    in_json, readable = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    in_url, in_html = quote(secret, safe=""), html.escape(secret)
    return {
        secret,
        " ".join(secret.split()),
        in_url,
        quote(secret),
        quote_plus(secret),
        _QUOTED_BYTE.sub(lambda found: found[0].lower(), in_url),
        quote(in_url, safe=""),
        in_json,
        readable,
        json.dumps(in_json)[1:-1],
        in_json.replace("/", "\\/"),
        re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", readable),
        in_html,
        in_html.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        secret.replace("$", "$$"),
        secret.replace("'", "''"),
        repr(secret)[1:-1],
        repr(secret.encode("utf-8", "surrogatepass"))[2:-1],
        # the traces of PHP have the beginning of each argument
        *([f"{secret[:_TRACED]}..."] if len(secret) > _TRACED else []),
    }


def encodings(secret: str) -> set[str]:
    """What is the secret's alone in the base64 of any text that it is within; and its hexadecimal digits."""
    plain = secret.encode("utf-8", "surrogatepass")
    found = {plain.hex(), plain.hex().upper()}
    for before in range(3):
        begin, end = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        encoded = base64.b64encode(b"\0" * before + plain).decode()[begin:end]
        found |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return found


class Spelled:
    """A text in which each character is spelled in one way only, and where each is from. What is written in JSON may
    have been written in HTML before, so this is done several times over. ``same`` is what it takes for the same."""

    def __init__(self, text: str, same: Callable[[str], str] = alike) -> None:
        self._levels: list[Rewritten] = []
        self.text = text
        while len(self._levels) < _DEEPEST and _SPELLING.search(self.text):
            self._levels.append(Rewritten(_pieces(self.text, same)))
            self.text = self._levels[-1].text

    def origin(self, begin: int, end: int) -> tuple[int, int]:
        """Where that was, in the text as it was given, which is now from ``begin`` to ``end``."""
        for level in reversed(self._levels):
            begin, end = level.origin(begin, end)
        return begin, end


class Rewritten:
    """A text made of pieces, each of which is from a place in another; of a run over several, one character stays."""

    def __init__(self, pieces: Iterable[tuple[str, int, int]]) -> None:
        self._begins: list[int] = []
        self._origins: list[tuple[int, int]] = []
        said: list[str] = []
        length, last = 0, ""
        for piece, start, end in pieces:
            if last and piece[:1] == last and last in ' "$':
                piece, start = piece[1:], start + 1
            if piece:
                self._begins.append(length)
                self._origins.append((start, end))
                said.append(piece)
                length, last = length + len(piece), piece[-1]
        self.text = "".join(said)

    def origin(self, begin: int, end: int) -> tuple[int, int]:
        """Where that was."""
        return self._of(begin)[0], self._of(end - 1)[1]

    def _of(self, at: int) -> tuple[int, int]:
        number = bisect_right(self._begins, at) - 1
        (start, end), begin = self._origins[number], self._begins[number]
        until = self._begins[number + 1] if number + 1 < len(self._begins) else len(self.text)
        is_as_it_was = end - start == until - begin
        return (start + at - begin, start + at - begin + 1) if is_as_it_was else (start, end)


def spelled(secret: str) -> str:
    """A secret as it is in a :class:`Spelled` text."""
    return Spelled(alike(secret)).text.strip(' "')


def _pieces(text: str, same: Callable[[str], str]) -> Iterator[tuple[str, int, int]]:
    """What is meant, and from where to where it is in the text."""
    done = 0
    for found in _SPELLING.finditer(text):
        if found.start() > done:
            yield text[done : found.start()], done, found.start()
        start, done = found.span()
        yield same(_meant(found[0])), start, done
    if done < len(text):
        yield text[done:], done, len(text)


def _unquoted(quoted: str) -> str:
    return bytes.fromhex("".join(_QUOTED_BYTE.findall(quoted))).decode("utf-8", "replace")


def _entity(text: str) -> str:
    return html.unescape(f"&{text[1:-1].split(';')[-1]};")


def _unescaped(text: str) -> str:
    """Backslashes before what stands for nothing else are of the notation, and mean nothing."""
    codes = _CODE.findall(text)
    if not codes:
        return {"n": "\n", "r": "\r", "\\": ""}.get(text[-1], " ")
    units = [int(code, 16) for code in codes]
    if len(units) == 2:
        return chr(0x10000 + (units[0] - 0xD800) * 0x400 + units[1] - 0xDC00)
    return chr(units[0]) if units[0] <= 0x10FFFF else text


_MEANINGS = {"%": _unquoted, "&": _entity, "\\": _unescaped}


@lru_cache(maxsize=4096)
def _meant(said: str) -> str:
    """What stands there; of a run of the same character, one."""
    meaning = _MEANINGS.get(said[0])
    return meaning(said) if meaning else said[0]
