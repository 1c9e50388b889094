# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engine says about containers, as plain data: pure functions over its answers."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core._log_reading import unframed
from ...core._times import STAMP, in_utc
from ...running._containers import Container

_LABEL = "com.docker.compose."
#: ours, where compose's own digest has the id of another container in it
CONFIG_LABEL = "doppelganger.ops.config"
_NUMBER = re.compile(r"[0-9]{1,9}")
_PIECE = 65536
#: the seconds that the engine gives a container to stop where nothing else was said, and those it may be late by
_GRACE, _SLACK = 10, 5


def container_from(seen: Mapping[str, Any]) -> Container:
    """Read the engine's ``inspect`` answer."""
    state = seen.get("State") or {}
    config = seen.get("Config") or {}
    labels = config.get("Labels") or {}
    health = state.get("Health") or {}
    probes = health.get("Log") or []
    number = str(labels.get(_LABEL + "container-number", "1"))
    return Container(
        id=seen["Id"],
        name=str(seen.get("Name", "")).lstrip("/"),
        service=labels.get(_LABEL + "service", ""),
        number=int(number) if _NUMBER.fullmatch(number) else 1,
        oneoff=str(labels.get(_LABEL + "oneoff", "")).lower() == "true",
        state=state.get("Status", ""),
        health=health.get("Status") or "none",
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        restart_count=int(seen.get("RestartCount") or 0),
        created_at=seen.get("Created", ""),
        started_at=state.get("StartedAt", ""),
        finished_at=state.get("FinishedAt", ""),
        image_id=seen.get("Image", ""),
        image=config.get("Image", ""),
        config_hash=labels.get(CONFIG_LABEL) or labels.get(_LABEL + "config-hash", ""),
        error=state.get("Error", ""),
        health_output=str(probes[-1].get("Output", "")).strip() if probes else "",
        joined=_joined(seen.get("HostConfig") or {}),
        stop_grace=_GRACE if config.get("StopTimeout") is None else int(config["StopTimeout"]),
    )


def _joined(host: Mapping[str, Any]) -> tuple[str, ...]:
    modes = (str(host.get(key) or "").partition(":") for key in ("NetworkMode", "IpcMode", "PidMode"))
    volumes = (str(one).partition(":")[0] for one in host.get("VolumesFrom") or [])
    return (*(other for kind, _, other in modes if kind == "container"), *volumes)


def told_to_stop(
    container: Container, config: Mapping[str, Any], events: Sequence[Mapping[str, Any]], now: float
) -> bool:
    """Whether a container that runs is on its way out: the engine has sent it the signal to stop, and not started it
    since. One that has outlived its time to stop does not go."""
    if container.state != "running":
        return False
    since = None
    for event in events:
        actor = event.get("Actor") or {}
        if actor.get("ID") != container.id:
            continue
        if event.get("Action") == "start":
            since = None
        elif event.get("Action") == "kill" and _ends(str((actor.get("Attributes") or {}).get("signal")), config):
            since = float(event.get("time") or 0)
    return since is not None and since + container.stop_grace + _SLACK > now


def last_code(container: Container, events: Sequence[Mapping[str, Any]]) -> int:
    """The exit code of a container's last end; of one that was restarted only the events still have it."""
    code = container.exit_code
    for event in events:
        actor = event.get("Actor") or {}
        said = str((actor.get("Attributes") or {}).get("exitCode"))
        if actor.get("ID") == container.id and event.get("Action") == "die" and _NUMBER.fullmatch(said):
            code = int(said)
    return code


def _ends(sent: str, config: Mapping[str, Any]) -> bool:
    """Whether a signal, by its number, is one that ends a container; others have it read its files again."""
    own = str(config.get("StopSignal") or "SIGTERM").upper()
    with contextlib.suppress(KeyError):
        own = str(int(signal.Signals[own if own.startswith("SIG") else f"SIG{own}"]))
    return sent in (own, "9", "15")


def current(containers: Iterable[Container]) -> list[Container]:
    """Leave out what a newer container has replaced.

    Compose renames a container, makes its successor and then removes it; a run that was killed in between leaves both.
    """
    newest: dict[tuple[str, int, str], Container] = {}
    for one in sorted(containers, key=lambda each: each.created_at):
        newest[(one.service, one.number, one.id if one.oneoff else "")] = one
    return sorted(newest.values(), key=lambda each: (each.service, each.number))


def environment_from(seen: Mapping[str, Any]) -> dict[str, str]:
    """Read the environment that a container was made with."""
    pairs = (str(line).partition("=") for line in (seen.get("Config") or {}).get("Env") or [])
    return {name: value for name, _, value in pairs}


def network_of(seen: Mapping[str, Any]) -> str:
    """The container whose network another one is in, empty where it has its own."""
    kind, _, other = str((seen.get("HostConfig") or {}).get("NetworkMode") or "").partition(":")
    return other if kind == "container" else ""


def address_from(seen: Mapping[str, Any], project: str) -> str | None:
    """Find where a container can be reached from its host: its address on a network, the project's own first."""
    if (seen.get("HostConfig") or {}).get("NetworkMode") == "host":
        return "127.0.0.1"
    networks = (seen.get("NetworkSettings") or {}).get("Networks") or {}
    for _name, network in sorted(networks.items(), key=lambda pair: not pair[0].startswith(f"{project}_")):
        if network.get("IPAddress"):
            return str(network["IPAddress"])
    return None


def stamp_of(seconds: float) -> str:
    """Write seconds as the engine stamps its log lines, so that comparing two stamps as text compares the moments."""
    whole, nanoseconds = divmod(int(seconds * 1_000_000_000), 1_000_000_000)
    return time.strftime(STAMP, time.gmtime(whole)) + f".{nanoseconds:09d}Z"


def since_stamp(lines: Iterable[str], since: float, keep_stamps: bool) -> Iterator[str]:
    """Keep the stamped lines that are not older than ``since``: not every log driver minds fractions of a second."""
    oldest = stamp_of(since) if since else ""
    for line in lines:
        said, _, text = line.partition(" ")
        stamp = in_utc(said)
        if stamp >= oldest:
            yield f"{stamp} {text}" if keep_stamps else text


def output_from(read: Callable[[int], bytes], limit: int) -> bytes:
    """Read an attached stream to its end and keep the first ``limit`` bytes of what its frames carry."""
    kept = bytearray()
    for piece in unframed(iter(lambda: read(_PIECE), b"")):
        kept += piece[: limit - len(kept)]
    return bytes(kept)
