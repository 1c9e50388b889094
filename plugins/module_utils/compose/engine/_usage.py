# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What containers use, as the engine counts it, and this machine as a whole, as its kernel does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core._times import epoch
from ...running._project import Usage

_NANOSECONDS = 1e9
_SECTOR = 512
#: the kernel counts processor time in hundredths of a second, whatever its own clock is
_TICKS = 100
#: whole disks; partitions, mappings and arrays would count the same bytes once more
_DISK = re.compile(r"(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)")
#: interfaces that lead nowhere else
_INNER = re.compile(r"(?:lo|veth.*|docker.*|br-.*|cni.*|virbr.*)")


def usage_from(service: str, name: str, stats: Mapping[str, Any]) -> Usage:
    """Read the engine's ``stats`` of one container."""
    cpu = stats.get("cpu_stats") or {}
    memory = stats.get("memory_stats") or {}
    moved = (stats.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []
    networks = stats.get("networks") or {}
    busy = (cpu.get("cpu_usage") or {}).get("total_usage")
    return Usage(
        name=name,
        service=service,
        cpu_seconds=busy / _NANOSECONDS if busy else None,
        cpus=cpu.get("online_cpus") or None,
        memory_bytes=_memory(memory),
        memory_limit=memory.get("limit") or None,
        disk_bytes=float(sum(one["value"] for one in moved if str(one.get("op")).lower() in ("read", "write"))),
        network_bytes=float(sum(one.get("rx_bytes", 0) + one.get("tx_bytes", 0) for one in networks.values())),
        at=epoch(str(stats.get("read") or "")) or None,
    )


def _memory(stats: Mapping[str, Any]) -> float | None:
    """What is in use without the pages of files that the kernel gives back when it needs them."""
    used = stats.get("usage")
    if used is None:
        return None
    detail = stats.get("stats") or {}
    files = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    return float(used - files if files < used else used)


def machine_usage(proc: Path = Path("/proc")) -> Usage:
    """This machine as a whole."""
    texts = {name: (proc / name).read_text(encoding="utf-8") for name in ("stat", "meminfo", "diskstats", "net/dev")}
    memory = {line.split(":")[0]: line.split()[1] for line in texts["meminfo"].splitlines() if ":" in line}
    total, free = (float(memory.get(name, 0)) * 1024 for name in ("MemTotal", "MemAvailable"))
    busy, cpus = _processors(texts["stat"])
    return Usage(
        name="",
        cpu_seconds=busy,
        cpus=cpus,
        memory_bytes=total - free,
        memory_limit=total or None,
        disk_bytes=_disks(texts["diskstats"]),
        network_bytes=_interfaces(texts["net/dev"]),
    )


def _processors(text: str) -> tuple[float, float]:
    """Seconds that all processors together were busy, and how many there are."""
    lines = [line.split() for line in text.splitlines() if line.startswith("cpu")]
    every = [float(each) for each in lines[0][1:9]]
    idle = every[3] + every[4]
    return (sum(every) - idle) / _TICKS, float(max(1, len(lines) - 1))


def _disks(text: str) -> float:
    rows = [line.split() for line in text.splitlines()]
    return float(sum((int(row[5]) + int(row[9])) * _SECTOR for row in rows if len(row) > 9 and _DISK.fullmatch(row[2])))


def _interfaces(text: str) -> float:
    total = 0.0
    for line in text.splitlines()[2:]:
        name, _, numbers = line.partition(":")
        if numbers and not _INNER.fullmatch(name.strip()):
            columns = numbers.split()
            total += float(columns[0]) + float(columns[8])
    return total
