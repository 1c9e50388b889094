# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which values are secrets, by their names and their looks, and which secrets are within a value."""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from ._secret_finder import SHORTEST

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: a name with one of these is that of a secret, a name with one of the weaker ones where the value looks like it
_TELLING = frozenset((
    "password", "passwd", "passphrase", "passcode", "pass", "pwd", "pw", "secret", "secrets", "token", "credential",
    "credentials", "apikey", "sslpassword", "authorization", "cookie", "dsn", "bearer", "pgpassword", "userpass",
))  # fmt: skip
#: a name of one word ends with it: dbpassword, identitytoken
_ENDS = ("password", "passwd", "secret", "token", "apikey")
_WEAK = frozenset(
    ("key", "auth", "salt", "pepper", "signature", "signing", "sig", "seed", "private", "otp", "license", "hash")
)
#: what such a name says about the secret, instead of being it
_ABOUT = frozenset((
    "file", "path", "dir", "name", "id", "user", "username", "host", "port", "url", "uri", "type", "algorithm", "ttl",
    "timeout", "expiry", "expires", "expiration", "age", "length", "size", "min", "max", "count", "limit", "enabled",
    "required", "policy", "method", "mode", "realm", "issuer", "audience", "endpoint", "prefix", "suffix", "field",
))  # fmt: skip
_PUBLIC = frozenset(("commit", "revision", "sha", "digest", "version", "checksum", "image", "build", "release", "path"))
#: what is no secret even where a password is meant
_ORDINARY = frozenset((
    "password", "passwd", "secret", "changeme", "change-me", "change_me", "example", "postgres", "postgresql",
    "mariadb", "database", "default", "disabled", "enabled", "optional", "required", "production", "development",
    "staging", "rabbitmq", "username", "anonymous", "localhost", "undefined",
))  # fmt: skip
#: what is between the parts of a name, a path, an address, a version or a list of words; such a part
_BETWEEN_WORDS = re.compile(r"://|:(?=[0-9])|[ _.,/*()\[\]-]+")
_SPOKEN = re.compile("[A-Za-z]*[0-9]{0,5}")
#: no vowel for long, or longer than what anybody would name a thing
_UNSPOKEN = re.compile("[bcdfghjklmnpqrstvwxz]{6}|[a-z]{25}", re.IGNORECASE)
_LONGEST_SPOKEN = 1024
_PATH = re.compile(r"(?:\.{0,2}/|[A-Za-z]:\\)[\w./\\ -]*")
_RANDOM = re.compile(r"[\w+/=.~-]{20,}", re.ASCII)

_IS_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]*://\S+")
#: a value that is one URL and nothing else, spaces within it included
_WHOLE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]{0,40}://(?P<rest>[^\r\n]{1,2048})")
#: of a URL what may have its login in it; a password that was not quoted may have anything in it. Not taken along, as
#: there may be others in a list of them; and no longer than that, or many beginnings would make reading quadratic
_URL = re.compile(r"(?<=[A-Za-z0-9+.:-])://(?=(?P<rest>\S{1,2048}))")
#: ends the login in ``user:password@tcp(host)/name``, as Go's MySQL has it, which is looked back at
_GO = re.compile(r"@\w{0,40}\(")
_LONGEST_LOGIN = 2048
#: ``password=...``, ``sslpassword: '...'``, of a query, a file of settings, a DSN of libpq, JDBC or ODBC
_NAMED = re.compile(
    r"""(?P<name>[A-Za-z][\w.-]{0,60})["']?[ \t]*[=:][ \t]*"""
    # not taken along, as it may have another one in it
    r"""(?='(?P<single>(?:\\.|[^'\\]){0,4096})'|"(?P<double>(?:\\.|[^"\\]){0,4096})"|\{(?P<braces>(?:[^}]|\}\}){0,4096})\}"""
    r"""|(?P<plain>[^\s;&,'"]{1,1024}))""",
    re.DOTALL,
)
#: what a header has after its scheme, and the login of a registry in a configuration of docker
_LOGIN = re.compile(r"""(?:\b(?:[Bb]asic|[Bb]earer|[Tt]oken)[ ]+|"auth"[ ]*:[ ]*")(?P<said>[\w+/=.~-]{6,})""", re.ASCII)
_LONGEST_OF_PARTS = 256
#: of a longer value only the beginning is read
_MOST = 64 * 1024


def is_secret(name: str, value: str) -> bool:
    """Whether a value that somebody wrote beside others, under that name, is one that must not be shown."""
    if len(value.strip()) < SHORTEST or _is_ordinary(value.strip()):
        return False
    joined, is_about = _words_of(name)
    if is_about:
        return False
    if joined & _TELLING:
        return True
    if joined & _WEAK:
        return _looks_random(value, 12)
    return not joined & _PUBLIC and _looks_random(value, 20) and bool(_RANDOM.fullmatch(value))


def _words_of(name: str) -> tuple[set[str], bool]:
    """The words of a name, and those of two of them; whether it is the name of what is said about another thing."""
    words = [word.lower() for word in _WORD.findall(name)]
    pairs = {words[place] + words[place + 1] for place in range(len(words) - 1)}
    ends = {end for word in words for end in _ENDS if word.endswith(end)}
    return {*words, *pairs, *ends}, bool(words) and words[-1] in _ABOUT


def is_plain(name: str, value: str) -> bool:
    """Whether a value that is kept where secrets are, under that name, is none in spite of that."""
    value = value.strip()
    if value.lower() in _ORDINARY:
        return True
    joined, is_about = _words_of(name)
    return (is_about or not joined & (_TELLING | _WEAK)) and _is_spoken(value)


def _is_spoken(value: str) -> bool:
    """Whether a value is made of what people say: names, words, places, versions, short numbers."""
    if len(value) > _LONGEST_SPOKEN:
        return False
    return all(map(_is_part, _BETWEEN_WORDS.split(value)))


def _is_part(part: str) -> bool:
    letters = part.rstrip("0123456789")
    is_mixed = len(_WORD.findall(letters)) > 1 + len(letters) / 3
    is_random = len(letters) >= 14 and _entropy(letters.lower()) >= 3.35
    return bool(_SPOKEN.fullmatch(part)) and not (is_mixed or is_random or _UNSPOKEN.search(letters))


def _is_ordinary(value: str) -> bool:
    """Numbers, places, addresses without a login, and words that stand for a secret that nobody has set."""
    if value.lower() in _ORDINARY or _PATH.fullmatch(value) or re.fullmatch(r"[\d.,:_%-]*\s*[A-Za-z]{0,2}", value):
        return True
    return bool(_IS_URL.fullmatch(value)) and "@" not in value and "=" not in value


def _looks_random(value: str, length: int) -> bool:
    """Many different characters, letters and digits among each other: no name, no sentence, no address."""
    if len(value) < length or " " in value or _IS_URL.match(value) or re.fullmatch(r"[\w.-]+(:\d+)?(/[\w.-]+)+", value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    return kinds >= 2 and bool(re.search("[0-9]", value)) and _entropy(value) >= 3.0


def _entropy(value: str) -> float:
    """Bits for each character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def embedded(value: str) -> set[str]:
    """The secrets within a value: of URLs, of queries, of DSNs, of settings, of JSON; as written and as meant."""
    value = value[:_MOST]
    found = {*_of_urls(value), *_of_go(value), *_of_names(value)}
    found |= {*_of_json(value), *_of_logins(value)}
    meant = {decoded for one in found for decoded in (unquote(one), unquote_plus(one))}
    return {one for one in found | meant if len(one) >= SHORTEST}


def parts(secret: str) -> Iterator[str]:
    """What a reader of a URL, where the secret was not quoted, takes for a host, a port or a path, and complains of."""
    if len(secret) <= _LONGEST_OF_PARTS:
        split = (part.strip() for part in re.split("[/?#@:]", secret))
        yield from (part for part in split if len(part) >= SHORTEST and not _is_spoken(part))


def _of_urls(value: str) -> Iterator[str]:
    # spaces that are not quoted are of a URL that nothing else is beside
    whole = _WHOLE_URL.fullmatch(value)
    for match in [*_URL.finditer(value), *([whole] if whole else [])]:
        rest = match["rest"]
        # a password may have an @, a / or a ? in it: the login ends at the last @ of what can be the authority; at the
        # first one where several hosts have one each
        of_authority = (rest, rest.partition("?")[0], rest.partition("/")[0])
        ends = {rest.find("@"), *(one.rfind("@") for one in of_authority)}
        colon = match.start("rest") - len("://")
        is_web = value[max(0, colon - 5) : colon].lower().endswith(("http", "https"))
        for login in (rest[:end] for end in ends if end > 0):
            user, has_password, password = login.partition(":")
            if has_password:
                yield password
            elif is_web:
                yield user


def _of_go(value: str) -> Iterator[str]:
    for match in _GO.finditer(value):
        words = value[max(0, match.start() - _LONGEST_LOGIN) : match.start()].split()
        yield words[-1].partition(":")[2] if words else ""


def _of_names(value: str) -> Iterator[str]:
    for match in _NAMED.finditer(value):
        said = next(one for one in match.group("single", "double", "braces", "plain") if one is not None)
        for one in {said, re.sub(r"\\(.)", r"\1", said), said.replace("}}", "}")}:
            if is_secret(match["name"], one):
                yield one


def _of_logins(value: str) -> Iterator[str]:
    for match in _LOGIN.finditer(value):
        yield match["said"]
        try:
            login = base64.b64decode(match["said"], validate=True).decode("utf-8")
        except ValueError:
            continue
        yield login.partition(":")[2]


def _of_json(value: str) -> Iterator[str]:
    if value.lstrip()[:1] in ("{", "["):
        try:
            yield from _of_data("", json.loads(value))
        except (ValueError, RecursionError):
            return


def _of_data(name: str, data: Any) -> Iterator[str]:
    if isinstance(data, str):
        if is_secret(name, data):
            yield data
    elif isinstance(data, Mapping):
        for key, item in data.items():
            yield from _of_data(str(key), item)
    elif isinstance(data, list):
        for item in data:
            yield from _of_data(name, item)


def telling(pairs: Mapping[str, Any]) -> Iterator[str]:
    """The secrets among values with names: those that look like one, and what is within the others."""
    for name, value in pairs.items():
        text = str(value) if value is not None else ""
        if is_secret(str(name), text):
            yield text
        yield from embedded(text)


def private(pairs: Iterable[tuple[str, Any]], public: Container[str] = ()) -> Iterator[str]:
    """The secrets in a place for them: each value unless its name and its looks say that it is none, or
    somebody did."""
    for name, value in pairs:
        text = str(value) if value is not None else ""
        if name in public:
            continue
        if is_plain(name, text):
            yield from embedded(text)
        else:
            yield text
