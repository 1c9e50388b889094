# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program that renders templates, in a process of its own that can be ended: run by ``_template``, never imported.

Its arguments are the folders that Jinja is in; templates, and what they may use, are JSON on its standard input. It has
no environment, opens no file once it has begun, starts no program, and has no more memory and time than is said here.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import resource
import sys
from types import TracebackType
from typing import Any

#: more than it has when it begins
_MEMORY = 128 * 1024 * 1024
_SECONDS = 2
_SAID = 10_000
#: what Jinja and Python load once they need it; by then no file can be opened
_LOADED = ("jinja2.debug", "encodings.unicode_escape", "pprint", "textwrap")
#: looks into what it is given, and so has led out of Jinja's sandbox more than once
_FORMATS = ("format", "format_map")


def _limit(kind: int, value: int) -> None:
    with contextlib.suppress(OSError, ValueError):  # not every system has every limit; the clock outside counts anyway
        resource.setrlimit(kind, (value, value))


def _limit_all() -> None:
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as stream:
        begun = int(stream.read().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, begun + _MEMORY)
    _limit(resource.RLIMIT_CPU, _SECONDS)
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        _limit(kind, 0)


def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        """The sandbox, as safe with an older Jinja."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            """What ``obj.attribute`` is."""
            is_format = isinstance(obj, str) and attribute in _FORMATS
            return self.unsafe_undefined(obj, attribute) if is_format else super().getattr(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            """What ``obj[argument]`` is, which may be an attribute."""
            is_format = isinstance(obj, str) and argument in _FORMATS
            return self.unsafe_undefined(obj, argument) if is_format else super().getitem(obj, argument)

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    del environment.filters["attr"], environment.globals["lipsum"]
    environment.filters["b64encode"] = lambda value: base64.b64encode(str(value).encode()).decode()
    environment.filters["quote"] = lambda value: json.dumps(str(value))
    return environment


def _rendered(environment: Any, text: str, context: dict[str, Any], limit: int) -> str:
    pieces = []
    for piece in environment.from_string(text).generate(context):
        limit -= len(piece)
        if limit < 0:
            raise MemoryError
        pieces.append(piece)
    return "".join(pieces)


def _line(error: BaseException) -> int | None:
    """The line of the template that an error is from; Jinja puts it into the traceback."""
    found = getattr(error, "lineno", None)
    step: TracebackType | None = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            found = step.tb_lineno
        step = step.tb_next
    return found if isinstance(found, int) else None


def _name(error: BaseException) -> str:
    """What an error is called; without memory, what is in the way of another one is what counts."""
    step: BaseException | None = error
    while step is not None:
        if isinstance(step, MemoryError):
            return "MemoryError"
        step = step.__context__
    return type(error).__name__


def _all(environment: Any, templates: list[str], context: dict[str, Any], limit: int) -> dict[str, Any]:
    from jinja2 import TemplateSyntaxError, UndefinedError

    texts: list[str] = []
    for number, template in enumerate(templates):
        sys.stderr.write(f"{number}\n")  # tells the parent where it was
        sys.stderr.flush()
        try:
            texts.append(_rendered(environment, template, context, limit - sum(map(len, texts))))
        except Exception as error:
            said = str(error.message) if isinstance(error, (TemplateSyntaxError, UndefinedError)) else ""
            kept = said if len(said) < _SAID else ""  # never cut: half a secret is none that anybody knows
            return {"failed": number, "error": _name(error), "line": _line(error), "said": kept}
    return {"texts": texts}


def main() -> None:
    """Render what is asked for."""
    sys.path += sys.argv[1:]
    environment = _environment()
    for name in _LOADED:
        importlib.import_module(name)
    asked = json.load(sys.stdin.buffer)
    _limit_all()
    sys.stdout.write(json.dumps(_all(environment, asked["templates"], asked["context"], asked["limit"])))


if __name__ == "__main__":
    main()
