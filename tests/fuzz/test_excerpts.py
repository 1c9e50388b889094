"""A secret, wherever a text is cut and however it comes in pieces: less of it is shown than counts as a secret."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import end_of, lines_from
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import (
    CUT,
    excerpt,
    gist,
    last_lines,
    quoted_by,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_finder import SHORTEST
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_forms import Spelled, alike, forms, spelled
from tests.unit.module_utils.text.test_redaction import SECRETS as SECRETS_OF_ALL_KINDS
from tests.unit.module_utils.text.test_redaction import SOURCES
from tests.unit.support.secret_forms import FORMS

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


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", [*SECRETS_OF_ALL_KINDS, *(value for value, _ in SOURCES.values())])
def test_every_form_cut_through(secret: str, form: Callable[[str], str]) -> None:
    redactor = Redactor([*SECRETS_OF_ALL_KINDS, secret])
    written, around = form(secret), "= " * 100
    for cut in range(3, len(written) - 3, max(1, len(written) // 4)):
        for shown in (
            redactor.head(f"{around}{written[:cut]}", 10_000, was_cut=True),
            redactor.tail(f"{written[cut:]}{around}", 10_000, was_cut=True),
        ):
            # as it is meant, as an escaped character takes several
            assert not leaks(Spelled(alike(shown)).text, spelled(secret))
            assert "\\" in written or "%" in written or "&" in written or not leaks(shown, written)
            assert "= = = " in shown


@pytest.mark.parametrize("secret", ["-----BEGIN KEY-----\n" + "\n".join(["q1W2e3R4" * 8] * 26), "q1W2e3R4" * 1000])
def test_a_long_secret_leaves_the_words_of_a_log(secret: str) -> None:
    redactor = Redactor([secret])
    log = "".join(f"error number {number}\n" for number in range(1000))
    end = f"{secret[-40:]}\n{log}"
    assert redactor.tail(end, len(end), was_cut=True).splitlines()[1:] == log.splitlines()
    with quoted_by(lambda: redactor):
        assert last_lines(end, 3, was_cut=True) == log.splitlines()[-3:]
        assert excerpt(f"ERROR: {'a b c ' * 1400}{secret[:40]}{CUT}", 300).startswith("ERROR: a b c")
