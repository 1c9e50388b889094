# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Jobs that migrate a database: how they are found, and removed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from ..api._errors import Conflict
from ..api._namespace import Cluster
from ..api._objects import APPLICATION_LABEL, KIND_LABEL, Object

#: what one said is kept under this name in the folder of its release
LOG = "migration.json"


def remove(cluster: Cluster, found: Iterable[Object]) -> None:
    """Take these Jobs and their pods away."""
    for job in found:
        about = job["metadata"]
        with suppress(Conflict):  # another one has its name by now
            cluster.delete("batch/v1", "Job", about["name"], uid=about["uid"], propagation="Foreground")


def jobs(cluster: Cluster, app_name: str) -> list[Object]:
    """Find them, as far as their names are concerned."""
    found, _ = cluster.list("batch/v1", "Job", labels=labelled(app_name), only_metadata=True)
    return found


def labelled(app_name: str) -> str:
    """Select them."""
    return f"{APPLICATION_LABEL}={app_name},{KIND_LABEL}=migration"
