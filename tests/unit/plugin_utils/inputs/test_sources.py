"""Several inventories in one run: two applications are not mixed, layers of one are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _sources


def inventory(folder: Path, host: str, *, inline: str = "", group: str = "", own: str = "", kind: str = "yaml") -> str:
    """An inventory in a folder of its own that says the name of the application in the places that there are."""
    folder.mkdir()
    targets: dict[str, Any] = {"hosts": {host: {}}, **({"vars": {"app_name": inline}} if inline else {})}
    if kind == "ini":
        (folder / "hosts").write_text(
            f"[targets]\n{host}\n" + (f"[targets:vars]\napp_name={inline}\n" if inline else "")
        )
    else:
        (folder / "hosts.yml").write_text(yaml.safe_dump({"targets": targets}))
    for place, name, value in (("group_vars", "targets", group), ("host_vars", host, own)):
        if value:
            (folder / place).mkdir()
            (folder / place / f"{name}.yml").write_text(f"app_name: {value}\n")
    return str(folder)


def mixed(host: str, *sources: str) -> bool:
    try:
        _sources.refuse_mixed(DataLoader(), sources, host)
    except Refused:
        return True
    return False


@pytest.mark.parametrize("place", [{"group": "%"}, {"inline": "%"}, {"inline": "%", "kind": "ini"}], ids=str)
@pytest.mark.parametrize("is_file", [False, True])
def test_two_applications_are_refused(tmp_path: Path, place: dict[str, str], is_file: bool) -> None:
    a, b = (inventory(tmp_path / name, f"{name}1", **{key: value.replace("%", name) for key, value in place.items()})
            for name in ("a", "b"))  # fmt: skip
    if is_file:
        a, b = (str(next(path for path in Path(one).iterdir() if path.is_file())) for one in (a, b))
    # the last one counts for every host, so it is the hosts of the first that would be taken for another application
    assert (mixed("a1", a, b), mixed("b1", a, b)) == (True, False)
    assert (mixed("a1", a), mixed("b1", b)) == (False, False)


def test_the_message_names_both_and_the_file(tmp_path: Path) -> None:
    a, b = inventory(tmp_path / "a", "a1", group="shop"), inventory(tmp_path / "b", "b1", group="blog")
    with pytest.raises(Refused) as caught:
        _sources.refuse_mixed(DataLoader(), [a, b], "a1")
    assert caught.value.reason == "invalid_input"
    assert all(word in caught.value.message for word in ("a1", "shop", "blog", f"{a}/hosts.yml"))


def test_two_files_of_one_folder_are_two_inventories(tmp_path: Path) -> None:
    inventory(tmp_path / "a", "a1", inline="shop")
    inventory(tmp_path / "a" / "b", "b1", inline="blog")
    assert mixed("b1", str(tmp_path / "a"))  # of the folder inside, which is read first


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"group": "shop"}, {"group": "shop"}, id="the same application"),
        pytest.param({"group": "shop"}, {}, id="hosts alone in the second"),
        pytest.param({}, {"group": "shop"}, id="hosts alone in the first"),
        pytest.param({"own": "shop"}, {"own": "blog"}, id="each host says what it is"),
    ],
)
def test_layers_of_one_application_are_none_of_that(
    tmp_path: Path, first: dict[str, str], second: dict[str, str]
) -> None:
    a, b = inventory(tmp_path / "a", "a1", **first), inventory(tmp_path / "b", "b1", **second)
    assert not mixed("a1", a, b)
    assert not mixed("b1", a, b)


def test_who_is_asked_for_hosts_is_not_asked_again(tmp_path: Path) -> None:
    a = inventory(tmp_path / "a", "a1", group="shop")
    asked = tmp_path / "asked"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {asked}\necho '{{}}'\n")
    script.chmod(0o755)
    plugin = tmp_path / "cloud.yml"
    plugin.write_text("plugin: some.cloud.inventory\n")
    assert not mixed("a1", a, str(script), str(plugin), "x1,x2,")
    assert not asked.exists()
