"""A release service with one endpoint: it deploys a version and streams what happens, a line of JSON for each event.

    RELEASE_SERVICE_TOKEN=... python -m examples.release_service.service inventories/mine

    curl --no-buffer -H "Authorization: Bearer $RELEASE_SERVICE_TOKEN" -d '{"version": "v0.2.0"}' \
        http://127.0.0.1:8090/releases
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
from typing import Any

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

import doppelganger_ops as ops

INVENTORY = web.AppKey("inventory", str)
TOKEN = web.AppKey("token", str)
#: how a body ends that is not what its headers say
BROKEN = (web.RequestPayloadError, ClientPayloadError, HttpProcessingError)


#: a body has at most so many bytes, and has to be there after so many seconds
MOST_BYTES, PATIENCE = 4096, 10.0


async def version_of(request: web.Request) -> str:
    """The version that the body names; a body that is anything else, or does not come, is the client's mistake."""
    try:
        async with asyncio.timeout(PATIENCE):
            version = read(await request.read())
    except (ValueError, RecursionError, TimeoutError, OSError, web.HTTPRequestEntityTooLarge, *BROKEN):
        raise web.HTTPBadRequest(text='expected {"version": "v0.2.0"} and nothing else\n') from None
    return version


def read(body: bytes) -> str:
    """The version out of a body; what JSON leaves to its readers, such as a key that is there twice, is an error."""
    found = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    if not isinstance(found, dict) or list(found) != ["version"] or not isinstance(found["version"], str):
        raise ValueError("expected a version and nothing else")
    return found["version"]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


async def release(request: web.Request) -> web.StreamResponse:
    """Deploy the version that the body names."""
    expected = f"Bearer {request.app[TOKEN]}"
    # what is no UTF-8 in a header are surrogates here
    given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
    if not hmac.compare_digest(given, expected.encode()):
        raise web.HTTPUnauthorized(text="a token is required\n")
    version = await version_of(request)
    try:
        handle = ops.deploy.start(version=version, reason="release service", inventory=request.app[INVENTORY])
    except ops.InputError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error

    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    # a client that hangs up ends the stream and not the deployment
    async for event in handle.events_async():
        await response.write(f"{json.dumps(event.to_dict())}\n".encode())
    try:
        last = (await handle).to_json()
    except ops.OpsError as error:
        last = json.dumps({"error": type(error).__name__, "message": str(error)})
    await response.write(f"{last}\n".encode())
    return response


def application(inventory: str, token: str) -> web.Application:
    """The service."""
    made = web.Application(client_max_size=MOST_BYTES)
    made[INVENTORY] = inventory
    made[TOKEN] = token
    made.router.add_post("/releases", release)
    return made


def main() -> None:
    """Serve on the loopback interface; what else it needs (TLS, a login) is a proxy's."""
    parser = argparse.ArgumentParser(prog="python -m examples.release_service.service")
    parser.add_argument("inventory")
    parser.add_argument("--port", type=int, default=8090)
    options = parser.parse_args()
    web.run_app(
        application(options.inventory, os.environ["RELEASE_SERVICE_TOKEN"]), host="127.0.0.1", port=options.port
    )


if __name__ == "__main__":
    main()
