# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers of a toy: files."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import NotThere, OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.core._times import iso
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import Response
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container, Event
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import Closing, ExecResult, Usage

from ._machine import Machine


class ToyProject:
    """What :class:`Project` promises, over the files of a machine."""

    settle = 0.0

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def start(self, service: str, image: str, config_hash: str) -> None:
        """Make a container. It runs, unless its image says otherwise."""
        fails = self.machine.image(image).get("fails") == "apply"
        started = time.time()
        self.machine.write(
            f"containers/{service}.json",
            {"image": image, "config_hash": config_hash, "state": "exited" if fails else "running",
             "exit_code": 3 if fails else 0, "started": started, "id": f"{service}-{started}"},
        )  # fmt: skip

    def stop(self, service: str) -> None:
        """End a container."""
        found = self.machine.read(f"containers/{service}.json") or {}
        self.machine.write(f"containers/{service}.json", {**found, "state": "exited"})

    def remove(self, service: str) -> None:
        """Take a container away."""
        (self.machine.root / "containers" / f"{service}.json").unlink()

    def containers(self, include_oneoff: bool = False) -> list[Container]:
        """What there is; nothing here is for one command alone."""
        del include_oneoff
        return [self._container(service) for service in self.machine.names("containers")]

    def _container(self, service: str) -> Container:
        found = self.machine.read(f"containers/{service}.json") or {}
        began = iso(found["started"])
        return Container(
            id=found["id"], name=f"{service}-1", service=service, number=1, oneoff=False, state=found["state"],
            health="none", exit_code=found["exit_code"], oom_killed=False, restart_count=0, created_at=began,
            started_at=began, finished_at="", image_id=found["image"], image=found["image"],
            config_hash=found["config_hash"], error="", health_output="",
        )  # fmt: skip

    def exec(
        self,
        service: str,
        argv: Sequence[str],
        timeout: float,
        environment: Mapping[str, str] | None = None,
        borrowed: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Each command is one question: whether the image answers, at first and after a while."""
        del argv, timeout, environment, borrowed
        found = self.machine.read(f"containers/{service}.json")
        if found is None or found["state"] != "running":
            raise NotThere(f"{service} does not run.")
        fails = self.machine.image(found["image"]).get("fails")
        asked = int(found.get("asked", 0))
        self.machine.note(f"ask {service}")
        self.machine.write(f"containers/{service}.json", {**found, "asked": asked + 1})
        is_broken = fails == "verify" or (fails == "soak" and asked > 0)
        return ExecResult(1, "it is broken") if is_broken else ExecResult(0, "it works")

    def environment_of(self, service: str) -> dict[str, str]:
        """Nothing: a file has no environment."""
        del service
        return {}

    def ask(self, service: str, port: int, request: Mapping[str, Any], seconds: float) -> Response | None:
        """Its address is the way, and it has none."""
        del service, port, request, seconds
        return None

    def address(self, service: str, port: int) -> tuple[str, int]:
        """It listens nowhere."""
        raise NotThere(f"{service} does not listen on port {port}.")

    def broken_way(self, service: str, port: int) -> OpsError | None:
        """There is no way that could break."""
        del service, port
        return None

    def instances(self, service: str, port: int) -> list[tuple[str, tuple[str, int]]]:
        """None that can be reached."""
        del service, port
        return []

    def usage(self) -> list[Usage]:
        """A file uses nothing."""
        return []

    def machine_usage(self) -> list[Usage]:
        """Nor does a folder."""
        return []

    def log_of(self, container_id: str, since: float = 0, timestamps: bool = False) -> Iterator[str]:
        """What a container says when it starts."""
        del since, timestamps
        service = container_id.partition("-")[0]
        found = self.machine.read(f"containers/{service}.json") or {}
        yield str(self.machine.image(found.get("image", "")).get("says", "started"))

    def log_ends(self, service: str, since: float = 0, limit_bytes: int = 1_000_000) -> list[LogEnd]:
        """The same."""
        del limit_bytes
        return [LogEnd("\n".join(self.log_of(f"{service}-", since)))]

    def watch(self, on_event: Callable[[Event], Any]) -> Closing:
        """Nothing happens to a file by itself."""
        del on_event
        return self

    def close(self) -> None:
        """There is no connection."""


def config_hash(settings: Mapping[str, Any]) -> str:
    """What a container was made with."""
    return hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:16]
