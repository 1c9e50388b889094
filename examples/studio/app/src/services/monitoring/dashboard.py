"""The dashboard: the state of the application and of what it needs, on one page on port 3000."""

from src import client, log, page, settings, web


def states() -> list[tuple[str, str]]:
    """Each part with its state; a part that cannot be asked is part of the picture, not an error of the dashboard."""
    try:
        health = client.health()
        rows = [("application", health.pop("status")), *health.items()]
        return [*rows, ("memory", str(client.memory()))]
    except (OSError, ValueError) as error:
        return [("application", f"cannot be reached: {error}")]


def answer(request: web.Request) -> web.Answer:
    match request.path:
        case "/health":
            return web.as_json({"status": "ok", "version": settings.VERSION})
        case "/":
            return web.Answer(page.page("DOPPELGANGER STUDIO: dashboard", page.table(states()), refresh=5))
    return web.as_json({"error": f"no {request.path} here"}, 404)


if __name__ == "__main__":
    log.setup()
    web.serve(settings.DASHBOARD_PORT, answer)
