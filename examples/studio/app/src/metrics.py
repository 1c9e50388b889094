"""What Prometheus reads; the memory and the processor time of the process are in its client already."""

from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from src.web import Answer, Request

_LIMIT_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_UNLIMITED = 1 << 60

_requests = Counter("studio_requests", "Requests", ["method", "path", "status"])
_seconds = Histogram("studio_request_seconds", "Time to answer", ["path"])
_connections = Gauge("studio_connections", "Connections that are open")
_limit = Gauge("studio_memory_limit_bytes", "The container's memory limit, 0 for none")


def observe(known_paths: set[str], request: Request, answer: Answer, seconds: float) -> None:
    # one label for all that does not exist, or anybody could fill the memory with labels
    path = request.path if request.path in known_paths else "other"
    _requests.labels(request.method, path, answer.status).inc()
    _seconds.labels(path).observe(seconds)


def count_connections(change: int) -> None:
    _connections.inc(change)


def text() -> str:
    _limit.set(_memory_limit())
    latest: bytes = generate_latest()
    return latest.decode()


def _memory_limit() -> int:
    for path in _LIMIT_FILES:
        if path.exists() and (value := path.read_text().strip()) != "max":
            return int(value) if int(value) < _UNLIMITED else 0
    return 0
