"""The record of a release: what each version wrote is read and written again as it was, and the published schema has
the same fields."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _record
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import parsed
from doppelganger_ops import schemas
from tests.unit.support.making import record, record_file

NAME = "releases/0001-v0.1.0/record.json"
#: as 0.1.0 wrote it: digests without a key, an image that was built and one that was pulled
OF_0_1_0 = (Path(__file__).parent / "record_0.1.0.json").read_text(encoding="utf-8")


def written(folder: Path, found: _record.Record) -> str:
    store = Store(str(folder))
    store.write(f"releases/{found.id}/record.json", found.as_data())
    return (folder / f"releases/{found.id}/record.json").read_text(encoding="utf-8")


def test_a_record_of_0_1_0_is_read_and_written_again_to_the_byte(tmp_path: Path) -> None:
    found = _record.Record.of(parsed(OF_0_1_0.encode(), NAME, NAME))
    assert (found.id, found.status, found.migration) == ("0001-v0.1.0", "good", _record.Migration(None, "3", True))
    assert [image.build is None for image in found.images.values()] == [False, True]
    assert written(tmp_path, found) == OF_0_1_0


def test_what_a_later_version_has_added_is_kept_wherever_it_is(tmp_path: Path) -> None:
    later = json.loads(OF_0_1_0)
    for place in (later, later["source"], later["config"], later["migration"], *later["images"].values()):
        place["of a later version"] = {"kept": True}
    found = _record.Record.of(parsed(json.dumps(later).encode(), NAME, NAME))
    changed = dataclasses.replace(found, status=_record.BAD, message="no")
    assert json.loads(written(tmp_path, changed)) == {**later, "status": "bad", "message": "no"}


def test_a_record_without_a_schema_is_of_the_first(tmp_path: Path) -> None:
    first = {name: value for name, value in json.loads(OF_0_1_0).items() if name != "schema"}
    found = _record.Record.of(parsed(json.dumps(first).encode(), NAME, NAME))
    assert written(tmp_path, found) == OF_0_1_0


@pytest.mark.parametrize(
    "change", [{}, {"status": "bad"}, {"migration": {"before": "1", "after": None, "moved": None}}]
)
def test_a_record_is_the_same_data_again(change: dict[str, Any]) -> None:
    assert record(**change).as_data() == record_file(**change)


# the published schema


def resolved(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a value is where it is something, and whether it may be null."""
    choices = schema.get("anyOf", [schema])
    may_be_null = {"type": "null"} in choices or "null" in schema.get("type", ())
    return next(one for one in choices if one != {"type": "null"}), may_be_null


PARTS = {
    "": _record.Record,
    "source": _record.Source,
    "images": _record.Image,
    "config": _record.Config,
    "migration": _record.Migration,
}


@pytest.mark.parametrize(("place", "part"), PARTS.items())
def test_the_published_schema_has_the_fields_of_the_type(place: str, part: type[_record.Part]) -> None:
    whole = schemas.schema("release")
    found = resolved(whole["properties"][place])[0] if place else whole
    found = found["additionalProperties"] if place == "images" else found
    forms = part.forms()
    assert set(found["properties"]) == set(forms)
    # what we write always has a schema, what we read may be older
    assert set(found["required"]) - {"schema"} == {name for name, form in forms.items() if not form.may_lack}
    for name, form in forms.items():
        if not form.may_lack:
            assert (form.shape(None) is None) is resolved(found["properties"][name])[1], name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "2"),
        ("status", "fine"),
        ("source", {"type": "git", "repository": "", "commit": "--x", "digests": {}}),
        ("images", {"web": {"id": "../x", "reference": ""}}),
        ("images", {"web": {"id": "sha256:1"}}),
        ("config", {"env": "", "inputs": ""}),
        ("migration", {"moved": "yes"}),
        ("gates", {}),
        ("phases", [{"name": "apply"}]),
        ("previous", "none"),
        ("created", "yesterday"),
        ("activated", None),
        ("operator", None),
    ],
)
def test_what_the_type_refuses_the_published_schema_refuses_as_well(field: str, value: Any) -> None:
    good = json.loads(OF_0_1_0)
    assert (_record.shape(good), schemas.problems("release", good)) == (None, [])
    bad = {**good, field: value}
    assert field in str(_record.shape(bad))
    assert any(found.startswith(field) for found in schemas.problems("release", bad))


def test_a_record_is_shown_without_digests_that_depend_on_no_key() -> None:
    one, plain = Digests("00" * 32), hashlib.sha256(b"x").hexdigest()
    images = {
        "web": {"id": "sha256:1", "reference": "r", "build": plain},
        "db": {"id": "sha256:2", "reference": "r"},
    }
    config = {"env": one.of("x"), "inputs": plain, "services": {"web": plain}}
    found = _record.shown(record(images=images, config=config), one)
    assert plain not in json.dumps(found)
    assert (found["id"], found["config"]["env"], found["images"]["db"]) == ("0001-v1", config["env"], images["db"])
