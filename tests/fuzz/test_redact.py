"""Whatever a secret is, in whichever form and among whatever else it is written: it is not in what is shown."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import is_printable
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_finder import SHORTEST
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_forms import spelled
from tests.unit.support.secret_forms import DEEPER, FORMS, found_by_attack

ODD = st.sampled_from(
    [*list("%&\\;/@:?#'\"$+<> {}=.*~\n\t\x1b\x9b\u202e"), "%2", "\\u00", "&#x", "&amp;", "://", "ö", "😀"]
)
SECRETS = st.lists(st.characters(codec="utf-8", exclude_characters="*") | ODD, min_size=6, max_size=24).map("".join)
AROUND = st.lists(ODD | st.text(max_size=4), max_size=8).map("".join)


@given(SECRETS, st.sampled_from(sorted(FORMS)), AROUND, AROUND)
def test_a_secret_is_in_nothing_that_is_shown(secret: str, form: str, before: str, after: str) -> None:
    assume(len(secret.strip().strip("*")) >= 6 and is_printable(secret))
    # of one such as 00%00 or of quotes alone, too little is left to look for once all that is quoted has been read
    assume(len(spelled(secret).strip('* "')) >= SHORTEST)
    written = FORMS[form](secret)
    assume(len(written) >= 6)
    shown = Redactor([secret]).text(f"{before} {written} {after}")
    assert secret not in shown
    # the last characters of base64 may be of both
    assert written.rstrip("=")[1:-1] not in shown


#: what nobody would take for a part of what is around it
PLAIN_SECRETS = st.text("abcXYZ019@/%&=?-_.!ö", min_size=SHORTEST, max_size=40)


@given(PLAIN_SECRETS, st.lists(st.sampled_from(sorted(DEEPER)), min_size=1, max_size=2), AROUND, AROUND)
def test_a_secret_is_in_nothing_that_is_encoded_or_broken_within_another(
    secret: str, forms: list[str], before: str, after: str
) -> None:
    assume(len(spelled(secret).strip('* "')) >= SHORTEST)
    written = secret
    for form in forms:
        written = DEEPER[form](written)
    assert not found_by_attack(Redactor([secret]).text(f"{before}\n{written} {after}"), secret)


@given(st.lists(SECRETS, min_size=1, max_size=5), AROUND)
def test_several_secrets_side_by_side_are_all_blanked_out(secrets: list[str], between: str) -> None:
    assume(all(is_printable(secret) and len(secret.strip("* ")) >= 6 for secret in secrets))
    shown = Redactor(secrets).text(between.join(secrets))
    assert all(secret not in shown for secret in secrets)


@given(st.text() | AROUND)
def test_what_is_shown_is_printable(text: str) -> None:
    shown = Redactor(["canary-1"]).text(text)
    assert is_printable(shown)
    assert Redactor(["canary-1"]).text(shown) == shown
