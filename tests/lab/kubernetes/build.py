"""The cluster's programs: built once from Debian's source package, and kept."""

import hashlib
import os
from pathlib import Path

from tests.lab import debian
from tests.lab.lock import alone
from tests.lab.paths import CACHE, HERE, folder
from tests.lab.steps import run, step

RECIPE = HERE / "kubernetes" / "binaries"
PATCHES = HERE / "kubernetes" / "patches"
KEPT = CACHE / "kubernetes"
BUILT = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"]
TOOLS = ["dpkg-dev", "gcc", "golang-go", "jq", "libc6-dev", "make", "patch", "rsync", "xz-utils"]


@alone("lock-build")
def ensure() -> Path:
    """The folder of the programs: what is built, and etcd, kubectl and pause."""
    kept = KEPT / f"programs-{recipe()}"
    if not kept.exists():
        debian.install(TOOLS)
        _build(kept)
    return kept


def recipe() -> str:
    parts = [RECIPE, *sorted(PATCHES.glob("*.patch"))]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]


def _build(kept: Path) -> None:
    partial = folder(KEPT) / "partial"
    with step("build Kubernetes from Debian's source package (5 to 10 minutes)"):
        # every core is taken for minutes: others go first
        run(["nice", "-n", "15", RECIPE, partial, *BUILT], env={**os.environ, **debian.QUIET})
    for stale in KEPT.glob("programs-*"):
        run(["rm", "-r", stale])
    partial.rename(kept)
