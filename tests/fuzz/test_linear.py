"""Whatever reads foreign text takes as long as the text, however it is made: what is quadratic takes minutes here."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _secret_files
from ansible_collections.doppelganger.ops.plugins.module_utils.app._env_file_lines import unreadable
from ansible_collections.doppelganger.ops.plugins.module_utils.app._env_files import parse, secrets_in
from ansible_collections.doppelganger.ops.plugins.module_utils.app._interpolation import interpolated, problem_in
from ansible_collections.doppelganger.ops.plugins.module_utils.checks.kinds._logs import ERROR_LINES, LogScan
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._cli import without_quotations
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._said import without_progress
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import lines_from, unframed
from ansible_collections.doppelganger.ops.plugins.module_utils.core._times import in_utc
from ansible_collections.doppelganger.ops.plugins.module_utils.databases import _postgres
from ansible_collections.doppelganger.ops.plugins.module_utils.http import _response
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers import _exposition
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._postgres import answers_in
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._redis import parsed_info
from ansible_collections.doppelganger.ops.plugins.module_utils.text._characters import printable
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import excerpt, gist, last_lines, last_said
from ansible_collections.doppelganger.ops.plugins.module_utils.text._gist import end_of, gist_of
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.module_utils.text._secret_values import telling
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _json_stream, _plain
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api import _errors, _logs
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes import _changes
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests import _references, _registry
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import (
    _hints,
    _pods,
    _pulls,
    _refusals,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._scene import Readiness

SIZE = 100_000
REDACTOR = Redactor(["canary-0123456789", "aaaaaab", "a.-+a.-+b", "http://user:secret@host"])


def errors_in(text: str) -> None:
    scan = LogScan({"patterns": ERROR_LINES, "allow": (), "limit": 0})
    scan.read("one", "app", [f"2026-01-01T00:00:00Z {text}"])


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
READERS: dict[str, Callable[[str], Any]] = {
    "redact": REDACTOR.text,
    "head": lambda text: REDACTOR.head(text, 50_000),
    "tail": lambda text: REDACTOR.tail(text, 50_000),
    "printable": printable,
    "secrets within": lambda text: list(telling({"x": text[:30_000]})),
    "known secrets": lambda text: Redactor([text[:10_000]]),
    "secrets of a file": lambda text: _secret_files.secrets_in(text[:30_000]),
    "excerpt": lambda text: excerpt(text, 300),
    "gist": lambda text: gist(text, 300),
    "end of an output": last_said,
    "words of compose": without_progress,
    "end of a traceback": lambda text: end_of(f"Traceback (most recent call last):\n{text}"),
    "gist of a page": lambda text: gist_of(f"<html>{text}"),
    "gist of a log line": lambda text: gist_of(json.dumps({"level": "error", "message": text, "exception": text})),
    "last lines": last_lines,
    "env file": parse,
    "secrets of an env file": secrets_in,
    "lines of an env file": lambda text: unreadable(text, {}),
    "what compose refuses": lambda text: problem_in(text, {}),
    "what compose repeats": lambda text: without_quotations(text[:10_000]),
    "variables": lambda text: interpolated(text, {"a": "b"}),
    "metrics": lambda text: _exposition.parse(f"x {text}\nx{text}\nx{{{text}", ["x"]),
    "stamps": in_utc,
    "log lines": lambda text: list(lines_from(text[at : at + 7].encode() for at in range(0, len(text), 7))),
    "frames": lambda text: list(unframed(text[at : at + 7].encode() for at in range(0, len(text), 7))),
    "error lines": errors_in,
    "psql": lambda text: answers_in(text, 1),
    "errors of psql": _postgres._said,
    "INFO": parsed_info,
    "heads": lambda text: _response.Answer().feed(b"HTTP/1.1 200 OK\r\n" + text.encode()),
    "chunks": lambda text: _response.Answer().feed(CHUNKED + text.encode()),
    "refusals": lambda text: _refusals.explained(text, 1.0),
    "pods": lambda text: [one.search(text) for one in (_pods._MISSING, _pods._SLOW, _pods._NO_CLAIM)],
    "pulls": _pulls.is_definite,
    "hints": lambda text: _hints.hint_for(Readiness("failed", "x", "Unschedulable", text), ""),
    "schemas": lambda text: [_errors._TYPED.search(text), _errors._QUOTED.sub("", text)],
    "plain YAML": _plain.value_of,
    "JSON": lambda text: [_json_stream.read(text), _json_stream.read(f'{{"a": {text}')],
    "rights": _errors._VERB.search,
    "managers": _changes._MANAGER.search,
    "logs of pods": lambda text: list(_logs.told([text.encode()], 1.0, True)),
    "images": _references.parse,
    "challenges": _registry._CHALLENGE.findall,
}
ATOMS = [
    "a.-+", "a", "://", "http://a", "a://b:", "a:", "@", ":", "canary-", "${A:-", "${", "$$", "$", "}", "A='", 'A="',
    "A=\\'", "\\", "A=\n", " ", "\t", "\n", "export ", 'a="', 'x{a="b",', '"', "1 ", "#", "secret ", "ERROR: ",
    "level ", "serviceaccount ", "a__", "a/", "-", "_", "0", "1.", "2026-01-01T00:00:00+", "create Pod ", " cannot ",
    'conflict with "', "a=", "password={", "a@(", "Basic ", "\x1b[", "\x1b]", "\x9b0;", "&amp;", "%25", "line 1: ",
    "\r", "persistentvolumeclaim ", ", got &value.", "{", "[", '"a":',
    'conflict with "', "<", "<title", "<body", "\n at ", "Caused by: ",
    "QUFBQUFB", "Vm0wd2QyUXlVWGxWV0d4V", "\n    QUFB", "\nweb-1  | ", "^[[0m", "password ", "a:b:",
]  # fmt: skip


def seconds_for(read: Callable[[str], Any], text: str) -> float:
    began = time.process_time()
    with contextlib.suppress(OpsError, ValueError, _exposition.Unreadable):
        read(text)
    return time.process_time() - began


@pytest.mark.parametrize("reader", READERS)
def test_repetitions_take_no_longer(reader: str) -> None:
    slow = {}
    for atom in ATOMS:
        text = (atom * (SIZE // len(atom)) + "!")[: SIZE + 1]
        taken = seconds_for(READERS[reader], text)
        if taken > 1:
            slow[atom] = round(taken, 2)
    assert slow == {}


@pytest.mark.parametrize("reader", READERS)
@given(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=4), st.sampled_from(["", "!", "\n", "}", '"']))
@example(["export", " "], "!")
def test_mixtures_take_no_longer(reader: str, atoms: list[str], end: str) -> None:
    once = "".join(atoms)
    assert seconds_for(READERS[reader], once * (20_000 // len(once)) + end) < 1
