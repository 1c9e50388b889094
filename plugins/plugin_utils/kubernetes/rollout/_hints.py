# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do about a verdict: a table by reason, and by words where a reason has several causes."""

from __future__ import annotations

import re

from ._scene import Readiness

_STORAGE = "Check the claim, its storage class and who provisions it: kubectl describe persistentvolumeclaim."
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("ImagePull", "", "Check that the image is in the registry and that the cluster may pull it (imagePullSecrets)."),
    ("QuotaExceeded", "", "Raise the quota of the namespace, or ask for less in the manifests."),
    ("AdmissionRefused", "", "Change the manifest as the message says, or ask who is in charge of the policy."),
    ("ServiceAccountMissing", "", "Add the ServiceAccount to the manifests, or fix serviceAccountName."),
    ("ClaimMissing", "", "Add the PersistentVolumeClaim to the manifests, or fix claimName."),
    ("Unschedulable", "unbound|volume node affinity|volume binding", _STORAGE),
    ("Unschedulable", "Insufficient|Too many pods", "Free or add nodes, or ask for less in the manifests."),
    (
        "Unschedulable", "taint|node selector|node affinity",
        "Check nodeSelector, affinity and tolerations of the manifest against the labels and taints of the nodes.",
    ),
    ("Unschedulable", "free ports", "Two pods with the same hostPort need two nodes: change hostPort or replicas."),
    ("Unschedulable", "", "Free or add nodes, or ask for less in the manifests."),
    ("OOMKilled", "", "Raise the container's memory limit, or find out why it needs more."),
    ("FailedMount", "not found|non-existent|find key", "Add what is missing to the manifests."),
    ("FailedMount", "", "Check the volume and what it is stored on: kubectl describe pod has its events."),
    ("FailedAttachVolume", "", "Check the volume and which node still has it: kubectl get volumeattachments."),
    (
        "CreateContainerConfigError", "not found|non-existent|find key",
        "Add the ConfigMap or Secret or its key to the manifests.",
    ),
    ("CreateContainerConfigError", "root|uid|user", "Fix securityContext in the manifest, or the user of the image."),
    ("ContainerCannotRun", "", "Check command and args in the manifest against what is in the image."),
    ("StartError", "", "Check command and args in the manifest against what is in the image."),
    ("EndpointsNotReady", "none of its containers", "Fix targetPort of the Service or the ports of the container."),
    ("EndpointsNotReady", "", "Compare the selector and the ports of the Service with the pods."),
    ("Paused", "", "Resume it (kubectl rollout resume), or take `paused` out of the manifest."),
    ("Failed", "nothing starts them again", "Delete the pod, then run the deployment again."),
    ("Missing", "", "Run the deployment again."),
)  # fmt: skip


def hint_for(one: Readiness, otherwise: str) -> str:
    """What to do next; ``otherwise`` where nothing fits."""
    fitting = (hint for name, words, hint in _TABLE if name in one.reason and re.search(words, one.detail, re.I))
    return next(fitting, otherwise)
