"""How the Python that runs this gets a library."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine import _interpreter


@pytest.mark.parametrize(
    ("prefix", "sees", "command"),
    [
        pytest.param("/usr", True, "package python3-docker", id="the distribution's own"),
        pytest.param("/opt/ops", False, "/opt/ops/bin/python -m pip install docker", id="a virtual environment"),
        pytest.param("/usr/local", False, "-m pip install docker", id="one that was built by hand"),
    ],
)
def test_the_command_is_one_that_helps_this_interpreter(
    monkeypatch: pytest.MonkeyPatch, prefix: str, sees: bool, command: str
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "executable", f"{prefix}/bin/python")
    assert _interpreter.sees_packages() is sees
    assert command in _interpreter.fix("docker", "python3-docker")
    # packages would not help there, so nobody is sent to prepare
    assert ("prepare" in _interpreter.fix("docker", "python3-docker")) is sees
