# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The key by which Prometheus and the exporter of the host know each other.

That exporter is in the host's own network, where every container of every project can connect to it; so it answers
only to who holds this key. One file with a key and its certificate serves both ends.
"""

from __future__ import annotations

from pathlib import Path

from ..core import _command
from ..core._errors import OpsError, Refused

#: whom the certificate is for, and where it is in the folder of the monitoring
NAME, PAIR = "monitoring", "secrets/host/pair.pem"
_DAYS = 3650
#: made again when it is about to end, in seconds
_SOON = 90 * 24 * 3600


def pair(path: Path) -> str:
    """The key and the certificate: those that are there, or else new ones."""
    if path.is_file() and _is_valid(path):
        return path.read_text(encoding="utf-8")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    argv = ["openssl", "req", "-x509", *curve, *names, "-days", str(_DAYS), "-keyout", "/dev/stdout"]
    try:
        return _command.run(argv, doing="Making the key of the host's exporter", timeout=60)
    except OpsError as error:
        raise Refused(
            f"The exporter of the host needs a key. {error.message}",
            reason=error.reason,
            hint="Install openssl (1.1.1 or later) on the target, or take host out of observe_exporters.",
        ) from error


def _is_valid(path: Path) -> bool:
    argv = ["openssl", "x509", "-noout", "-checkend", str(_SOON), "-in", str(path)]
    try:
        _command.run(argv, doing="Looking how long the key of the host's exporter is valid", timeout=20)
    except OpsError:
        return False
    return True
