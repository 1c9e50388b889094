"""The network which the lab's own containers share, apart from every application's, and the engine's own."""

import json

from tests.lab.docker import docker, exists, inspect
from tests.lab.steps import run

NAME = "doppelganger-lab"
SUBNET = "10.213.0"


def ensure() -> str:
    if not exists("network", NAME):
        docker("network", "create", "--subnet", f"{SUBNET}.0/24", NAME)
    return NAME


def down() -> None:
    if exists("network", NAME):
        docker("network", "rm", NAME)


def address(number: int) -> str:
    """The address of fleet host `number`: fixed, so that it survives a stop and a start."""
    return f"{SUBNET}.{10 + number}"


def bridge() -> str:
    """The address of this machine that containers and pods reach."""
    # the engine itself names no gateway before its first container
    device = inspect("network", "bridge", '{{index .Options "com.docker.network.bridge.name"}}')
    found = json.loads(run(["ip", "-json", "-4", "address", "show", "dev", device]))
    address: str = found[0]["addr_info"][0]["local"]
    return address
