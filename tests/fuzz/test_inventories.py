"""Variables of an inventory, whatever is in them: a model of plain data, or a refusal by the name of one of them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.action import app_model
from ansible_collections.doppelganger.ops.plugins.module_utils.checks import _checklist
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._kinds import KINDS
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _metric, _watches

BASE = {
    "app_name": "shop", "app_platform": "compose", "app_source": "git", "app_repository": "/srv/shop.git",
    "app_release_services": ["web"],
}  # fmt: skip
KEYS = st.sampled_from(sorted({
    *_checklist.COMMON, *(name for kind in KINDS.values() for name in kind.options), *_metric.SOURCES,
    *_metric.ENTRY, *_metric.LIMIT, *_metric.TIERS, *_watches.GATE, *_watches.COMPARE,
    "namespace", "context", "args", "like", "error_rate",
}))  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5) | KEYS
    | st.sampled_from([*KINDS])
    | st.sampled_from([10**400, -1, 0, "\0", "\ud800", "yes", "1e400", b"a", "{{ a }}", "$x", "$", "a(", "x" * 10**6])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS | SCALARS, below, max_size=4),
    max_leaves=10,
)
CHECKS = st.lists(
    st.fixed_dictionaries({"name": st.text(max_size=3), "kind": st.sampled_from([*KINDS])})
    .flatmap(lambda one: st.dictionaries(KEYS, VALUES, max_size=4).map(lambda more: {**more, **one})),
    min_size=1, max_size=2,
)  # fmt: skip
ENTRIES = st.dictionaries(
    st.sampled_from(["error_rate", "mine"]), st.dictionaries(KEYS, VALUES, max_size=4), max_size=2
)
VARIABLES = st.dictionaries(st.sampled_from(sorted(app_model.spec())), VALUES, min_size=1, max_size=2)
GATES = st.lists(st.dictionaries(KEYS, VALUES, max_size=4).map(lambda one: {**one, "metric": "error_rate"}), max_size=1)


@given(
    VARIABLES
    | st.fixed_dictionaries({"app_checks": CHECKS})
    | st.fixed_dictionaries({"app_metrics": ENTRIES})
    | st.fixed_dictionaries({"app_metric_gates": GATES})
)
def test_any_value_is_taken_or_refused_by_its_name(variables: dict[str, Any]) -> None:
    made = object.__new__(app_model.ActionModule)
    made._task = SimpleNamespace(args={"metrics": True})
    made._templar = SimpleNamespace(template=lambda raw: raw)
    model, refused = {}, Refused("")
    try:
        model = made._model({**BASE, **variables})
    except Refused as error:
        refused = error
    said = f"{refused.message} {refused.hint}"
    assert model or any(name in said for name in variables)
    assert len(said) < 12_000
    json.dumps(model, allow_nan=False).encode()
