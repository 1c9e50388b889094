# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections that end, and what an error of the network says."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..core._side_by_side import in_thread
from ..core._verdicts import ERROR, FAIL, Outcome

#: what a peer that is there and broken, or not there at all, causes; the rest says something about our own side
_PEER_FAILURES = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EPIPE,
    errno.EHOSTUNREACH,
    errno.ETIMEDOUT,
}


def refusal(error: Exception, where: str) -> Outcome:
    """Say what an error of the network tells: that the peer is broken, or that it could not be checked."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome(FAIL, f"the certificate of {where} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Outcome(FAIL, f"{where} does not speak TLS as expected: {error.reason or error}")
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Outcome(ERROR, f"the name in {where} cannot be resolved: {getattr(error, 'strerror', error)}")
    if isinstance(error, EOFError):
        return Outcome(FAIL, f"{where} closed the connection before an answer")
    if isinstance(error, OSError):
        # asyncio sums up several addresses in one error without a number
        broken = error.errno in _PEER_FAILURES or (error.errno is None and "Connect call failed" in str(error))
        if error.errno == errno.ECONNREFUSED or (error.errno is None and broken):
            return Outcome(FAIL, f"nothing is listening at {where}")
        return Outcome(FAIL if broken else ERROR, f"{where}: {error.strerror or error}")
    return Outcome(ERROR, f"looking at {where} went wrong: {error!r}")


async def opened(host: str, port: int) -> socket.socket:
    """A socket that is connected to the first address of a name that takes it.

    A resolver that is silent holds up a thread: not one of the loop's executor, which is waited for at the end.
    """
    loop = asyncio.get_running_loop()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    failure: OSError | None = None
    for family, kind, protocol, _name, address in found:
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure or OSError("there is no address")


@asynccontextmanager
async def connected(
    host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Keep a connection open for the length of the block."""
    connection = await opened(host, port)
    try:
        reader, writer = await asyncio.open_connection(
            sock=connection, ssl=tls, server_hostname=host if tls is not None else None
        )
    except BaseException:
        connection.close()
        raise
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
