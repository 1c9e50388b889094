# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must not be shown of an application on a compose host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...app import _secret_sources
from ...app._env_files import secrets_of
from ...core._errors import Refused
from ...state._folder import Store
from ...text._redaction import Redactor
from ..target import _sealed


def redactor(params: Mapping[str, Any]) -> Redactor:
    """Blanks out what must not be shown, as the parameters say."""
    values: list[str | None] = list(params.get("redact") or [])
    values += _secret_sources.of_headers([*(params.get("checks") or ()), *(params.get("sources") or {}).values()])
    if params.get("state_dir"):
        values += _sealed.unseal(Store(params["state_dir"]))
    for path in params.get("redact_env_files") or []:
        try:
            values += secrets_of(path)
        except OSError as error:
            raise Refused(
                f"The env file {path}, whose values must be redacted, cannot be read: {error.strerror}.",
                reason="env_file_invalid",
                hint="Fix the path or its permissions, or remove it from redact_env_files.",
            ) from error
    return Redactor(values)
