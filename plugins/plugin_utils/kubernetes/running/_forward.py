# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A managed port-forward: a port of this machine's loopback that leads to a port of a pod, until it is closed.

Each connection is a websocket of its own. The messages of one have a channel's number first: 0 carries the bytes, 1 an
error; the first message of each channel only repeats the port.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from typing import Any

from websocket import ABNF, WebSocketException

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import BrokenOff, OpsError

from ..api._namespace import Cluster

_PIECE = 16384
_PORT_SIZE = 2


class Forward:
    """Forwards until it is closed; every connection ends with it."""

    def __init__(self, cluster: Cluster, pod: str, port: int) -> None:
        self._cluster, self._pod, self._port = cluster, pod, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._open: set[socket.socket] = set()
        #: how the way to the pod failed last, None where it is the pod itself that closes connections
        self.broken: OpsError | None = None
        self._thread = threading.Thread(target=self._accept, name="forward", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the port and every connection through it."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=2)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.add(client)
                threading.Thread(target=self._serve, args=(client,), name="forward", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        # a pod that refuses looks to the client like what it is: a connection that is closed at once
        with client:
            try:
                tunnel = self._cluster.forward(self._pod, self._port)
                self.broken = None
                try:
                    _pump(client, tunnel)
                finally:
                    with contextlib.suppress(OSError, WebSocketException):
                        tunnel.shutdown()
            except OpsError as error:
                self.broken = error
            except WebSocketException as error:
                self.broken = BrokenOff(f"The connection to {self._pod} was lost:  {error}.")
            except OSError:  # of the client, which has heard enough
                pass
        self._open.discard(client)


def _pump(client: socket.socket, tunnel: Any) -> None:
    raw = tunnel.sock
    greeted: set[int] = set()
    while True:
        pending = isinstance(raw, ssl.SSLSocket) and raw.pending()
        ready = [raw] if pending else select.select([client, raw], [], [])[0]
        if client in ready:
            data = client.recv(_PIECE)
            if not data:
                return
            tunnel.send(b"\x00" + data, opcode=ABNF.OPCODE_BINARY)
        if raw in ready:
            try:
                opcode, message = tunnel.recv_data()
            except OSError as error:
                raise WebSocketException(str(error)) from error
            if opcode == ABNF.OPCODE_CLOSE:
                return
            if not message:
                continue
            channel, data = message[0], message[1:]
            if channel not in greeted:
                greeted.add(channel)
                data = data[_PORT_SIZE:]
            if channel == 1 and data:
                return
            client.sendall(data)
