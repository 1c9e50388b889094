"""The demonstration on Kubernetes: the same story, on the cluster of KUBECONFIG or the one of the lab.

Everything it makes lies in ``.demo-kubernetes`` of the checkout, in the namespace ``doppelganger-demo`` and in the
repository ``doppelganger-studio/app`` of the registry. ``--clean`` removes the first two, and the images from the
engine; what was pushed stays in the registry, which is the lab's: ``make lab-down`` takes it away.
"""

from __future__ import annotations

import json
import os
import sys

from examples.studio import story
from tests.lab import registry
from tests.lab.kubernetes import cluster, place

NAMESPACE = "doppelganger-demo"
# a namespace of this name that somebody else made is neither used nor removed
LABEL = "doppelganger.ops/demo=studio"
NEXT = """\
  kubectl --namespace doppelganger-demo port-forward service/doppelganger-service 8000:80      the studio, on port 8000
  .venv/bin/ansible-playbook -i inventories/kubernetes_local playbooks/verify.yml              the checklist
  .venv/bin/ansible-playbook -i inventories/kubernetes_local playbooks/deploy.yml -e version=v0.2.1 --check --diff
  .venv/bin/ansible-playbook -i inventories/kubernetes_local playbooks/backup.yml              and restore.yml
  kubectl --namespace doppelganger-demo rollout history deployment/doppelganger-app            with the causes
  make demo-kubernetes-clean                                                                   takes it all away
"""


def registry_address() -> str:
    """The registry that the inventory names: the lab's, unless the environment has another one."""
    return os.environ.get("STUDIO_REGISTRY") or f"127.0.0.1:{registry.OPEN}"


def prepare() -> None:
    """Make the namespace; nothing else in the cluster is the demo's."""
    if not os.environ.get("STUDIO_REGISTRY"):
        registry.ensure()
    found = cluster.ensure()
    if not found.kubectl("get", "namespace", "--selector", LABEL, "--output", "name"):
        name, _, value = LABEL.partition("=")
        metadata = {"name": NAMESPACE, "labels": {name: value}}
        wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        found.kubectl("create", "--filename", "-", stdin=json.dumps(wanted))


def clean() -> None:
    """Remove the namespace with all that is in it, and the images which the engine has of it."""
    if os.environ.get("KUBECONFIG") or place.FOLDER.exists():
        cluster.ensure().kubectl("delete", "namespace", "--selector", LABEL, timeout=300)
    story.remove_images(f"{registry_address()}/doppelganger-studio/app")


STAGE = story.Stage(
    about=__doc__,
    inventory="inventories/kubernetes_local",
    home=story.ROOT / ".demo-kubernetes",
    prepare=prepare,
    clean=clean,
    next=NEXT,
)

if __name__ == "__main__":
    sys.exit(story.tell(STAGE))
