"""The network which the lab's own containers share, apart from every application's."""

from tests.lab.docker import docker, exists

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
