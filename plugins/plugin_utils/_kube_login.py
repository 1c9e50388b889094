# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster, and as whom: from the inventory, AWX's variables, a kubeconfig or the pod that this runs in.

The SDK reads kubeconfigs, certificates and tokens. It leaves the keys of a kubeconfig in files until the process ends,
which a forked worker of Ansible does not live to see; so they are loaded once, into a TLS context, and removed at once.
"""

from __future__ import annotations

import logging
import os
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import kube_config, load_incluster_config, load_kube_config
from kubernetes.config.config_exception import ConfigException
from yaml import YAMLError

from ansible_collections.doppelganger.ops.plugins.module_utils._errors import Refused

_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})
#: connections that are kept open to one server
_KEPT_CONNECTIONS = 50
#: the SDK remembers its files in a global
_LOADING = threading.Lock()


@dataclass(frozen=True)
class Way:
    """The way to a cluster: by ``host``, by ``kubeconfig`` (and ``context``), or, with neither, from within it."""

    host: str = ""
    token: str = ""
    ca_cert: str = ""
    kubeconfig: str = ""
    context: str = ""
    is_verified: bool = True
    is_development: bool = False
    source: str = ""

    def __repr__(self) -> str:
        return f"Way({self.source})"  # a token is not shown


def way_to(options: Mapping[str, Any], token: str, environment: Mapping[str, str], *, has_home_config: bool) -> Way:
    """Choose the way: what the inventory says, then K8S_AUTH_*, then KUBECONFIG or the one at home, then the pod's own.

    Raises Refused where there is none, where two contradict each other, and where certificates would not be checked.
    """
    given = {name: str(options.get(name) or "") for name in ("host", "kubeconfig", "context", "ca_cert")}
    awx = {name[9:].lower(): value for name, value in environment.items() if name.startswith("K8S_AUTH_") and value}
    development = bool(options.get("is_development"))
    verified = options.get("validate_certs", True) is not False
    if given["host"] and (given["kubeconfig"] or given["context"]):
        raise Refused("Expected app_cluster to name a host or a kubeconfig, found both.", hint="Keep one of them.")
    if given["host"]:
        token = token or _token_for(given["host"], awx)
        way = Way(given["host"], token, given["ca_cert"], source="app_cluster.host")
    elif given["kubeconfig"] or given["context"]:
        file = given["kubeconfig"] or awx.get("kubeconfig") or environment.get("KUBECONFIG") or "~/.kube/config"
        way = Way("", token, given["ca_cert"], file, given["context"], source=f"the kubeconfig {file}")
    else:
        way = _way_without_options(token, given["ca_cert"], awx, environment, has_home_config)
        if way.source.startswith("K8S_AUTH_"):
            verified = verified and awx.get("verify_ssl", "true").lower() not in _FALSE
    return Way(**{**vars(way), "is_verified": verified, "is_development": development}) if way.source else _no_way()


def _way_without_options(
    token: str, ca_cert: str, awx: Mapping[str, str], environment: Mapping[str, str], has_home_config: bool
) -> Way:
    if awx.get("host"):
        login = token or awx.get("api_key", "")
        return Way(awx["host"], login, ca_cert or awx.get("ssl_ca_cert", ""), source="K8S_AUTH_HOST")
    if awx.get("kubeconfig") or awx.get("context"):
        file = awx.get("kubeconfig") or environment.get("KUBECONFIG") or "~/.kube/config"
        return Way("", token, ca_cert, file, awx.get("context", ""), source=f"K8S_AUTH_KUBECONFIG {file}")
    file = environment.get("KUBECONFIG") or ("~/.kube/config" if has_home_config else "")
    if file:
        return Way("", token, ca_cert, file, source=f"the kubeconfig {file}")
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return Way("", token, ca_cert, source="the service account of this pod")
    return Way()


def _no_way() -> Way:
    raise Refused(
        "Expected a way to the cluster, found none: app_cluster names neither host nor kubeconfig, and there are no "
        "K8S_AUTH_* variables, no KUBECONFIG, no ~/.kube/config and no service account.",
        hint="Set app_cluster.kubeconfig in the inventory, or attach a Kubernetes credential in AWX.",
    )


def _token_for(host: str, awx: Mapping[str, str]) -> str:
    """The token of AWX's credential, only where it is for this host."""
    meant = awx.get("host", host)
    if awx.get("api_key") and meant.rstrip("/") != host.rstrip("/"):
        raise Refused(
            f"app_cluster.host is {host}, but the token in K8S_AUTH_API_KEY is for {meant}.",
            hint="Give a token for that host with app_cluster_token, or attach the credential of that cluster.",
        )
    return awx.get("api_key", "")


class Login:
    """An opened way: where the server is, how to reach it, and the headers that say who asks."""

    def __init__(self, way: Way) -> None:
        self.configuration = Configuration()
        self.configuration.connection_pool_maxsize = _KEPT_CONNECTIONS
        with _files_for_a_moment() as folder:
            _fill(self.configuration, way, folder)
            self.server = str(self.configuration.host).rstrip("/")
            _refuse_unchecked(self.configuration, way)
            self.tls = _tls(self.configuration, way) if self.server.startswith("https:") else None
        self.pool: Any = ApiClient(self.configuration).rest_client.pool_manager
        for name in ("ca_certs", "cert_file", "key_file", "ca_cert_data"):
            self.pool.connection_pool_kw.pop(name, None)
        self.pool.connection_pool_kw["ssl_context"] = self.tls

    def headers(self) -> dict[str, str]:
        """Say who asks. The SDK reads a service account's token anew each minute, and runs an ``exec`` plugin again."""
        with _LOADING:
            settings: dict[str, Any] = dict(self.configuration.auth_settings())
        return {str(one["key"]): str(one["value"]) for one in settings.values() if one["value"]}

    def close(self) -> None:
        """Give the connections back."""
        self.pool.clear()


def open_way(way: Way) -> Login:
    """Read tokens, certificates and kubeconfigs as they are now; raises Refused where they are of no use."""
    try:
        return Login(way)
    except (ConfigException, YAMLError, OSError, ssl.SSLError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"The way to the cluster by {way.source} cannot be used: {error}.",
            hint="Check that the file is there, is readable and names the context, its certificates and its user.",
        ) from error


@contextmanager
def _files_for_a_moment() -> Iterator[str]:
    """A folder for what the SDK has to write into files; the SDK forgets them at the end, which older ones must."""
    with _LOADING, tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
        try:
            yield folder
        finally:
            getattr(kube_config, "_cleanup_temp_files", lambda: None)()


def _fill(configuration: Any, way: Way, folder: str) -> None:
    if way.kubeconfig:
        path = os.path.expanduser(way.kubeconfig)
        with _Overheard() as said:
            load_kube_config(  # type: ignore[no-untyped-call]  # the SDK has no types here
                path, way.context or None, configuration, persist_config=False, temp_file_path=folder
            )
        if not (way.token or configuration.api_key or configuration.cert_file):
            reason = said.text or "its user has neither token nor certificate"
            raise Refused(f"No login in {way.source}: {reason}.", hint="Mend its user, or log in again.")
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


def _refuse_unchecked(configuration: Any, way: Way) -> None:
    is_plain = not str(configuration.host).startswith("https:")
    if way.is_development or (configuration.verify_ssl and not is_plain):
        return
    found = "plain http" if is_plain else "a check that is turned off"
    raise Refused(
        f"Expected the certificate of {configuration.host} to be checked, found {found} ({way.source}).",
        hint="Give the authority's certificate (app_cluster.ca_cert; in AWX: in the credential, since AWX turns the "
        "check off where there is none), or set app_cluster.is_development for a cluster that may be anybody's.",
    )


def _tls(configuration: Any, way: Way) -> ssl.SSLContext:
    data = getattr(configuration, "ca_cert_data", None)
    file = configuration.ssl_ca_cert
    if file and not Path(file).is_file():
        raise Refused(f"Expected the authority's certificate in {file}, found no file ({way.source}).")
    context = ssl.create_default_context(cafile=file or None, cadata=data or None)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        # an empty password: a key that needs one is an error, not a question on the terminal
        context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    return context


class _Overheard(logging.Handler):
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
