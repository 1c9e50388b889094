"""The docker CLI, as far as the lab asks it."""

from collections.abc import Mapping
from pathlib import Path

from tests.lab.steps import LabError, run


def docker(*arguments: str | Path, timeout: float | None = None, env: Mapping[str, str] | None = None) -> str:
    return run(["docker", *arguments], timeout=timeout, env=env)


def inspect(kind: str, name: str, template: str) -> str:
    """One property of an image, a container or a network; empty when there is no such thing."""
    try:
        return docker(kind, "inspect", "--format", template, name)
    except LabError:
        return ""


def exists(kind: str, name: str) -> bool:
    return bool(inspect(kind, name, "there"))


def image_id(name: str) -> str:
    return inspect("image", name, "{{.Id}}")


def remove(container: str) -> None:
    """Remove a container and the volumes nobody named."""
    if exists("container", container):
        docker("rm", "--force", "--volumes", container)
