# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The container engine, as far as one compose project needs it: typed, bounded in time and size, with clear errors."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from ...core._deadline import in_time
from ...core._errors import NotThere, OpsError, Refused, TimedOut
from ...core._log_reading import LogEnd, end_of, lines_from, unframed
from ...http._response import Response
from ...running._containers import Container, Event
from ...running._project import ExecResult, Usage
from ._answers import address_from, current, environment_from, network_of, output_from, since_stamp
from ._attached import close, reader
from ._errors import connect, engine_errors, unreadable_log
from ._events import Watcher, read

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONEOFF_LABEL = "com.docker.compose.oneoff"
_OUTPUT_LIMIT = 1_000_000
_STATS_AT_ONCE = 16
#: containers in a row, each of which is in the network of the next
_MOST_JOINED = 8


class Project:
    """One compose project on one engine. Nothing is asked of the engine before the first call."""

    #: nothing is between this host and the container
    settle = 0.0

    def __init__(self, name: str, client: Any = None) -> None:
        self.name = name
        self._client = client
        self._connecting = threading.Lock()

    @property
    def api(self) -> Any:
        """The SDK's low-level client."""
        with self._connecting:
            if self._client is None:
                self._client = connect()
        return self._client.api

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def containers(self, include_oneoff: bool = False) -> list[Container]:
        """List the containers of the project in any state, without those that a newer one has replaced."""
        return current(one for one in self.every_container() if include_oneoff or not one.oneoff)

    def every_container(self) -> list[Container]:
        """List also those that a newer one has replaced, and commands that run once."""
        return self.read(self.inspected())

    def read(self, seen: Sequence[Mapping[str, Any]]) -> list[Container]:
        """Containers that the engine has shown."""
        return read(self.api, f"{PROJECT_LABEL}={self.name}", seen)

    def exec(
        self,
        service: str,
        argv: Sequence[str],
        timeout: float,
        environment: Mapping[str, str] | None = None,
        borrowed: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command in the service's container; one that takes longer than ``timeout`` is left to itself."""
        container = self._running(service)
        deadline = time.monotonic() + timeout
        with engine_errors(f"run a command in {service}"):
            there = environment_from(self.api.inspect_container(container)) if borrowed else {}
            given = {name: there[other] for name, other in (borrowed or {}).items() if other in there}
            made = self.api.exec_create(container, list(argv), environment={**given, **(environment or {})})
            attached = self.api.exec_start(made["Id"], socket=True)
            try:
                output = output_from(reader(attached, deadline), _OUTPUT_LIMIT)
            except OSError as error:
                if time.monotonic() < deadline:
                    raise
                raise TimedOut(f"{argv[0]} in {service} was still running after {round(timeout, 2):g} s.") from error
            finally:
                close(attached)
            code = self.api.exec_inspect(made["Id"]).get("ExitCode")
        return ExecResult(-1 if code is None else int(code), output.decode("utf-8", "replace"))

    def environment_of(self, service: str) -> dict[str, str]:
        """Read the environment of the service's container: full of secrets, so never part of a result."""
        with engine_errors(f"inspect {service}"):
            return environment_from(self.api.inspect_container(self._running(service)))

    def ask(self, service: str, port: int, request: Mapping[str, Any], seconds: float) -> Response | None:
        """None: the address of a container is the way to it."""
        return None

    def address(self, service: str, port: int) -> tuple[str, int]:
        """Say where the service can be reached from this host."""
        with engine_errors(f"inspect {service}"):
            address = self._address_of(self._running(service))
        if address is None:
            raise OpsError(f"The container of {service} has no address on any network.", reason="not_found")
        return address, port

    def broken_way(self, service: str, port: int) -> OpsError | None:
        """None: nothing is between this host and the container."""

    def instances(self, service: str, port: int) -> list[tuple[str, tuple[str, int]]]:
        """Each running container of the service by name, with where its port can be reached from this host."""
        found = []
        for one in self._labelled(service):
            with suppress(NotThere), engine_errors(f"inspect {service}"):  # it may be gone since
                address = self._address_of(one["Id"])
                if address is not None:
                    found.append((str(one["Names"][0]).lstrip("/"), (address, port)))
        return sorted(found)

    def usage(self) -> list[Usage]:
        """What each running container uses, as the engine counts it."""
        listed = self._labelled()
        # side by side: the engine counts once a second, and an answer waits for that
        with ThreadPoolExecutor(max(1, min(_STATS_AT_ONCE, len(listed)))) as pool:
            return [one for one in pool.map(self._usage_of, listed) if one is not None]

    def _usage_of(self, listed: Mapping[str, Any]) -> Usage | None:
        from ._usage import usage_from

        with suppress(NotThere), engine_errors("read what a container uses"):  # it may be gone since
            url = f"{self.api.base_url}/v{self.api.api_version}/containers/{listed['Id']}/stats"
            # one-shot: without, the engine waits for a second look of its own
            asked = {"stream": "false", "one-shot": "true"}
            response = self.api.get(url, params=asked, timeout=self.api.timeout)
            if response.status_code == 404:
                return None
            response.raise_for_status()
            name = str(listed["Names"][0]).lstrip("/")
            return usage_from(str(listed["Labels"].get(SERVICE_LABEL)), name, response.json())
        return None

    def machine_usage(self) -> list[Usage]:
        """What this host uses as a whole."""
        # here, as only metrics need it
        from ._usage import machine_usage

        return [machine_usage()]

    def log_of(self, container_id: str, since: float = 0, timestamps: bool = False) -> Iterator[str]:
        """Read what one container has logged up to now, oldest first."""
        lines = lines_from(self._log(container_id, since, timestamps=1))
        yield from since_stamp(lines, since, timestamps)

    def log_ends(self, service: str, since: float = 0, limit_bytes: int = 1_000_000) -> list[LogEnd]:
        """Read the end of the log of each container of the service, at most ``limit_bytes`` of it."""
        mine = [one.id for one in self.containers(include_oneoff=True) if one.service == service]
        # without stamps: within a long line the engine would write more of them, in the middle of a word
        return [end_of(self._last_of(one, since), limit_bytes) for one in mine]

    def _last_of(self, container_id: str, since: float) -> Callable[[int], Iterator[bytes]]:
        return lambda entries: self._log(container_id, since, tail=entries)

    def _log(self, container_id: str, since: float, **more: int) -> Iterator[bytes]:
        # The SDK's own reading of a log takes seconds for what this does in one, and knows no fractions of a second.
        asked = {"stdout": 1, "stderr": 1, **more, **({"since": f"{since:.9f}"} if since else {})}
        with engine_errors("read a container's log"):
            url = f"{self.api.base_url}/v{self.api.api_version}/containers/{container_id}/logs"
            with self.api.get(url, params=asked, stream=True, timeout=self.api.timeout) as response:
                if response.status_code == 404:
                    raise NotThere(f"The container {container_id[:12]} is gone.")
                if response.status_code == 501:
                    raise unreadable_log(self.api.inspect_container(container_id))
                response.raise_for_status()
                yield from unframed(response.raw.stream(65536))

    def image_id(self, reference: str) -> str | None:
        """Resolve a reference or an id to the id of an image that this engine has."""
        try:
            with engine_errors(f"inspect the image {reference}"):
                return str(self.api.inspect_image(reference)["Id"])
        except NotThere:
            return None

    def has_image(self, image_id: str) -> bool:
        """Say whether this engine has the image."""
        return self.image_id(image_id) is not None

    def pull(self, reference: str, auth: Mapping[str, str] | None = None) -> str:
        """Pull an image and give its id. ``auth`` holds ``username`` and ``password``."""
        with engine_errors(f"pull {reference}"):
            told = self.api.pull(reference, auth_config=dict(auth) if auth else None, stream=True, decode=True)
            for step in in_time(told, seconds=3600, doing=f"pull {reference}"):
                if "error" in step:
                    raise Refused(
                        f"The image {reference} cannot be pulled: {step['error']}.",
                        reason="image_pull_failed",
                        hint="Check the name, the tag and the login of the registry.",
                    )
        found = self.image_id(reference)
        if found is None:
            raise OpsError(f"The image {reference} was pulled but was not found.", reason="image_not_found")
        return found

    def registry_digest(self, reference: str, auth: Mapping[str, str] | None = None) -> str:
        """Ask the registry, through the engine, for the digest that a reference stands for; nothing is pulled."""
        with engine_errors(f"ask the registry for {reference}"):
            answer = self.api.inspect_distribution(reference, auth_config=dict(auth) if auth else None)
        return str(answer["Descriptor"]["digest"])

    def tag(self, image_id: str, repository: str, tag: str) -> None:
        """Name an image."""
        with engine_errors(f"tag {image_id} as {repository}:{tag}"):
            self.api.tag(image_id, repository, tag=tag, force=True)

    def remove_image(self, reference: str) -> bool:
        """Take a name from an image, and the image away with its last name; False when there was none."""
        try:
            with engine_errors(f"remove the image {reference}"):
                self.api.remove_image(reference)
        except NotThere:
            return False
        return True

    def watch(self, on_event: Callable[[Event], None]) -> Watcher:
        """Call ``on_event``, in a thread of its own, for each thing that happens to a container of the project."""
        with engine_errors("watch the events"):
            filters = {"type": "container", "label": f"{PROJECT_LABEL}={self.name}"}
            return Watcher(self.api.events(decode=True, filters=filters), on_event)

    def events(self, timeout: float) -> Generator[Event | None, None, None]:
        """Yield at once, then each time something happens, and None after ``timeout`` seconds without anything."""
        happened: queue.Queue[Event] = queue.Queue()
        with self.watch(happened.put):
            yield None
            while True:
                try:
                    yield happened.get(timeout=timeout)
                except queue.Empty:
                    yield None

    def inspected(self) -> list[dict[str, Any]]:
        """The containers of the project in any state, as the engine inspects them."""
        with engine_errors(f"list the containers of {self.name}"):
            listed = self.api.containers(all=True, filters={"label": [f"{PROJECT_LABEL}={self.name}"]})
        found = []
        for one in listed:
            with suppress(NotThere), engine_errors("inspect a container"):  # it may be gone since
                found.append(self.api.inspect_container(one["Id"]))
        return found

    def _address_of(self, container: str) -> str | None:
        """The address of a container, which may be that of the one whose network it is in."""
        seen = self.api.inspect_container(container)
        for _ in range(_MOST_JOINED):
            other = network_of(seen)
            if not other:
                break
            seen = self.api.inspect_container(other)
        return address_from(seen, self.name)

    def _running(self, service: str) -> str:
        listed = self._labelled(service)
        if not listed:
            raise NotThere(f"No container of the service {service} of project {self.name} is running.")
        return str(max(listed, key=lambda one: one["Created"])["Id"])

    def _labelled(self, service: str = "") -> list[dict[str, Any]]:
        """The running containers, of one service or of all, as the engine lists them."""
        labels = [f"{PROJECT_LABEL}={self.name}", f"{ONEOFF_LABEL}=False"]
        labels += [f"{SERVICE_LABEL}={service}"] * bool(service)
        with engine_errors(f"look for {service or 'containers'}"):
            listed: list[dict[str, Any]] = self.api.containers(filters={"label": labels, "status": "running"})
        return listed
