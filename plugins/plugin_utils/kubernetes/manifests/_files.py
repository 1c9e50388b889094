# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manifests of a version, read from files and templates: plain objects, and none that reaches beyond its namespace.

Templates get what :class:`Context` holds, and may use nothing that is not there. What they render is full of secrets,
and an error names file and line and shows none. All of it together is bounded: bytes, files and values.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _confined
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _files as _plain
from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor

from ...inputs import _yaml
from ..api._objects import Object, Ref, group_of, kind_of, ref_of
from . import _shape, _template
from ._documents import File, Found, objects, placed

_MIB = 1024 * 1024
#: of all manifests together, before and after templates are rendered; a release has to fit into a Secret, compressed
LIMIT = 4 * _MIB
_ENTRIES = 2000
_SUFFIXES = (".yml", ".yaml", ".json")
_TEMPLATE = ".j2"
#: kinds of Kubernetes itself that belong to no namespace; of others the API server tells
_WITHOUT_NAMESPACE = frozenset((
    "APIService", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "ComponentStatus", "CSIDriver",
    "CSINode", "CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration",
    "Namespace", "Node", "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration",
    "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment",
))  # fmt: skip
#: what the cluster writes, and who exported an object has in the file
_WRITTEN_BY_THE_CLUSTER = (
    "creationTimestamp", "deletionTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion",
    "selfLink", "uid",
)  # fmt: skip


@dataclass(frozen=True)
class Context:
    """What a template may use."""

    name: str
    namespace: str
    version: str
    images: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: of what the configuration of a pod is; no template has it
    digests: Digests = field(default_factory=Digests, repr=False)

    @property
    def secrets(self) -> Redactor:
        """What blanks out the values that are secret."""
        return Redactor(self.env.values())

    def words(self) -> dict[str, Any]:
        """What a template may use, by its name."""
        return {name: value for name, value in vars(self).items() if name != "digests"}


@dataclass(frozen=True)
class Manifest:
    """One object and the file that it is from."""

    thing: Object
    source: str


def read(paths: Sequence[Path], context: Context, tree: Path | None = None) -> list[Manifest]:
    """Read the manifests of files and folders (those right in them, in the order of their names).

    What is in the checkout ``tree`` may not lead out of it.
    """
    files = [file for given in paths for file in _inside(given, tree)]
    found: dict[Ref, Manifest] = {}
    budget = _yaml.Budget()
    for path, text in zip(files, _texts(files, context), strict=True):
        for one in objects(File(path, text, path.suffix == _TEMPLATE), budget):
            _check(one, context)
            thing, place = one.thing, one.place
            manifest = Manifest(_cleaned(thing, context.namespace), place)
            other = found.setdefault(ref_of(thing), manifest)
            if other is not manifest:
                raise Refused(
                    f"{place}: expected each object once, found {ref_of(thing)} in {other.source} as well.",
                    reason="manifests_invalid",
                    hint="Keep one of them, or name the files in app_manifests one by one.",
                )
    if not found:
        raise Refused(
            "Expected manifests with at least one object, found none.",
            reason="manifests_invalid",
            hint="Check app_manifests.",
        )
    return list(found.values())


def _inside(given: Path, tree: Path | None) -> list[Path]:
    if tree is None or not given.is_relative_to(tree):  # it is where the inventory says
        return _files(given)
    _confined.inside(tree, given, "app_manifests")
    files = _files(given)
    for file in files:
        _confined.inside(tree, file, "app_manifests")
    return files


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        _plain.refuse_special(path, "A manifest")
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Refused(
            f"Expected a file or a folder, found no {path}.", reason="manifests_invalid", hint="Check app_manifests."
        )
    every = list(itertools.islice(path.iterdir(), _ENTRIES + 1))
    if len(every) > _ENTRIES:
        raise Refused(
            f"{path}: expected at most {_ENTRIES} files in a folder of manifests, found more.",
            reason="manifests_invalid",
            hint="Keep the manifests in a folder of their own.",
        )
    names = sorted(one for one in every if one.is_file() and not one.name.startswith("."))
    for one in names:
        if not one.name.isprintable():
            raise Refused(
                f"{path}: expected names that can be shown, found {one.name!a}.",
                reason="manifests_invalid",
                hint="Rename the file.",
            )
    fitting = [one for one in names if one.name.removesuffix(_TEMPLATE).endswith(_SUFFIXES)]
    if not fitting:
        raise Refused(
            f"{path}: expected *.yml, *.yaml or *.json, each perhaps with {_TEMPLATE}, found none.",
            reason="manifests_invalid",
            hint="Folders are not searched: name those below it in app_manifests.",
        )
    return fitting


def _texts(files: Sequence[Path], context: Context) -> list[str]:
    """What is in the files, templates rendered; all of them within one limit."""
    left, texts = LIMIT, []
    for path in files:
        texts.append(_text(path, left))
        left -= len(texts[-1])
    templates = {path: text for path, text in zip(files, texts, strict=True) if path.suffix == _TEMPLATE}
    try:
        rendered = iter(_template.render([*templates.values()], context.words(), context.secrets, LIMIT))
    except _template.Failed as error:
        hint = f"Fix the template. It may use {', '.join(context.words())}; `env` is what app_env_files have."
        raise Refused(
            f"{placed([*templates][error.number], None, error.line)}: {error.why}.",
            reason="manifests_invalid",
            hint=hint,
        ) from None
    return [next(rendered) if path.suffix == _TEMPLATE else text for path, text in zip(files, texts, strict=True)]


def _text(path: Path, left: int) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(left + 1)
        if len(content) <= left:
            return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = "other bytes" if isinstance(error, UnicodeDecodeError) else type(error).__name__
        raise Refused(
            f"{path}: expected a text file in UTF-8, found {found}.", reason="manifests_invalid", hint="Fix the file."
        ) from None
    raise Refused(
        f"{path}: expected manifests of at most {LIMIT // _MIB} MiB together, found more.",
        reason="manifests_invalid",
        hint="Keep what is no manifest elsewhere, or name files instead of folders in app_manifests.",
    )


def _check(one: Found, context: Context) -> None:
    problem = _shape.wrong_identity(one.thing)
    if problem:
        raise Refused(f"{one.exact()}: {problem}.", reason="manifests_invalid", hint=one.file.hint)
    named = f"{one.thing['kind']}/{one.thing['metadata']['name']}"
    where, problem = _shape.wrong_shape(one.thing)
    if problem:
        raise Refused(
            f"{one.exact(where)}: {named}: {context.secrets.text(problem)}.",
            reason="manifests_invalid",
            hint="Fix the manifest; a number that is meant as text needs quotes.",
        )
    problem, hint = _not_ours(one.thing, context.namespace)
    if problem:
        raise Refused(f"{one.exact()}: {named}: {problem}.", reason="manifests_invalid", hint=hint)


def _not_ours(thing: Object, namespace: str) -> tuple[str, str]:
    """Why an object cannot be part of an application, and what to do; empty where it can."""
    kind, metadata = thing["kind"], thing["metadata"]
    if kind_of(thing) in _WITHOUT_NAMESPACE or group_of(thing["apiVersion"]) == "kustomize.config.k8s.io":
        words = f"expected what belongs to the namespace {namespace}, found a {kind}"
        return words, "Leave it to who runs the cluster, and remove it from app_manifests."
    if metadata.get("namespace") not in (None, "", namespace):
        words = f"expected the namespace {namespace}, found another one"
        return words, "Take metadata.namespace out: the inventory says where the application is."
    if kind_of(thing) == "Secret" and thing.get("type") == "kubernetes.io/service-account-token":
        return "expected a Secret of the application, found a token", "Remove it."
    return "", ""


def _cleaned(thing: Object, namespace: str) -> Object:
    metadata = {key: value for key, value in thing["metadata"].items() if key not in _WRITTEN_BY_THE_CLUSTER}
    rest = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": {**metadata, "namespace": namespace}}
