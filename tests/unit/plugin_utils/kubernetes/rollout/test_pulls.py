"""Whether what a registry answers is its last word."""

from __future__ import annotations

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._pulls import is_definite


@pytest.mark.parametrize(
    ("words", "has_login", "is_last"),
    [
        ("manifest unknown", False, True),
        ("manifest unknown", True, True),
        ("unauthorized: authentication required", True, True),
        ("429 Too Many Requests: not found in cache", False, False),
        ('Get "http://127.0.0.1:5001/v2/x/manifests/sha256:1": no basic auth credentials', False, True),
        ('Get "http://127.0.0.1:5001/v2/x/manifests/sha256:1": no basic auth credentials', True, False),
    ],
)
def test_a_login_that_the_pod_names_may_come_later_than_the_pod(words: str, has_login: bool, is_last: bool) -> None:
    assert is_definite(words, has_login=has_login) == is_last
