"""YAML as kubectl reads it: tests/integration/test_kube_cluster.py asks the program itself."""

from __future__ import annotations

from typing import Any

#: what plain text is
AS_KUBECTL = {
    "23:30": "23:30", "1:30.5": "1:30.5", "1e3": 1000, "1.5e3": 1500, "1e+2": 100, "1e400": "1e400", "1e21": 1e21,
    "089": 89, "010": 8, "0o17": 15, "0b101": 5, "-0x1f": -31, "+5": 5, "1_000": 1000, "1__0": 10, ".5": 0.5, "1.": 1,
    "1.0": 1, "-.5": -0.5, "y": True, "N": False, "on": True, "Off": False, "yEs": "yEs", "~": None, "NULL": None,
    "nULL": "nULL", "2001-01-01": "2001-01-01", "=": "=", "0x": "0x", "1.2.3": "1.2.3", "._1": "._1",
    "!!str 1": "1", "!!float 1": 1, "!!int 0x10": 16, "! 12": "12", "'12'": "12", "12e": "12e", "0777": 511, "-0": 0,
    "1e-2": 0.01, "00": 0, "0_8": 8,
}  # fmt: skip
#: what a key is
KEYS = {"1": "1", "2.50": "2.5", "on": "true", "n": "false", "'on'": "on", "1e3": "1000", "23:30": "23:30"}
_BASE = "base: &a {k: a, x: '1'}\ndata: "
#: what is merged, beside what is merged from
MERGED: list[tuple[str, dict[str, Any]]] = [
    (_BASE + "{<<: *a, k: b}", {"k": "b", "x": "1"}),
    (_BASE + "{k: b, <<: *a}", {"k": "a", "x": "1"}),
    (_BASE + "{<<: [*a, {x: '2', z: '3'}]}", {"k": "a", "x": "1", "z": "3"}),
    (_BASE + "{x: '5', <<: [{x: '6'}, *a]}", {"k": "a", "x": "6"}),
]
