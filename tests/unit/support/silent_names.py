"""Who looks a name up, each as a program of its own that says ``asked`` and ``late`` and then has to end."""

from __future__ import annotations

#: a resolver that is silent, in the way in which the real one is: no other thread is held up, and nothing wakes it
FAKE = """
import ctypes, socket
def getaddrinfo(host, *rest, real=socket.getaddrinfo, flags=0, **more):
    if flags & socket.AI_NUMERICHOST or host in ("127.0.0.1", None):
        return real(host, *rest, flags=flags, **more)
    ctypes.CDLL(None).sleep(300)
socket.getaddrinfo = getaddrinfo
"""
_PLUGINS = "ansible_collections.doppelganger.ops.plugins"
_CHECKS = f"""
import sys
from {_PLUGINS}.module_utils.checks._checklist import parse_checks
from {_PLUGINS}.module_utils.checks._runner import run_checks
from {_PLUGINS}.module_utils.running._scene import Scene
from tests.unit.support.metric_sources import plain_project
print("asked", flush=True)
bounds = dict(timeout=1.0, attempt_timeout=1.0, interval=0.5, name="a")
[found] = run_checks(parse_checks([dict(bounds, **CHECK)]), Scene(plain_project()))
print("late" if found.state in ("fail", "error") else found)
"""


def _check(**options: object) -> str:
    return f"CHECK = {options!r}" + _CHECKS


ASKERS = {
    "http": _check(kind="http", url="http://silent.example:81/"),
    "https": _check(kind="http", url="https://silent.example:81/"),
    "tcp": _check(kind="tcp", host="silent.example", port=81),
    "metrics": f"""
from {_PLUGINS}.module_utils.core._errors import OpsError
from {_PLUGINS}.module_utils.metrics._metric import SOURCES
from {_PLUGINS}.module_utils.metrics._sampling import look
from {_PLUGINS}.module_utils.metrics.readers._prometheus import Prometheus
from tests.unit.support.metric_sources import plain_project
import asyncio
print("asked", flush=True)
source = Prometheus(dict(url="http://silent.example:9090"), plain_project())
async def main():
    try:
        await asyncio.wait_for(source.now("up", 1.0), 1.0)
    except asyncio.TimeoutError:
        print("late")
asyncio.run(main())
""",
    "cluster": f"""
from {_PLUGINS}.module_utils.core._errors import OpsError
from {_PLUGINS}.plugin_utils.kubernetes.api import _http
from {_PLUGINS}.plugin_utils.kubernetes.api._namespace import Cluster
_http.CONNECT_TIMEOUT = 1.0
options = dict(host="http://silent.example:6443", is_development=True, namespace="studio")
print("asked", flush=True)
try:
    Cluster(options, token="secret", patience=0.3).get("v1", "ConfigMap", "a")
except OpsError as error:
    print("late" if error.ends_the_operation else error)
""",
    "registry": f"""
from {_PLUGINS}.module_utils.core._errors import OpsError
from {_PLUGINS}.plugin_utils.kubernetes.manifests._registry import digest_of
print("asked", flush=True)
try:
    digest_of("silent.example:5000/a:1", timeout=1.0)
except OpsError:
    print("late")
""",
    "engine": f"""
import os
os.environ["DOCKER_HOST"] = "tcp://silent.example:2375"
from {_PLUGINS}.module_utils.core._errors import OpsError
from {_PLUGINS}.module_utils.compose.engine import _errors
_errors._REQUEST_TIMEOUT = 1
print("asked", flush=True)
try:
    _errors.connect()
except OpsError:
    print("late")
""",
}
