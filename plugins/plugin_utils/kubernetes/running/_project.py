# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A running application in a namespace, for checks and operations: what ``_project.Project`` asks, of pods.

A service is a workload by its name. A container is known as ``pod/container``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import NotThere, OpsError, TimedOut
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.http._response import Response
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container, Event
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import ExecResult, Usage

from ..api import _errors
from ..api._namespace import Cluster
from ..api._objects import APPLICATION_LABEL, WORKLOADS
from ..rollout._pods import is_leaving, is_over, is_ready
from ._containers import containers_in, service_of
from ._forward import Forward
from ._shared import Shared

if TYPE_CHECKING:
    from ._usage import KubeUsage

#: what most applications consist of, and every login of ours may list
_USUAL = ("Deployment", "StatefulSet", "DaemonSet", "Job")
#: sets the variables given as NAME=OTHER from others of the container, then becomes the command after --
_BORROW = (
    'while [ "$1" != -- ]; do eval "[ -z \\"\\${${1#*=}+x}\\" ] || export ${1%%=*}=\\"\\$${1#*=}\\""; shift; done; '
    'shift; exec "$@"'
)


def borrowing(argv: Sequence[str], borrowed: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """A command whose secrets come from the container's own variables, so that they are in no argument list."""
    plain = ["env", *(f"{name}={value}" for name, value in environment.items())] if environment else []
    if not borrowed:
        return [*plain, *argv]
    pairs = [f"{name}={other}" for name, other in borrowed.items()]
    return ["sh", "-c", _BORROW, "sh", *pairs, "--", *plain, *argv]


class KubeProject:
    """The pods of one application. Nothing is asked of the cluster before the first call."""

    #: a port-forward accepts before the pod is asked, and only closes the connection where that refuses
    settle = 0.5

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self.cluster = cluster
        self._forwards: dict[tuple[str | int, ...], Forward] = {}
        self._lock = threading.Lock()
        #: workloads that are known to be the application's; asked for again only where a pod is of another one
        self._ours: set[tuple[str, str]] = set()
        self._shared_pods = Shared(self._read_pods)
        self._kube_usage: KubeUsage | None = None

    def close(self) -> None:
        """End what was forwarded, and give the connections back."""
        with self._lock:
            for forward in self._forwards.values():
                forward.close()
            self._forwards.clear()
        self.cluster.close()

    def __enter__(self) -> KubeProject:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # pods

    def pods(self, *, with_jobs: bool = False) -> list[dict[str, Any]]:
        """The pods of the application's workloads, the oldest first."""
        return [pod for pod in self._shared_pods.get() if with_jobs or service_of(pod)[0] != "Job"]

    def _read_pods(self) -> list[dict[str, Any]]:
        pods, _ = self.cluster.list("v1", "Pod")
        made = [pod for pod in pods if service_of(pod) not in self._ours and self._may_be_ours(pod)]
        self._ours |= self._named(sorted({service_of(pod)[0] for pod in made}))
        mine = [pod for pod in pods if service_of(pod) in self._ours]
        return sorted(mine, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    def _may_be_ours(self, pod: Mapping[str, Any]) -> bool:
        """Whether its workload is worth asking for; that of others the login may not be allowed to see."""
        kind = service_of(pod)[0]
        labels = pod["metadata"].get("labels") or {}
        return kind in _USUAL or (kind in WORKLOADS and labels.get(APPLICATION_LABEL) == self.name)

    def _named(self, kinds: Sequence[str]) -> set[tuple[str, str]]:
        """The application's workloads of these kinds."""
        found: set[tuple[str, str]] = set()
        for kind in kinds:
            listed, _ = self.cluster.list(WORKLOADS[kind], kind, labels=f"{APPLICATION_LABEL}={self.name}",
                                          only_metadata=True)  # fmt: skip
            found |= {(kind, one["metadata"]["name"]) for one in listed}
        return found

    def containers(self, include_oneoff: bool = False) -> list[Container]:
        """The containers of the pods that stay; with ``include_oneoff`` also those of jobs and of leaving pods."""
        pods = self.pods(with_jobs=include_oneoff)
        if not include_oneoff:
            pods = [pod for pod in pods if not is_leaving(pod) and not is_over(pod)]
        return containers_in(pods)

    def ready_pod(self, service: str) -> dict[str, Any]:
        """The newest pod of the service that is ready; raises NotThere."""
        found = [pod for pod in self.pods() if service_of(pod)[1] == service and is_ready(pod)]
        if not found:
            raise NotThere(f"No pod of {service} in namespace {self.cluster.namespace} is ready.")
        return found[-1]

    # commands

    def exec(
        self,
        service: str,
        argv: Sequence[str],
        timeout: float,
        environment: Mapping[str, str] | None = None,
        borrowed: Mapping[str, str] | None = None,
    ) -> ExecResult:
        """Run a command in the service's first container."""
        pod = self.ready_pod(service)
        command = borrowing(argv, borrowed or {}, environment or {})
        container = pod["spec"]["containers"][0]["name"]
        try:
            found = self.cluster.exec(pod["metadata"]["name"], container, command, timeout=timeout)
        except _errors.TimedOut as error:
            raise TimedOut(f"{argv[0]} in {service} was still running after {round(timeout, 2):g} s.") from error
        return ExecResult(found.code, found.output)

    def environment_of(self, service: str) -> dict[str, str]:
        """Read the environment of the service's first container, as a process in it has it."""
        lines = self.exec(service, ["env", "-0"], timeout=10).output.split("\0")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    # the network

    def ask(self, service: str, port: int, request: Mapping[str, Any], seconds: float) -> Response:
        """Ask a Service over HTTP, through the API server."""
        try:
            answer = self.cluster.service_get(
                service, port, request["url"], method=request["method"], headers=request["headers"], timeout=seconds
            )
        except _errors.NotFound as error:
            raise NotThere(f"There is no Service {service} in namespace {self.cluster.namespace}.") from error
        except _errors.TimedOut as error:
            raise TimedOut(f"no answer within {round(seconds, 2):g} s") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, answer.body, answer.cut)

    def address(self, service: str, port: int) -> tuple[str, int]:
        """Where the service can be reached from here for as long as this project is open: a managed port-forward."""
        pod = self.ready_pod(service)["metadata"]["name"] if (service, port) not in self._forwards else ""
        return self._forward((service, port), pod, port).address

    def _forward(self, key: tuple[str | int, ...], pod: str, port: int) -> Forward:
        with self._lock:
            if key not in self._forwards:
                self._forwards[key] = Forward(self.cluster, pod, port)
            return self._forwards[key]

    def instances(self, service: str, port: int) -> list[tuple[str, tuple[str, int]]]:
        """Each ready pod of the service by name, with a port-forward to it for as long as this project is open."""
        pods = [pod for pod in self.pods() if service_of(pod)[1] == service and is_ready(pod) and not is_leaving(pod)]
        names = [pod["metadata"]["name"] for pod in pods]
        return [(name, self._forward((service, name, port), name, port).address) for name in names]

    def usage(self) -> list[Usage]:
        """What each container of the application uses."""
        return self._counter().containers([pod for pod in self.pods() if not is_over(pod)])

    def machine_usage(self) -> list[Usage]:
        """What each node with a pod of the application uses as a whole."""
        return self._counter().nodes([pod for pod in self.pods() if not is_over(pod)])

    def _counter(self) -> KubeUsage:
        # here, as only metrics need it
        from ._usage import KubeUsage

        self._kube_usage = self._kube_usage or KubeUsage(self.cluster)
        return self._kube_usage

    def broken_way(self, service: str, port: int) -> OpsError | None:
        """How the port-forward failed last, None where the pod itself closes connections."""
        with self._lock:
            found = self._forwards.get((service, port))
        return found.broken if found else None

    # logs

    def log_of(self, container_id: str, since: float = 0, timestamps: bool = False) -> Iterator[str]:
        """Read what one container has logged up to now, oldest first."""
        pod, _, container = container_id.partition("/")
        try:
            yield from self.cluster.log(pod, container, since=since, timestamps=timestamps, limit_bytes=50_000_000)
        except _errors.NotFound:
            return  # it went meanwhile, and its log with it

    def log_ends(self, service: str, since: float = 0, limit_bytes: int = 1_000_000) -> list[LogEnd]:
        """Read the end of the log of each container of the service."""
        found = []
        for one in self.containers(include_oneoff=True):
            pod, _, container = one.id.partition("/")
            if one.service == service:
                with suppress(_errors.NotFound):  # it went meanwhile, and its log with it
                    found.append(self.cluster.log_end(pod, container, since=since, limit_bytes=limit_bytes))
        return found

    # waiting

    def watch(self, on_event: Callable[[Event], Any]) -> PodWatch:
        """Call ``on_event``, in a thread of its own, for each change of a pod."""
        return PodWatch(self.cluster, on_event)


class PodWatch:
    """Tells of changes of pods until it is closed. A watch that ends early is no error."""

    def __init__(self, cluster: Cluster, on_event: Callable[[Event], Any]) -> None:
        _, version = cluster.list("v1", "Pod", only_metadata=True)
        self._watch = cluster.watch("v1", "Pod", since=version, seconds=3600)
        self._on_event = on_event
        self._thread = threading.Thread(target=self._read, name="pod-events", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OpsError):
            for change, pod in self._watch:
                self._on_event(Event(change.lower(), service_of(pod)[1], pod["metadata"]["name"]))

    def close(self) -> None:
        """End the watch and its thread."""
        self._watch.close()
        self._thread.join(timeout=2)
