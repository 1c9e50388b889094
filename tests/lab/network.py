"""The network which the lab's own containers share, apart from every application's."""

from tests.lab.steps import answers, run

NAME = "doppelganger-lab"
SUBNET = "10.213.0"


def ensure() -> str:
    if not answers(["docker", "network", "inspect", NAME]):
        run(["docker", "network", "create", "--subnet", f"{SUBNET}.0/24", NAME])
    return NAME


def down() -> None:
    if answers(["docker", "network", "inspect", NAME]):
        run(["docker", "network", "rm", NAME])


def address(number: int) -> str:
    """The address of fleet host `number`: fixed, so that it survives a stop and a start."""
    return f"{SUBNET}.{10 + number}"
