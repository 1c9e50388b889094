"""A secret, wherever a text is cut and however it comes in pieces: less of it is shown than counts as a secret."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import end_of, lines_from
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import excerpt, gist, last_lines, quoted_by
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_finder import SHORTEST
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_forms import encodings, forms

# around a secret is nothing that it consists of, so that what is found of it comes from it
SECRETS = st.text("abcdefgh", min_size=SHORTEST, max_size=30).filter(lambda text: text[0] not in text[1:])
AROUND = st.text("xyz \n", max_size=12)
FILLER = st.sampled_from([0, 1, 50, 299, 4_000, 8_180, 16_384])


def planted(secret: str, before: int, pieces: list[str]) -> str:
    return "x" * before + "".join(f"{piece}{secret}" for piece in pieces) + "y" * before


def leaks(shown: str, secret: str) -> bool:
    parts, said = ({text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)} for text in (secret, shown))
    return bool(parts & said)


@given(SECRETS, FILLER, st.lists(AROUND, min_size=1, max_size=8), st.integers(1, 700))
def test_excerpts(secret: str, before: int, pieces: list[str], limit: int) -> None:
    redactor = Redactor([secret])
    text = planted(secret, before, pieces)
    with quoted_by(lambda: redactor):
        assert not leaks(excerpt(text, limit), secret)
        assert not leaks(gist(text, limit), secret)
        assert not leaks(gist(json.dumps({"level": "error", "msg": text, "err": text}), limit), secret)
        assert not any(leaks(line, secret) for line in last_lines(text, 3))


@given(SECRETS, FILLER, st.lists(AROUND, min_size=1, max_size=8), st.integers(1, 20_000), st.booleans())
def test_beginnings_and_ends(secret: str, before: int, pieces: list[str], size: int, was_cut: bool) -> None:
    redactor = Redactor([secret])
    text = planted(secret, before, pieces)
    head, tail = (text[: -len(secret) // 2], text[len(secret) // 2 :]) if was_cut else (text, text)
    assert not leaks(redactor.head(head, size, was_cut), secret)
    assert not leaks(redactor.tail(tail, size, was_cut), secret)


@given(SECRETS, st.integers(0, 40), st.lists(AROUND, min_size=1, max_size=8), st.integers(1, 60), st.integers(1, 9))
def test_logs_in_pieces(secret: str, before: int, pieces: list[str], limit: int, size: int) -> None:
    redactor = Redactor([secret])
    data = planted(secret, before, pieces).encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    end = end_of(lambda _: chunks, limit)
    assert not leaks(redactor.tail(end.text, limit, end.was_cut), secret)
    with quoted_by(lambda: redactor):
        assert not any(leaks(excerpt(line, limit), secret) for line in lines_from(chunks, limit))


@given(SECRETS.filter(lambda secret: len(secret) > 10), st.data())
def test_every_form_at_every_cut(secret: str, data: st.DataObject) -> None:
    secret = f'{secret} \\"$/{secret}'
    redactor = Redactor([secret])
    form = data.draw(st.sampled_from(sorted(forms(secret))))
    text = f"xy {form} yx"
    for cut in range(1, len(text)):
        assert not leaks(redactor.head(text, cut), form)
        assert not leaks(redactor.tail(text, cut), form)


LONG = "".join(f"{word}{number}" for number in range(200) for word in ("key", "/+", "$'\\\"ä", "&%")) + "-the-end"
LONG_REDACTOR = Redactor([LONG])


@given(st.sampled_from(sorted({*forms(LONG), *encodings(LONG)})), st.data())
def test_a_long_secret_at_any_cut(form: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(form) - 1))
    around = "x y z\n" * (LONG_REDACTOR.reach // 5)
    size = 2 * (len(around) + len(form))
    head = LONG_REDACTOR.head(around + form[:cut], size, True)
    tail = LONG_REDACTOR.tail(form[cut:] + around, size, True)
    assert not leaks(head, form)
    assert not leaks(tail, form)
