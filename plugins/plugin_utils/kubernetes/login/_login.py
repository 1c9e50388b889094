# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster, and as whom: from the inventory, AWX's variables, a kubeconfig or the pod that this runs in.

Keys that a kubeconfig has in itself have to be in files to be loaded. The SDK would leave them there until the process
ends, which a forked worker of Ansible does not live to see; so they are loaded once, into a TLS context, and removed.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yaml import YAMLError

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._files import refuse_special

from . import _access
from ._access import Access, Way

_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})


def way_to(options: Mapping[str, Any], token: str, environment: Mapping[str, str], *, has_home_config: bool) -> Way:
    """Choose the way: what the inventory says, then K8S_AUTH_*, then KUBECONFIG or the one at home, then the pod's own.

    Raises Refused where there is none, where two contradict each other, and where certificates would not be checked.
    """
    given = {name: str(options.get(name) or "") for name in ("host", "kubeconfig", "context", "ca_cert")}
    awx = {name[9:].lower(): value for name, value in environment.items() if name.startswith("K8S_AUTH_") and value}
    development = bool(options.get("is_development"))
    verified = options.get("validate_certs", True) is not False
    if given["host"] and (given["kubeconfig"] or given["context"]):
        raise Refused(
            "Expected app_cluster to name a host or a kubeconfig, found both.",
            reason="login_invalid",
            hint="Keep one of them.",
        )
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
        "Found no login to the cluster: app_cluster names neither host nor kubeconfig, and there are no "
        "K8S_AUTH_* variables, no KUBECONFIG, no ~/.kube/config and no service account.",
        reason="login_invalid",
        hint="Set app_cluster.kubeconfig in the inventory, or attach a Kubernetes credential in AWX.",
    )


def _token_for(host: str, awx: Mapping[str, str]) -> str:
    """The token of AWX's credential, only where it is for this host."""
    meant = awx.get("host", host)
    if awx.get("api_key") and meant.rstrip("/") != host.rstrip("/"):
        raise Refused(
            f"app_cluster.host is {host}, but the token in K8S_AUTH_API_KEY is for {meant}.",
            reason="login_invalid",
            hint="Give a token for that host with app_cluster_token, or attach the credential of that cluster.",
        )
    return awx.get("api_key", "")


class Login:
    """An opened way: where the server is, how to reach it, and the headers that say who asks."""

    def __init__(self, way: Way) -> None:
        with tempfile.TemporaryDirectory(prefix="doppelganger-ops-") as folder:
            access = _access.usual(way, folder) or _told_by_sdk(way, folder)
            _refuse_unchecked(access, way)
            self.tls = _tls(access, way) if access.server.startswith("https:") else None
        self.server = access.server
        self.server_name = access.server_name
        #: the SDK's configuration where a proxy is between
        self.proxied = access.proxied
        self._access, self._source = access, way.source
        self.pool = access.pool
        self.pool.connection_pool_kw["ssl_context"] = self.tls

    def headers(self) -> dict[str, str]:
        """Say who asks, without the line break that a token's file ends with."""
        found = {name: text.strip() for name, text in self._access.headers().items()}
        if not all(text.isascii() and text.isprintable() for text in found.values()):
            # the library that sends it would name it in an error
            raise Refused(
                f"Expected the login by {self._source} to be one line of plain characters, found others in it.",
                reason="login_invalid",
                hint="Write the token again, without line breaks in it.",
            )
        return found

    def close(self) -> None:
        """Give the connections back."""
        self.pool.clear()


def open_way(way: Way) -> Login:
    """Read tokens, certificates and kubeconfigs as they are now; raises Refused where they are of no use."""
    try:
        return Login(way)
    except (YAMLError, OSError, ssl.SSLError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"The cluster login from {way.source} cannot be used: {error}.",
            reason="login_invalid",
            hint="Check that the file is there, is readable and names the context, its certificates and its user.",
        ) from error


def _told_by_sdk(way: Way, folder: str) -> Access:
    from . import _sdk  # see there

    return _sdk.told(way, folder)


def _refuse_unchecked(access: Access, way: Way) -> None:
    is_plain = not access.server.startswith("https:")
    if way.is_development or (access.is_verified and not is_plain):
        return
    found = "plain http" if is_plain else "a check that is turned off"
    raise Refused(
        f"Expected the certificate of {access.server} to be checked, found {found} ({way.source}).",
        reason="login_invalid",
        hint="Give the authority's certificate (app_cluster.ca_cert; in AWX: in the credential, since AWX turns the "
        "check off where there is none), or set app_cluster.is_development for a cluster that may be anybody's.",
    )


def _tls(access: Access, way: Way) -> ssl.SSLContext:
    refuse_special(access.ca_file, "The authority's certificate")
    if access.ca_file and not Path(access.ca_file).is_file():
        raise Refused(
            f"Expected the authority's certificate in {access.ca_file}, found no file ({way.source}).",
            reason="login_invalid",
        )
    context = ssl.create_default_context(cafile=access.ca_file or None, cadata=access.ca_data or None)
    if not access.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.cert_file:
        # an empty password: a key that needs one is an error, not a question on the terminal
        context.load_cert_chain(access.cert_file, access.key_file or None, password="")
    return context
