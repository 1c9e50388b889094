"""Templates in a process of their own: what they may use, and that nothing of the controller is read through them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jinja2.exceptions import SecurityError, UndefinedError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests import _template

SECRET = "hunter2-canary"


def rendered(*templates: str, limit: int = 1000, **context: Any) -> list[str]:
    return _template.render(templates, {"env": {"PASSWORD": SECRET}, **context}, Redactor([SECRET]), limit)


def test_each_is_rendered_with_what_it_may_use() -> None:
    texts = rendered(
        "a: {{ env.PASSWORD | b64encode }}\n", "{{ n + 1 }} {{ on }} {{ none }} {{ l[0] | quote }}", "é",
        n=1, on=True, none=None, l=['"'],
    )  # fmt: skip
    assert texts == ["a: aHVudGVyMi1jYW5hcnk=\n", '2 True None "\\""', "é"]
    assert rendered() == []


@pytest.mark.parametrize(
    "used",
    ["'a' | pprint", "'a b' | wordwrap(1)", "['b', 'a'] | sort", "{'a': 1} | tojson", "[1] | map('string') | list"],
)
def test_what_jinja_brings_along_works_without_opening_files(used: str) -> None:
    assert rendered(f"{{{{ {used} }}}}") != [""]


@pytest.mark.parametrize(
    ("templates", "limit", "number", "line"),
    [
        (["a", "b\n{{ nothing }}"], 100, 1, 2),
        (["{% for %}"], 100, 0, 1),
        (["aaaaaa", "aaaaaa"], 10, 1, None),
        (["\n\n{{ 1 / 0 }}"], 100, 0, 3),
    ],
)
def test_one_that_fails_is_named_with_its_line(templates: list[str], limit: int, number: int, line: int | None) -> None:
    with pytest.raises(_template.Failed) as caught:
        rendered(*templates, limit=limit)
    assert (caught.value.number, caught.value.line) == (number, line)


@pytest.mark.parametrize(
    "template",
    ["{{ env[env.PASSWORD] }}", "{{ env[('x' * 190) ~ env.PASSWORD] }}", "{{ env['\\x1b[2J' ~ env.PASSWORD] }}",
     "{{ env['x' * 20000] }}"],
)  # fmt: skip
def test_why_it_failed_shows_no_secret_and_little_of_it(template: str) -> None:
    with pytest.raises(_template.Failed) as caught:
        rendered(template)
    assert "hunter" not in caught.value.why
    assert "\x1b" not in caught.value.why
    assert 0 < len(caught.value.why) <= 200


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ env.__class__ }}",
    "{{ env['__class__'] }}",
    "{{ env | attr('__class__') }}",
    "{{ ['x'] | map('attr', '__class__') | list }}",
    "{{ ['x'] | map(attribute='__class__') | join }}",
    "{{ [{'a': 'x'}] | map(attribute='a.__class__') | join }}",
    "{{ [''] | sum(attribute='__class__') }}",
    "{{ cycler.__init__.__globals__.os.environ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ dict.__base__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ ''.format_map }}",
    "{{ '{0.__class__}'['format']('') }}",
    "{{ ['{0.__class__}'] | map(attribute='format') | join }}",
    "{{ '{0.__class__}' | attr('format') }}",
    "{{ (namespace(f='{0.__class__}'.format)).f('') }}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{{ (1).__class__.__base__ }}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as x %}",
    "{% extends '/etc/passwd' %}",
    "{{ env.update({'PASSWORD': 'x'}) }}",
    "{{ [].append(1) }}",
    "{% do env.clear() %}",
    "{{ open('/etc/passwd') }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_nothing_leads_out_of_a_template(template: str) -> None:
    with pytest.raises(_template.Failed):
        rendered(template)


@pytest.fixture
def child() -> ModuleType:
    path = Path(_template.__file__).with_name("_template_child.py")
    spec = importlib.util.spec_from_file_location("template_child", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["format", "format_map"])
def test_formats_are_out_of_reach_whatever_the_version_of_jinja_thinks_of_them(child: ModuleType, name: str) -> None:
    environment = child._environment()
    for found in (environment.getattr("{0}", name), environment.getitem("{0}", name)):
        with pytest.raises((SecurityError, UndefinedError)):
            str(found)
    assert environment.getattr({"format": "png"}, "format") == "png"


def test_a_program_that_cannot_begin_is_no_fault_of_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_template, "_CHILD", Path("/nowhere.py"))
    with pytest.raises(OpsError, match="nowhere"):
        rendered("a")


def test_one_that_gets_no_time_to_work_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sleeps.py").write_text(
        "import sys, time\nsys.stderr.write('0\\n1\\n')\nsys.stderr.flush()\ntime.sleep(60)"
    )
    monkeypatch.setattr(_template, "_CHILD", tmp_path / "sleeps.py")
    monkeypatch.setattr(_template, "_SECONDS", 1.0)
    with pytest.raises(_template.Failed, match="more time") as caught:
        rendered("a", "b")
    assert caught.value.number == 1


LIMITED = """
import json, os, sys
sys.path.insert(0, {folder!r})
import _template_child
_template_child._limit_all()
found = {{"environment": dict(os.environ)}}
try:
    open("/etc/passwd")
except OSError:
    found["opened"] = False
try:
    found["taken"] = len(bytearray(1024 ** 3))
except MemoryError:
    found["taken"] = 0
sys.stderr.write("0\\n")
sys.stdout.write(json.dumps({{"texts": [json.dumps(found)]}}))
"""


def test_even_code_that_got_out_would_find_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CANARY", SECRET)
    script = tmp_path / "limited.py"
    script.write_text(LIMITED.format(folder=str(Path(_template.__file__).parent)))
    monkeypatch.setattr(_template, "_CHILD", script)
    (found,) = rendered("a")
    assert SECRET not in found
    assert '"opened": false' in found
    assert '"taken": 0' in found
