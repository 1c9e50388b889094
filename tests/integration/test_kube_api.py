"""Every verb of the Python API on the real cluster, and a run that is cut off there."""

from __future__ import annotations

import json

import doppelganger_ops as ops
from doppelganger_ops import Status, events
from doppelganger_ops.schemas import problems
from tests.integration.embedding import in_phase, nothing_left
from tests.integration.kube_application import KubeApplication


def well(result: ops.Outcome[ops.Target]) -> ops.Target:
    """The one target of a run that left no process behind, and whose JSON is what the schema says."""
    assert problems("run", json.loads(result.to_json())) == []
    nothing_left(result.run.id)
    return result.targets["app"]


def test_prepare_and_deploy(kube: KubeApplication) -> None:
    assert ops.prepare(inventory=kube.inventory).raise_for_status().status is Status.UNCHANGED
    handle = ops.deploy.start(version="v0.1.0", inventory=kube.inventory)
    target = well(handle.wait())
    assert (target.status, target.version) == (Status.OK, "v0.1.0")
    waited = [event.detail for event in handle.events() if isinstance(event, events.Waiting) and event.detail]
    assert [detail for detail in waited if "pod" in detail or "replica" in detail], waited


def test_verify_releases_lock_and_unlock(kube: KubeApplication) -> None:
    assert well(ops.verify(inventory=kube.inventory)).status is Status.UNCHANGED
    assert ops.lock(reason="maintenance", inventory=kube.inventory).status is Status.OK
    known = ops.releases(inventory=kube.inventory).targets["app"]
    assert (known.current, (known.lease or {})["purpose"]) == ("0001-v0.1.0", "maintenance")
    assert ops.unlock(reason="done", inventory=kube.inventory).status is Status.OK


def test_monitor(kube: KubeApplication) -> None:
    handle = ops.monitor.start(inventory=kube.inventory)
    target = well(handle.wait())
    measured = [event.name for event in handle.events() if isinstance(event, events.MetricMeasured)]
    assert measured == [metric.name for metric in target.metrics]
    by_name = {metric.name: metric for metric in target.metrics}
    assert (by_name["service_up"].state, by_name["service_up"].source) == ("pass", "containers")
    # what else it measures is this machine's, which may be busy
    assert (target.status, target.failure is None) in ((Status.UNCHANGED, True), (Status.FAILED, False))


def test_a_cancelled_deployment_is_recovered_from_by_a_rollback(kube: KubeApplication) -> None:
    handle = ops.deploy.start(version="v0.2.0", inventory=kube.inventory)
    in_phase(handle, "apply", handle.cancel)
    assert well(handle.wait(60)).status is Status.CANCELLED
    target = well(ops.rollback(release="v0.1.0", inventory=kube.inventory))
    assert target.status in (Status.OK, Status.UNCHANGED), target.message
    assert target.recovered is not None


def test_backup_and_restore(kube: KubeApplication) -> None:
    taken = well(ops.backup(inventory=kube.inventory)).backup
    assert taken is not None
    assert well(ops.restore(backup=taken, confirm=kube.name, inventory=kube.inventory)).status is Status.OK
