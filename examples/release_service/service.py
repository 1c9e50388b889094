"""A release service with one endpoint: it deploys a version and streams what happens, a line of JSON for each event.

    RELEASE_SERVICE_TOKEN=... python -m examples.release_service.service inventories/mine

    curl --no-buffer -H "Authorization: Bearer $RELEASE_SERVICE_TOKEN" -d '{"version": "v0.2.0"}' \
        http://127.0.0.1:8090/releases
"""

from __future__ import annotations

import argparse
import hmac
import json
import os

from aiohttp import web

import doppelganger_ops as ops

INVENTORY = web.AppKey("inventory", str)
TOKEN = web.AppKey("token", str)


async def release(request: web.Request) -> web.StreamResponse:
    """Deploy the version that the body names."""
    expected = f"Bearer {request.app[TOKEN]}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        raise web.HTTPUnauthorized(text="a token is required\n")
    try:
        version = (await request.json())["version"]
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(text='expected {"version": "v0.2.0"}\n') from None
    try:
        handle = ops.deploy.start(version=version, reason="release service", inventory=request.app[INVENTORY])
    except ops.NeverRan as error:
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
    made = web.Application()
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
