# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of one namespace: read, list, apply, create, replace, patch, delete, watch; plain JSON throughout."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused

from . import _received
from ._errors import Expired, NoSuchKind, NotFound
from ._http import Call, Http
from ._objects import kind_in, kind_of
from ._paths import KNOWN, Resource, group_path, path_of, resources_from
from ._watch import Watch

#: who we are to server-side apply
FIELD_MANAGER = "doppelganger-ops"
_MANAGED = ("fieldManager", FIELD_MANAGER)
_PAGE = ("limit", "500")
_ONLY_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class Objects:
    """The objects of a namespace, and those of the cluster as a whole where a kind has no namespaces.

    What every call may raise: Unreachable, Refused (a right or a login is missing, the request is not valid), OpsError
    for what the server says beyond that.
    """

    def __init__(self, http: Http, namespace: str) -> None:
        self.namespace = namespace
        self._http = http
        self._found: dict[str, dict[str, Resource]] = {}
        self._finding = threading.Lock()

    def get(self, api_version: str, kind: str, name: str) -> dict[str, Any] | None:
        """Read an object, None where there is none; raises NoSuchKind where there can be none."""
        call = self._call("GET", "get", api_version, kind, name)
        try:
            return _received.thing(self._http.ask(call).json(), kind_in(api_version, kind))
        except NotFound:
            return None

    def list(
        self, api_version: str, kind: str, *, labels: str = "", fields: str = "", only_metadata: bool = False
    ) -> tuple[list[dict[str, Any]], str]:
        """List the objects that match, page by page, and the version from which a watch goes on.

        With ``only_metadata`` the objects have ``metadata`` and nothing else: what is in Secrets is not sent.
        """
        query = [*_selected(labels, fields), _PAGE]
        accept = _ONLY_METADATA if only_metadata else "application/json"
        found: list[dict[str, Any]] = []
        following = ""
        while True:
            more = [("continue", following)] if following else []
            try:
                call = self._call("GET", "list", api_version, kind, query=query + more, accept=accept)
                page = _received.page(self._http.ask(call).json(), kind)
            except Expired:  # in between, the server has forgotten the version that the pages are of
                query, found, following = _selected(labels, fields), [], ""
                continue
            checked = functools.partial(_received.thing, kind=kind_in(api_version, kind), only_metadata=only_metadata)
            items = [checked(one) for one in page.get("items") or []]
            found += [{**one, "apiVersion": api_version, "kind": kind} for one in items]
            following = page["metadata"].get("continue") or ""
            if not following:
                # what a metrics server gives has no version
                return found, str(page["metadata"].get("resourceVersion") or "")

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool = False, force: bool = False) -> dict[str, Any]:
        """Apply on the server's side; raises Conflict with the ``causes`` where another manager owns a field."""
        query = [_MANAGED, ("force", "true" if force else "false"), *([("dryRun", "All")] if dry_run else [])]
        call = self._on("PATCH", "apply", manifest, query, content_type="application/apply-patch+yaml")
        return _received.thing(self._http.ask(call).json(), kind_of(manifest), is_kept=not dry_run)

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object; raises Conflict where there is one of that name.

        It is sent once: where the answer was lost, Unreachable is raised, and the object may be there or not.
        """
        call = self._on("POST", "create", manifest, [_MANAGED])
        return _received.thing(self._http.ask(call).json(), kind_of(manifest))

    def replace(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an object as it was read; raises Conflict where ``metadata.resourceVersion`` is no longer the last.

        It may be sent twice where an answer was lost; then a Conflict may stand for a success.
        """
        call = self._on("PUT", "update", manifest, [_MANAGED])
        return _received.thing(self._http.ask(call).json(), kind_of(manifest))

    def patch(
        self, api_version: str, kind: str, name: str, patch: Mapping[str, Any], *, subresource: str = ""
    ) -> dict[str, Any]:
        """Merge a JSON patch into an object, or into a subresource of it, which is returned then.

        Raises NotFound where there is none.
        """
        call = self._call(
            "PATCH", "patch", api_version, kind, name, subresource, query=[_MANAGED],
            body=dict(patch), content_type="application/merge-patch+json",
        )  # fmt: skip
        answered = kind_in(api_version, kind)
        answered = f"{answered}/{subresource}" if subresource else answered  # a Scale has no template
        return _received.thing(self._http.ask(call).json(), answered)

    def delete(
        self, api_version: str, kind: str, name: str, *, uid: str | None = None, version: str | None = None,
        propagation: str = "Background",
    ) -> bool:  # fmt: skip
        """Delete an object; False where there was none.

        With ``uid``, raises Conflict where it is another object by now; with ``version`` (its ``resourceVersion``),
        where it has changed since it was read.
        """
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        conditions = {"uid": uid, "resourceVersion": version}
        options["preconditions"] = {key: text for key, text in conditions.items() if text is not None}
        call = self._call("DELETE", "delete", api_version, kind, name, body=options)
        try:
            self._http.ask(call)
        except NotFound:
            return False
        return True

    def watch(
        self, api_version: str, kind: str, *, labels: str = "", fields: str = "", since: str, seconds: float
    ) -> Watch:
        """Watch for ``seconds``: (ADDED, MODIFIED or DELETED, object) from the version ``since`` on.

        A cut connection is taken up again. A version that the server has forgotten is answered with a new list: what it
        has comes as ADDED or MODIFIED, and what this watch has told of before and is gone as DELETED. With ``since``
        empty the watch begins with such a list. ``close`` of what is returned ends it, from any thread.
        """

        def opened(version: str, left: float) -> Any:
            query = [
                *_selected(labels, fields), ("watch", "true"), ("allowWatchBookmarks", "true"),
                ("resourceVersion", version), ("timeoutSeconds", str(max(1, round(left)))),
            ]  # fmt: skip
            call = self._call("GET", "watch", api_version, kind, query=query, read_timeout=max(1.0, left))
            return self._http.open(call)

        lister = functools.partial(self.list, api_version, kind, labels=labels, fields=fields)
        return Watch(
            opened, lister, since, seconds, functools.partial(_received.thing, kind=kind_in(api_version, kind))
        )

    def resource(self, api_version: str, kind: str) -> Resource:
        """How a kind is called in paths; asks the server, once a version, for what is not commonly known.

        Raises NoSuchKind (a NotFound) where the cluster has no such kind.
        """
        known = KNOWN.get((api_version, kind))
        if known is not None:
            return known
        with self._finding:
            if api_version not in self._found:
                call = Call("GET", group_path(api_version), "get", api_version)
                try:
                    listing = _received.other(self._http.ask(call).json(), "resources")
                    self._found[api_version] = resources_from(listing)
                except NotFound:
                    self._found[api_version] = {}
            found = self._found[api_version].get(kind)
            if found is None:
                del self._found[api_version]  # it may be there the next time: a custom resource was defined
        if found is None:
            raise NoSuchKind(
                f"The cluster has no kind {kind} in {api_version}.",
                hint="Check its apiVersion against the version of the cluster, and that its definition is installed.",
            )
        return found

    def _call(
        self, method: str, verb: str, api_version: str, kind: str, name: str = "", subresource: str = "", **more: Any
    ) -> Call:
        resource = self.resource(api_version, kind)
        where = self.namespace if resource.is_namespaced else ""
        path = path_of(api_version, resource, where, name, subresource)
        named = f"{resource.plural}/{subresource}" if subresource else resource.plural
        return Call(method, path, verb, named, name, where, **more)

    def _on(self, method: str, verb: str, manifest: Mapping[str, Any], query: Sequence[tuple[str, str]],
            **more: Any) -> Call:  # fmt: skip
        """A request about a manifest, which has to be of this namespace."""
        about = manifest["metadata"]
        found = about.get("namespace") or self.namespace
        if found != self.namespace:
            raise Refused(
                f"Expected {manifest['kind']} {about['name']} in namespace {self.namespace}, found {found}.",
                hint="Leave the namespace out of the manifest.",
            )
        name = "" if verb == "create" else str(about["name"])
        return self._call(
            method,
            verb,
            str(manifest["apiVersion"]),
            str(manifest["kind"]),
            name,
            query=query,
            body=dict(manifest),
            **more,
        )


def _selected(labels: str, fields: str) -> list[tuple[str, str]]:
    given = (("labelSelector", labels), ("fieldSelector", fields))
    return [(name, text) for name, text in given if text]
