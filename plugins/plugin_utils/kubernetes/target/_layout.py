# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""State as objects of a cluster: a lease as a Lease, files as keys of Secrets. Conversions over plain data.

::

    Lease   ops-<app>                   who may change the application now; leaseTransitions is the fencing token
    Secret  ops-<app>-state             current.json, operation.json
    Secret  ops-<app>-release-<id>      record.json and what else is kept of a release
    Secret  ops-<app>-backup-<id>       backup.json
    Secret  ops-<app>-evidence-<id>     what was seen before something was undone
    Secret  ops-<app>-audit             audit.jsonl
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._files import LARGEST
from ansible_collections.doppelganger.ops.plugins.module_utils.state._lease import MAINTENANCE, OPERATION, Lease
from ansible_collections.doppelganger.ops.plugins.module_utils.state._schema import BadState, checked

PREFIX = "doppelganger.ops/"
APPLICATION, KIND = f"{PREFIX}application", f"{PREFIX}kind"
#: the token of the last writer of the object; an earlier one may not write it any more
TOKEN = f"{PREFIX}token"
#: the name as it was given, where the object's own name cannot be the same
NAME = f"{PREFIX}name"
#: set where the lease was taken from a holder that may still be alive
TAKEN_AWAY = f"{PREFIX}taken-away"
#: different for each time that the lease was taken
CLAIM = f"{PREFIX}claim"
_HOLDER, _PURPOSE, _LEASE_KIND, _SECONDS = (f"{PREFIX}{name}" for name in ("holder", "purpose", "lease", "seconds"))
#: folders of the store, and how the label calls what is in them
KINDS = {"releases": "release", "backups": "backup", "evidence": "evidence"}
#: content beyond this is compressed, in bytes
COMPRESS_FROM = 100_000
#: what one Secret may hold, in bytes: the API's limit is 1 MiB
SECRET_LIMIT = 1_000_000
AUDIT_LINES = 500


# the lease


def lease_object(lease: Lease, app: str, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The Lease object to write in place of ``before``; other people's labels and annotations stay."""
    metadata = dict((before or {}).get("metadata") or {"name": object_name(app)})
    seconds = None if lease.expires is None else max(0.0, lease.expires - lease.renewed)
    notes = {_HOLDER: lease.holder, _PURPOSE: lease.purpose, _LEASE_KIND: lease.kind}
    kept = {key: text for key, text in (metadata.get("annotations") or {}).items() if key not in (_SECONDS, TAKEN_AWAY)}
    metadata["annotations"] = {**kept, **notes, **({} if seconds is None else {_SECONDS: f"{seconds:.6f}"})}
    metadata["labels"] = {**(metadata.get("labels") or {}), APPLICATION: app}
    spec: dict[str, Any] = {
        "leaseTransitions": lease.token,
        "acquireTime": micro_time(lease.acquired),
        "renewTime": micro_time(lease.renewed),
    }
    if not lease.released:
        spec["holderIdentity"] = lease.holder
    if seconds is not None:
        spec["leaseDurationSeconds"] = max(1, math.ceil(seconds - 1e-6))
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def lease_from(found: Mapping[str, Any]) -> Lease:
    """The lease of a Lease object; raises BadState where it is none.

    What other tools understand as well (``spec``) counts before our annotations.
    """
    where = f"the Lease {found['metadata'].get('name', '')}"
    spec = found.get("spec") or {}
    notes = found["metadata"].get("annotations") or {}
    kind = notes.get(_LEASE_KIND, OPERATION)
    try:
        renewed = moment_of(spec.get("renewTime") or spec.get("acquireTime"))
        acquired = moment_of(spec.get("acquireTime"))
        duration = float(spec.get("leaseDurationSeconds") or 0)
        exact = float(notes.get(_SECONDS, duration))
        if max(1, math.ceil(exact - 1e-6)) == duration:
            duration = exact
        token = int(spec.get("leaseTransitions") or 0)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadState(where, "a time, a duration or the number of its transitions is none") from error
    data = {
        "holder": spec.get("holderIdentity") or notes.get(_HOLDER, ""),
        "purpose": notes.get(_PURPOSE, ""),
        "kind": kind,
        "token": token,
        "acquired": acquired,
        "renewed": renewed,
        "expires": None if kind == MAINTENANCE else renewed + duration,
        "released": not spec.get("holderIdentity"),
    }
    return Lease.from_dict(checked(data, "lease.json", where))


def token_in(found: Mapping[str, Any]) -> int:
    """The fencing token of a Lease object that may say nonsense, 0 for none."""
    token = (found.get("spec") or {}).get("leaseTransitions")
    return token if isinstance(token, int) and token > 0 else 0


def may_be_alive(before: Mapping[str, Any] | None) -> bool:
    """Whether a holder before may still write: it did not give its lease back itself."""
    if before is None:
        return True
    notes = before["metadata"].get("annotations") or {}
    return not lease_from(before).released or TAKEN_AWAY in notes


def micro_time(moment: float) -> str:
    """A moment, in seconds since 1970, as the API's MicroTime."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str | None) -> float:
    """The moment of a MicroTime, 0 for none."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


# files


def place_of(name: str) -> tuple[str, str, str]:
    """Where a file of the store is: the kind of Secret, which one of that kind, and its key in it."""
    folder, _, rest = name.partition("/")
    if rest:
        item, _, key = rest.partition("/")
        if folder in KINDS and item and key and "/" not in key:
            return KINDS[folder], item, key
        raise OpsError(
            f"The store has no place for {name}: expected releases, backups or evidence/<id>/<file>.",
            reason="step_failed",
        )
    return ("audit", "", name) if name == "audit.jsonl" else ("state", "", name)


def object_name(*parts: str) -> str:
    """What an object of ours is called: readable, valid, and different whatever the parts are made of."""
    given = "-".join(["ops", *(part for part in parts if part)])
    plain = re.sub(r"[^a-z0-9.-]+", "-", given.lower())
    plain = re.sub(r"[.-]*\.[.-]+|-+\.", "-", plain)[:200].strip("-.")
    return plain if plain == given else f"{plain}-{hashlib.sha256(given.encode()).hexdigest()[:8]}"


def empty_secret(app: str, kind: str, item: str) -> dict[str, Any]:
    """A Secret that holds nothing yet."""
    labels = {APPLICATION: app, KIND: kind}  # and no managed-by: what is applied has that, and is pruned by it
    about = {"name": object_name(app, kind, item), "labels": labels, "annotations": {NAME: item} if item else {}}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": about, "data": {}}


def with_file(secret: Mapping[str, Any], key: str, content: bytes, token: int | None) -> dict[str, Any]:
    """The Secret with one more file, or another content of it; raises OpsError where it would be too large."""
    kept = {name: text for name, text in (secret.get("data") or {}).items()
            if text is not None and name not in (key, f"{key}.gz")}  # fmt: skip
    stored, packed = (f"{key}.gz", gzip.compress(content, mtime=0)) if len(content) > COMPRESS_FROM else (key, content)
    size = len(packed) + sum(len(text) * 3 // 4 for text in kept.values())
    if size > SECRET_LIMIT:
        raise OpsError(
            f"{key} of {secret['metadata']['name']} is too large for a Secret: expected at most {SECRET_LIMIT} bytes, "
            f"found {size} (compressed).",
            reason="too_large",
            hint="Keep less in one release: fewer or smaller files in app_manifests, no binary data in ConfigMaps.",
        )
    about = dict(secret["metadata"])
    about["annotations"] = {**(about.get("annotations") or {}), **({} if token is None else {TOKEN: str(token)})}
    return {**secret, "metadata": about, "data": {**kept, stored: base64.b64encode(packed).decode()}}


def file_of(secret: Mapping[str, Any], key: str) -> bytes | None:
    """A file of a Secret, None where it has none of that name; ValueError where it cannot be unpacked."""
    data = secret.get("data") or {}
    if key in data:
        return base64.b64decode(data[key] or "", validate=True)
    return _unpacked(base64.b64decode(data[f"{key}.gz"] or "", validate=True)) if f"{key}.gz" in data else None


def _unpacked(packed: bytes) -> bytes:
    """What was compressed, up to the limit of any state file: a few KB can be made to unpack to many GB."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(packed, LARGEST)
    except zlib.error as error:
        raise ValueError("it cannot be unpacked") from error
    if not unpack.eof:
        raise ValueError("it was cut off or is too large")
    return found


def written_by(found: Mapping[str, Any]) -> int:
    """The token of the last writer of the object, 0 for nobody."""
    text = str((found["metadata"].get("annotations") or {}).get(TOKEN, ""))
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else 0


def item_of(found: Mapping[str, Any], app: str) -> str:
    """What the store calls the Secret, empty for one that only says so: its own name has to be the same."""
    about = found["metadata"]
    item = str((about.get("annotations") or {}).get(NAME, ""))
    kind = str((about.get("labels") or {}).get(KIND, ""))
    return item if item and about.get("name") == object_name(app, kind, item) else ""


def as_json(data: Mapping[str, Any]) -> bytes:
    """A record as it is stored."""
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()


def is_same(found: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether an object is what was sent."""
    notes = [one["metadata"].get("annotations") or {} for one in (found, sent)]
    return notes[0] == notes[1] and all(found.get(part) == sent.get(part) for part in ("spec", "data"))


def trail_of(secret: Mapping[str, Any], key: str) -> bytes:
    """The audit trail; one that cannot be read begins again and says so."""
    try:
        return file_of(secret, key) or b""
    except ValueError:
        return b'{"event": "the audit trail before this line could not be read"}\n'


def with_line(trail: bytes, line: str) -> bytes:
    """The audit trail with one more line, at most :data:`AUDIT_LINES` of them."""
    return b"".join([*trail.splitlines(keepends=True), f"{line}\n".encode()][-AUDIT_LINES:])
