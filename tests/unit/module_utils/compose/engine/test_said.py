"""What Compose says when it fails: its progress and its warnings are no reasons."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.compose.engine._said import without_progress
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _command
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError

ERROR = (
    "Error response from daemon: driver failed programming external connectivity on endpoint shop-web-1 (0123): "
    "Bind for 0.0.0.0:8080 failed: port is already allocated"
)


@pytest.mark.parametrize(
    "line",
    [
        " Network shop_default  Creating",
        " Container shop-web-1  Created",
        " Container shop-web-1  Starting",
        " Container shop-web-1  Error",
        " Container 0123456789ab_shop-web-1  Recreated",
        " Container shop-web-1 Recreated ",
        " Volume shop_data  Created",
        " Image example.org/shop/web:v1.0 Pulling ",
        " web Pulling ",
        " web Pulled",
        "web  Built",
        "[+] Running 2/3",
        'time="2026-11-30T03:00:00Z" level=warning msg="The \\"PORT\\" variable is not set."',
        'WARN[0000] /srv/compose.yml: the attribute `version` is obsolete',
        "------",
    ],
)  # fmt: skip
def test_progress_and_warnings_are_left_out(line: str) -> None:
    assert without_progress(f"{line}\n{ERROR}\n{line}\n") == ERROR


@pytest.mark.parametrize(
    "line",
    [
        "dependency failed to start: container shop-db-1 exited (1)",
        'service "web" refers to undefined network front: invalid compose project',
        'time="2026-11-30T03:00:00Z" level=error msg="it is broken"',
        "failed to solve: process did not complete successfully: exit code: 1",
        "Container is Running away",
        "1.234 npm ERR! code E404",
    ],
)
def test_what_says_why_stays(line: str) -> None:
    assert without_progress(f" Container shop-web-1  Starting\n{line}") == line


def test_where_nothing_else_was_said_it_stays() -> None:
    said = " Container shop-web-1  Starting\n Container shop-web-1  Error\n"
    assert without_progress(said) == said


def test_a_message_has_the_error_and_no_progress() -> None:
    script = f"import sys; print(' Container a  Starting\\n' * 9 + {ERROR!r}, file=sys.stderr); sys.exit(1)"
    with pytest.raises(OpsError) as error:
        _command.run([sys.executable, "-c", script], doing="It", timeout=20, sift=without_progress)
    assert error.value.message == f"It failed with code 1: {ERROR}"
