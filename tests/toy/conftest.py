"""A house with a toy in it, once; a new toy, or a fleet of them, for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.playing import Player
from tests.toy.application import Fleet, environment
from tests.toy.house import build


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection with the toy."""
    return build(tmp_path_factory.mktemp("house") / "checkout")


@pytest.fixture(scope="session")
def player(house: Path) -> Iterator[Player]:
    """What runs playbooks in it."""
    made = Player(house, environment(house), "toy")
    yield made
    made.close()


@pytest.fixture(scope="session")
def fleet(house: Path, player: Player, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fleet]:
    """Make a fleet of as many toys as there are names."""

    def make(*names: str) -> Fleet:
        return Fleet(house, player, tmp_path_factory.mktemp("fleet"), *names)

    return make
