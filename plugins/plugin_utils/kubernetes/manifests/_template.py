# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates of a repository, rendered in a process of their own (``_template_child``): one that never ends is ended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _processes
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.text import _foreign
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import last_words
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor

_CHILD = Path(__file__).with_name("_template_child.py")
#: it ends by itself after 2 s of work; this is for a machine that does not let it work
_SECONDS = 15.0
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SHOWN = 200
#: what it is called where a limit is at its end
_LIMITS = {"MemoryError": "more memory or text than it may have", "OverflowError": "a range or a number too large",
           "RecursionError": "no end"}  # fmt: skip


class Failed(ValueError):
    """A template that cannot be rendered: which of them, at which line where that is known, and why."""

    def __init__(self, number: int, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.number = number
        self.why = why
        self.line = line


def render(templates: Sequence[str], context: Mapping[str, Any], secrets: Redactor, limit: int) -> list[str]:
    """The texts of templates, of ``limit`` characters together; no secret is in the reason why one fails."""
    if not templates:
        return []
    most = 20 * limit  # each character may be written as twelve
    done = _run({"templates": templates, "context": context, "limit": limit}, most)
    begun = [int(line) for line in done.errors.splitlines() if line.isdigit()]
    if not begun:
        said = last_words(done.errors, 1)[:_SHOWN]
        words = f"The template renderer did not start (code {done.code}): {said}"
        raise OpsError(words, reason="program_missing", hint=f"Try it: {sys.executable} -c 'import jinja2'")
    if done.code != 0:
        raise Failed(begun[-1], "more time or memory than it may have")
    answer = _foreign.read_object(done.output, limit=most)
    if "texts" in answer:
        return list(answer["texts"])
    words = "".join(one if one.isprintable() else " " for one in secrets.text(answer["said"]))
    why = words[:_SHOWN].rstrip(".") or _LIMITS.get(answer["error"]) or f"it fails with {answer['error']}"
    raise Failed(answer["failed"], why, answer["line"])


def _run(asked: Mapping[str, Any], most: int) -> _processes.Done:
    folders = sorted({str(Path(str(module.__file__)).parents[1]) for module in (jinja2, markupsafe)})
    # without the environment and the folders of the caller; jinja is not looked for, as that takes time
    argv = [sys.executable, "-I", "-S", str(_CHILD), *folders]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return _processes.run(argv, _SECONDS, data=json.dumps(asked).encode(), most=most, env=environment, cwd="/")
