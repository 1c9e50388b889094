"""Why a module did not run on a target: asked of real interpreters, and of what is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _diagnosis


def asked(interpreter: str) -> OpsError | None:
    """What a shell of the target says of an interpreter."""
    done = subprocess.run(["sh", "-c", _diagnosis.probe(interpreter)], capture_output=True, text=True, check=False)
    return _diagnosis.of_interpreter(interpreter, "deploy", done.returncode, done.stdout + done.stderr)


def script(folder: Path, text: str) -> str:
    path = folder / "a python"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("said", "is_of_become"),
    [
        ("Incorrect sudo password", True),
        ("sudo: a password is required", True),
        ("Failed to set permissions on the temporary files Ansible needs to create when becoming an unprivileged user "
         "(rc: 1, err: chmod: invalid mode: password)", False),
        ("The module doppelganger.ops.release_apply was not found in configured module paths", False),
    ],
)  # fmt: skip
def test_which_errors_are_of_becoming_somebody(said: str, is_of_become: bool) -> None:
    assert _diagnosis.is_of_become(said) == is_of_become


def test_a_python_that_is_new_enough_is_none_of_the_reasons() -> None:
    assert asked(sys.executable) is None


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        pytest.param("#!/bin/sh\necho 'doppelganger-ops-python 3.8'\n", "program_missing", ["3.8", "3.9"], id="old"),
        pytest.param("#!/bin/sh\necho 'doppelganger-ops-python 2.7'\n", "program_missing", ["2.7"], id="very old"),
        pytest.param(
            "#!/bin/sh\necho 'Could not find platform libraries' >&2; exit 1\n", "program_missing",
            ["does not work", "platform libraries"], id="broken",
        ),
        pytest.param("#!/nowhere/python\n", "program_missing", ["not found"], id="a link to what was removed"),
        pytest.param(
            "#!/bin/sh\necho 'sudo: a password is required' >&2; exit 1\n", "forbidden", ["deploy", "sudo"],
            id="no right to become another user",
        ),
        pytest.param(
            "#!/bin/sh\necho 'deploy is not in the sudoers file.' >&2; exit 1\n", "forbidden", ["sudoers"],
            id="no sudoer",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_said(tmp_path: Path, text: str, reason: str, words: list[str]) -> None:
    interpreter = script(tmp_path, text)
    found = asked(interpreter)
    assert found is not None
    assert (found.kind, found.reason) == ("refused", reason)
    assert all(word in found.message for word in words), found.message
    assert interpreter in found.message or reason == "forbidden"
    assert found.hint


def test_one_that_is_not_there(tmp_path: Path) -> None:
    found = asked(str(tmp_path / "nothing"))
    assert found is not None
    assert (found.reason, "was not found" in found.message) == ("program_missing", True)
    assert "ansible_python_interpreter" in found.hint


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Failed to connect to the host via ssh: Permission denied (publickey).", ["ansible_user", "ssh deploy@web1"]),
        ("Host key verification failed.", ["key", "ssh deploy@web1"]),
        ("connect to host web1 port 22: Connection refused", ["web1", "ssh deploy@web1"]),
    ],
)
def test_a_target_out_of_reach_comes_with_what_to_try(output: str, words: list[str]) -> None:
    found = _diagnosis.of_connection("web1", "deploy", output)
    assert (found.kind, found.reason) == ("unreachable", "host_unreachable")
    assert all(word in found.hint for word in words), found.hint


def test_a_library_that_the_controller_lacks() -> None:
    found = _diagnosis.of_library(ModuleNotFoundError("No module named 'yaml.x'", name="yaml.x"))
    assert (found.kind, found.reason) == ("refused", "program_missing")
    assert f"{sys.executable} -m pip install PyYAML" in found.hint
