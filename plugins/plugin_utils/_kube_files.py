# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manifests of a version, read from files and templates: plain objects, and none that reaches beyond its namespace.

Templates get what :class:`Context` holds, run in a sandbox, and may use nothing that is not there. What they render is
full of secrets, so an error names the file and the line and shows neither.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.doppelganger.ops.plugins.module_utils._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_manifest import Object, Ref, group_of, ref_of

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


@dataclass(frozen=True)
class Manifest:
    """One object and the file that it is from."""

    thing: Object
    source: str


class _Loader(yaml.SafeLoader):
    """YAML as kubectl takes it: no dates, and no key twice."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Twice(yaml.YAMLError):
    """A key that is there twice, of which one would be lost."""

    def __init__(self, mark: Any) -> None:
        super().__init__()
        self.problem_mark = mark


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen = set()
    for key, _ in node.value:
        name = loader.construct_object(key, deep=True)
        if name in seen:
            raise _Twice(key.start_mark)
        seen.add(name)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read(paths: Sequence[Path], context: Context) -> list[Manifest]:
    """Read the manifests of files and folders (those right in them, in the order of their names)."""
    found: dict[Ref, Manifest] = {}
    for path in [file for given in paths for file in _files(given)]:
        for thing in _objects(_text(path, context), str(path)):
            _check(thing, context.namespace, str(path))
            manifest = Manifest(_cleaned(thing, context.namespace), str(path))
            other = found.setdefault(ref_of(thing), manifest)
            if other is not manifest:
                raise Refused(
                    f"{path}: expected each object once, found {ref_of(thing)} in {other.source} as well.",
                    hint="Keep one of them, or name the files in app_manifests one by one.",
                )
    if not found:
        raise Refused("Expected manifests with at least one object, found none.", hint="Look at app_manifests.")
    return list(found.values())


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Refused(f"Expected a file or a folder, found no {path}.", hint="Look at app_manifests.")
    names = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    fitting = [one for one in names if one.name.removesuffix(_TEMPLATE).endswith(_SUFFIXES)]
    if not fitting:
        raise Refused(
            f"{path}: expected *.yml, *.yaml or *.json, each perhaps with {_TEMPLATE}, found none.",
            hint="Folders are not searched: name those below it in app_manifests.",
        )
    return fitting


def _text(path: Path, context: Context) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: expected a text file, found {type(error).__name__}.", hint="Mend the file.") from error
    if path.suffix != _TEMPLATE:
        return text
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["b64encode"] = lambda value: base64.b64encode(str(value).encode()).decode()
    environment.filters["quote"] = lambda value: json.dumps(str(value))
    try:
        return environment.from_string(text).render(vars(context))
    except TemplateSyntaxError as error:
        raise Refused(f"{path}, line {error.lineno}: {error.message}.", hint="Mend the template.") from error
    except UndefinedError as error:  # it names what is missing, and no value
        hint = f"A template may use {', '.join(vars(context))}; `env` is what app_env_files have."
        raise Refused(f"{path}: {error.message}.", hint=hint) from error
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Refused(f"{path}: the template fails with {type(error).__name__}.", hint="Mend the template.") from None


def _objects(text: str, source: str) -> Iterator[Object]:
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused(f"{source}{_place(error)}: expected YAML, found {_problem(error)}.", hint="Mend it.") from None
    for document in documents:
        if document is not None:
            yield from _flat(document, source)


def _flat(document: Any, source: str) -> Iterator[Object]:
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _flat(item, source)
        return
    metadata = document.get("metadata") if isinstance(document, dict) else None
    sound = isinstance(metadata, dict) and all(isinstance(document.get(key), str) for key in ("apiVersion", "kind"))
    if not sound:
        found = type(document).__name__ if not isinstance(document, dict) else f"only {', '.join(map(str, document))}"
        raise Refused(f"{source}: expected objects with apiVersion, kind and metadata, found {found}.", hint="Mend it.")
    yield document


def _check(thing: Object, namespace: str, source: str) -> None:
    kind, metadata = thing["kind"], thing["metadata"]
    named = f"{source}: {kind}/{metadata.get('name', '?')}"
    if metadata.get("generateName"):
        raise Refused(f"{named}: expected a name, found generateName.", hint="Give it a name: it is found again by it.")
    if not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise Refused(f"{named}: expected metadata.name as text, found none.", hint="Give it a name.")
    if kind in _WITHOUT_NAMESPACE or group_of(thing["apiVersion"]) == "kustomize.config.k8s.io":
        raise Refused(
            f"{named}: expected what belongs to the namespace {namespace}, found a {kind}.",
            hint="Leave it to who runs the cluster, and take it out of app_manifests.",
        )
    if metadata.get("namespace") not in (None, "", namespace):
        raise Refused(
            f"{named}: expected the namespace {namespace}, found {metadata['namespace']}.",
            hint="Take metadata.namespace out: the inventory says where the application is.",
        )
    if kind == "Secret" and thing.get("type") == "kubernetes.io/service-account-token":
        raise Refused(f"{named}: expected a Secret of the application, found a token.", hint="Take it out.")


def _cleaned(thing: Object, namespace: str) -> Object:
    metadata = {key: value for key, value in thing["metadata"].items() if key not in _WRITTEN_BY_THE_CLUSTER}
    rest = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": {**metadata, "namespace": namespace}}


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark is not None else ""


def _problem(error: Exception) -> str:
    if isinstance(error, _Twice):
        return "a key twice"
    return type(error).__name__  # its text quotes what it could not read
