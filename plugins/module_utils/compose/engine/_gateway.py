# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where containers reach the host that they run on."""

from __future__ import annotations

import fcntl
import socket
import struct

from ...core import _command
from ...core._errors import OpsError

#: SIOCGIFADDR of ioctl
_ADDRESS_OF_A_DEVICE = 0x8915


def gateway() -> str:
    """The address by which containers reach the host: that of the engine's bridge.

    The engine names it only once a container was there; before that its device is asked. None would mean every address.
    """
    shown = '{{(index .IPAM.Config 0).Gateway}},{{index .Options "com.docker.network.bridge.name"}}'
    asked = ["docker", "network", "inspect", "bridge", "--format", shown]
    said = _command.run(asked, doing="Asking for the address of the host", timeout=20)
    address, _, device = said.strip().partition(",")
    return address or _address_of(device)


def _address_of(device: str) -> str:
    request = struct.pack("256s", device.encode()[:15])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            return socket.inet_ntoa(fcntl.ioctl(probe, _ADDRESS_OF_A_DEVICE, request)[20:24])
    except OSError as error:
        raise OpsError(
            f"Expected the bridge of the engine to have an address, found none of {device!r}: {error}.",
            reason="engine_failed",
            hint="See that the engine has its default bridge (docker network inspect bridge).",
        ) from error
