# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a release, ``record.json``: each field with its type, its default and its shape in the file.

``release.schema.json`` of the Python package describes the same file for others; a test holds it against this. What is
in a file and not here is kept as it is, in ``unknown``: another version of this program has written it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypeVar

from ..core._digests import Digests
from ._shapes import (
    MayLack,
    Shape,
    backup_id,
    count,
    each,
    flag,
    matches,
    maybe,
    moment,
    object_of,
    one_of,
    phase,
    release_id,
    text,
    values,
)

SCHEMA = 1
#: one that was left was good when somebody rolled back from it: nothing returns to it by itself, people may
PENDING, GOOD, BAD, LEFT = "pending", "good", "bad", "left"
#: those that people may return to
RETURNABLE = (GOOD, LEFT)
#: the type of the source of a release that ran before the first one
OF_FOUND = "found"

_Part = TypeVar("_Part", bound="Part")


class Form(NamedTuple):
    """How a field is in the file: what it must be like, how it is read and written, and whether it is left out where it
    is None."""

    shape: Shape
    read: Callable[[Any], Any] = lambda value: value
    write: Callable[[Any], Any] = lambda value: value
    may_lack: bool = False


def _as(form: Form) -> dict[str, Form]:
    return {"form": form}


def _plain(shape: Shape) -> dict[str, Form]:
    return _as(Form(shape))


@dataclass(frozen=True)
class Part:
    """A part of a record that reads and writes itself. Each has a field ``unknown``, behind those of its own."""

    @classmethod
    def forms(cls) -> dict[str, Form]:
        """The form of each field, by name."""
        return {one.name: one.metadata["form"] for one in fields(cls) if one.metadata}

    @classmethod
    def shape(cls) -> Shape:
        """What is wrong with such a part of a file."""
        return object_of(
            {name: MayLack(form.shape) if form.may_lack else form.shape for name, form in cls.forms().items()}
        )

    @classmethod
    def of(cls: type[_Part], data: Mapping[str, Any]) -> _Part:
        """Read it, where it has its shape."""
        forms = cls.forms()
        known = {name: form.read(data[name]) for name, form in forms.items() if name in data}
        unknown = {name: value for name, value in data.items() if name not in forms}
        made: Callable[..., _Part] = cls
        return made(**known, unknown=unknown)

    def as_data(self) -> dict[str, Any]:
        """As plain data, which :meth:`of` reads back."""
        found: dict[str, Any] = dict(vars(self)["unknown"])
        for name, form in self.forms().items():
            value = getattr(self, name)
            if not (form.may_lack and value is None):
                found[name] = form.write(value)
        return found


def _as_data(part: Part) -> dict[str, Any]:
    return part.as_data()


def _a(part: type[Part]) -> dict[str, Form]:
    return _as(Form(part.shape(), part.of, _as_data))


@dataclass(frozen=True)
class Source(Part):
    """Where the version came from: the commit of a repository, or digests by service; nowhere, where it was found."""

    type: str = field(metadata=_plain(text))
    repository: str = field(metadata=_plain(text))
    commit: str = field(metadata=_plain(matches("a commit's id or nothing", re.compile(r"([0-9a-f]{40})?"))))
    digests: Mapping[str, str] = field(metadata=_plain(values(text)))
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Image(Part):
    """The image of a service; ``build`` is a digest of how it was built, where it was."""

    id: str = field(metadata=_plain(matches("an image's id", re.compile(r"sha256:[0-9a-z]{1,64}"))))
    reference: str = field(metadata=_plain(text))
    build: str | None = field(default=None, metadata=_as(Form(text, may_lack=True)))
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Config(Part):
    """Digests of the configuration; that of each service once it is rendered, and how many containers it has."""

    env: str = field(metadata=_plain(text))
    inputs: str = field(metadata=_plain(text))
    services: Mapping[str, str] = field(default_factory=dict, metadata=_plain(values(text)))
    #: None in records of earlier versions; a service that is not in it has at least one
    replicas: Mapping[str, int] | None = field(default=None, metadata=_as(Form(values(count), may_lack=True)))
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Migration(Part):
    """Where the schema was before and after, and whether it moved: None where nobody can tell."""

    before: str | None = field(default=None, metadata=_plain(maybe(text)))
    after: str | None = field(default=None, metadata=_plain(maybe(text)))
    moved: bool | None = field(default=None, metadata=_plain(maybe(flag)))
    unknown: Mapping[str, Any] = field(default_factory=dict)


def _images(data: Mapping[str, Any]) -> dict[str, Image]:
    return {service: Image.of(one) for service, one in data.items()}


def images_as_data(images: Mapping[str, Image]) -> dict[str, dict[str, Any]]:
    """Images by service, as plain data."""
    return {service: one.as_data() for service, one in images.items()}


_MAYBE_MIGRATION = Form(
    maybe(Migration.shape()),
    lambda value: None if value is None else Migration.of(value),
    lambda value: None if value is None else value.as_data(),
)


@dataclass(frozen=True)
class Record(Part):
    """A version together with all that made it run."""

    id: str = field(metadata=_plain(release_id))
    version: str = field(metadata=_plain(text))
    source: Source = field(metadata=_a(Source))
    config: Config = field(metadata=_a(Config))
    operator: str = field(metadata=_plain(text))
    reason: str = field(metadata=_plain(text))
    created: str = field(metadata=_plain(moment))
    #: the release to return to at the time
    previous: str | None = field(default=None, metadata=_plain(maybe(release_id)))
    status: str = field(default=PENDING, metadata=_plain(one_of(PENDING, GOOD, BAD, LEFT)))
    #: why it is bad, or was left
    message: str | None = field(default=None, metadata=_plain(maybe(text)))
    #: by service; empty until they are there
    images: Mapping[str, Image] = field(
        default_factory=dict, metadata=_as(Form(values(Image.shape()), _images, images_as_data))
    )
    #: None where none ran
    migration: Migration | None = field(default=None, metadata=_as(_MAYBE_MIGRATION))
    backup: str | None = field(default=None, metadata=_plain(maybe(backup_id)))
    #: the checks that decided, and the phases, as they were reported
    gates: Sequence[Mapping[str, Any]] = field(default=(), metadata=_as(Form(each(object_of()), write=list)))
    phases: Sequence[Mapping[str, Any]] = field(default=(), metadata=_as(Form(each(phase), write=list)))
    #: where people find what was seen when it failed
    evidence: str | None = field(default=None, metadata=_plain(maybe(text)))
    finished: str | None = field(default=None, metadata=_plain(maybe(moment)))
    #: when it was last seen to work and made the current one
    activated: str | None = field(default=None, metadata=_plain(maybe(moment)))
    schema: int = field(default=SCHEMA, metadata=_as(Form(lambda _: None, may_lack=True)))
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def image_ids(self) -> dict[str, str]:
        """The image's id of each service."""
        return {service: image.id for service, image in self.images.items()}

    @property
    def replicas(self) -> Mapping[str, int]:
        """How many containers each service has, as far as it was recorded."""
        return self.config.replicas or {}

    @property
    def is_found(self) -> bool:
        """Whether it was found and not made: nothing but its containers said what it is."""
        return self.source.type == OF_FOUND


_SHAPE = Record.shape()


def shape(value: Any) -> str | None:
    """What is wrong with a record."""
    found = _SHAPE(value)
    if found is None and value["status"] in RETURNABLE and value["activated"] is None:
        found = f"activated: expected a moment, as it is {value['status']}, found null"
    return found


def shown(record: Record, digests: Digests) -> dict[str, Any]:
    """A record as others may see it: without digests that depend on no key, as compose and earlier versions make
    them."""

    def keyed(digest: str) -> str:
        return digest if digest.startswith("hmac:") else digests.of(digest)

    images = {
        name: image if image.build is None else replace(image, build=keyed(image.build))
        for name, image in record.images.items()
    }
    config = Config(
        keyed(record.config.env),
        keyed(record.config.inputs),
        {name: keyed(digest) for name, digest in record.config.services.items()},
        record.config.replicas,
    )
    return replace(record, images=images, config=config).as_data()
