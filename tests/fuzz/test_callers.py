"""Callers of the Python API: whatever they give is taken as it is, or refused; Ansible reads what was given."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.template import is_trusted_as_template
from hypothesis import given
from hypothesis import strategies as st

import doppelganger_ops as ops
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.text._visible import hidden
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _inputs
from doppelganger_ops import _given, _playbook
from doppelganger_ops.job import Job, handed_over
from doppelganger_ops.options import job_of

#: what is something to one of the readers
PIECES = st.sampled_from(
    [
        "{{ lookup('pipe', 'id') }}", "{%", "!unsafe ", "!vault |", "$ANSIBLE_VAULT;1.1;AES256", "__ansible_unsafe",
        "__ansible_vault", "__ansible_type", "---", "\n", "\r", "\t", "- ", ": ", "<<", "&a", "*a", "#", "'", '"', "\\",
        "\\ud83d", "\x85", "\u2028", "\ufeff", "\x00", "\ud800", "😀", "~", "null", "yes", "1e3", "0x1f", ",", "}",
    ]
)  # fmt: skip
TEXT = st.lists(PIECES | st.text(max_size=4), max_size=5).map("".join)
KEYS = TEXT | st.sampled_from(["__ansible_unsafe", "__ansible_vault", "__ansible_type"])
NUMBERS = st.integers() | st.integers(min_value=-(2**70), max_value=2**70) | st.floats()
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
ANY = PLAIN | st.binary(max_size=3) | st.dates() | st.sets(st.integers(), max_size=2) | st.complex_numbers()
NAMES = st.sampled_from(["app_environment", "app_checks", "version", "unrelated", "_", "a b", "class", "größe", ""])


def instructs(value: Any) -> bool:
    """Whether there is a key in it that Ansible's reader has a meaning for."""
    if isinstance(value, dict):
        return any(key.startswith("__ansible") or instructs(item) for key, item in value.items())
    return isinstance(value, list) and any(map(instructs, value))


def texts(value: Any) -> Iterator[Any]:
    """Everything in it that is no list and no dictionary, keys as well."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        yield value
    for one in inner or []:
        yield from texts(one)


@contextlib.contextmanager
def inventory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hosts.yml"
        path.touch()
        yield path


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_variables_are_refused_or_reach_ansible_as_they_are(variables: dict[str, Any]) -> None:
    try:
        taken = _given.variables(variables)
    except ops.InputError:
        return
    assert taken == variables
    assert not instructs(variables)
    job = Job("r", "p.yml", (), "/", "/", {}, inputs=taken)
    assert Job.from_line(job.to_line()) == job
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / _playbook.HANDED_OVER).write_text(handed_over(job.inputs), encoding="utf-8")
        (Path(folder) / _playbook.GIVEN).write_text(json.dumps(variables), encoding="utf-8")
        _playbook.require_same(folder)


@given(st.dictionaries(NAMES, PLAIN, max_size=3))
def test_unchecked_data_is_no_template_either(variables: dict[str, Any]) -> None:
    """Even what the first look would have refused: nothing in it is ever a template."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.json"
        with contextlib.suppress(ValueError, AnsibleError):  # it cannot be written, or not be read
            path.write_text(handed_over(variables), encoding="utf-8")
            assert not any(map(is_trusted_as_template, texts(_playbook.read_back(str(path)))))


OPTIONS = st.sampled_from([*ops.Options.__annotations__, "dealine", ""])


@given(st.dictionaries(OPTIONS, ANY, max_size=3), ANY, ANY)
def test_options_make_a_job_or_are_refused(options: dict[str, Any], version: Any, reason: Any) -> None:
    with inventory() as path:
        options.pop("keep", None)  # a folder anywhere
        try:
            job = job_of("deploy", {"version": version, "reason": reason}, {"inventory": path, **options})  # type: ignore[typeddict-item]  # that is what is tried
        except ops.NeverRan:
            return
        Path(job.folder).rmdir()
        assert Job.from_line(job.to_line()) == job


@given(ANY)
def test_a_reason_is_recorded_as_it_is_or_refused(reason: Any) -> None:
    try:
        found = _inputs.read(["reason"], {"reason": reason}, "shop")["reason"]
    except Refused:
        assert reason != ""
        return
    assert found == ("" if reason is None else reason)
    assert not hidden(found)
    assert len(found) <= 500


@pytest.mark.parametrize("name", ["version", "release", "backup", "confirm"])
@given(text=TEXT)
def test_the_other_inputs_are_plain_letters(name: str, text: str) -> None:
    with contextlib.suppress(Refused):
        found = _inputs.read([name, "confirm"], {"confirm": text, name: text}, text)[name]
        assert found == _inputs.INPUTS[name].default if not text else found.isascii() and found.isprintable()
