# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways to a cluster that the SDK knows: programs and identity providers that log in, proxies, several files.

Imported only where such a way is opened (see ``_access``), so that nobody else pays for it.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import exec_provider, kube_config, load_incluster_config, load_kube_config
from kubernetes.config.config_exception import ConfigException
from kubernetes.stream.ws_client import websocket_proxycare

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _processes
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

from ._access import KEPT_CONNECTIONS, Access

if TYPE_CHECKING:
    from ._access import Way

#: for a program that logs in, in seconds, and for the bytes that it writes
_PROGRAM_SECONDS, _PROGRAM_LIMIT = 60.0, 1 << 20
#: the SDK remembers its files in a global
_LOADING = threading.Lock()


def told(way: Way, folder: str) -> Access:
    """What the SDK makes of the way, with its files in ``folder``. Raises ValueError where it cannot be used."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = KEPT_CONNECTIONS
    with _LOADING:
        try:
            _fill(configuration, way, folder)
        except ConfigException as error:
            raise ValueError(str(error)) from error
        finally:
            # older ones would give the same file again for the same content, and their caller removes the folder
            getattr(kube_config, "_temp_files", {}).clear()
    return Access(
        server=str(configuration.host).rstrip("/"),
        headers=functools.partial(_headers, configuration),
        pool=_pool(configuration),
        ca_file=configuration.ssl_ca_cert or "",
        ca_data=getattr(configuration, "ca_cert_data", None) or "",
        cert_file=configuration.cert_file or "",
        key_file=configuration.key_file or "",
        server_name=getattr(configuration, "tls_server_name", None) or "",
        is_verified=bool(configuration.verify_ssl),
        proxied=configuration if configuration.proxy else None,
    )


def through_proxy(options: dict[str, Any], configuration: Any, url: str) -> dict[str, Any]:
    """The options of a websocket, with the proxy between."""
    found: dict[str, Any] = websocket_proxycare(options, configuration, url, {})  # type: ignore[no-untyped-call]  # the SDK has no types here
    return found


def _pool(configuration: Any) -> Any:
    """The connections. What is checked and shown is in one TLS context, which :class:`Login` sets."""
    pool = ApiClient(configuration).rest_client.pool_manager
    for name in ("ca_certs", "cert_file", "key_file", "ca_cert_data", "cert_reqs"):
        pool.connection_pool_kw.pop(name, None)
    return pool


def _headers(configuration: Any) -> dict[str, str]:
    """Say who asks. The SDK reads a service account's token again each minute, and runs an ``exec`` plugin again."""
    with _LOADING:
        settings: dict[str, Any] = dict(configuration.auth_settings())
    return {str(one["key"]): str(one["value"]) for one in settings.values() if one["value"]}


def _fill(configuration: Any, way: Way, folder: str) -> None:
    if way.kubeconfig:
        path = os.path.expanduser(way.kubeconfig)
        with _Overheard() as said:
            load_kube_config(  # type: ignore[no-untyped-call]  # the SDK has no types here
                path, way.context or None, configuration, persist_config=False, temp_file_path=folder
            )
        if not (way.token or configuration.api_key or configuration.cert_file):
            reason = said.text or "its user has neither token nor certificate"
            raise Refused(
                f"Cannot log in with {way.source}: {reason}.",
                reason="login_invalid",
                hint="Fix its user, or log in again.",
            )
    elif way.host:
        configuration.host = way.host
    else:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]  # the SDK has no types here
    if way.ca_cert:
        configuration.ssl_ca_cert = os.path.expanduser(way.ca_cert)
    if way.token:
        configuration.api_key = {"authorization": f"Bearer {way.token}"}
        configuration.refresh_api_key_hook = None
    if not way.is_verified:
        configuration.verify_ssl = False


class _Program:
    """What the SDK takes for a process: it has ended, by itself or as its time was over, with all that it started."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None, **_: Any) -> None:
        options: dict[str, Any] = {"env": env, "cwd": cwd, "stdin": subprocess.DEVNULL}
        self._done = _processes.run(argv, _PROGRAM_SECONDS, most=_PROGRAM_LIMIT, **options)

    def communicate(self) -> tuple[str, str]:
        """What it wrote."""
        late = "" if self._done.in_time else f"it did not end within {_PROGRAM_SECONDS:g} s"
        return self._done.output, late or self._done.errors

    def wait(self) -> int:
        """How it ended."""
        return self._done.code


class _Programs:
    """Instead of ``subprocess``, which the SDK waits with for as long as it takes."""

    PIPE = subprocess.PIPE
    Popen = _Program


vars(exec_provider)["subprocess"] = _Programs


class _Overheard(logging.Handler, contextlib.AbstractContextManager["_Overheard"]):
    """What the SDK logs instead of raising it: an ``exec`` plugin that failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = self.text or record.getMessage().rstrip(".")

    def __enter__(self) -> _Overheard:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
