"""The application's paths."""

import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from src import cache, database, faults, log, metrics, page, settings
from src.web import Answer, Request, as_json, serve


def front_page(_: Request) -> Answer:
    rows = [(project["name"], ", ".join(project.get("tags", []))) for project in database.projects()]
    facts = [("version", settings.VERSION), ("visits", cache.count_visit())]
    return Answer(page.page("DOPPELGANGER STUDIO", page.table(facts), "<h2>Projects</h2>", page.table(rows)))


def health(_: Request) -> Answer:
    states = {"database": _state(database.ping), "redis": _state(cache.ping)}
    if complaint := faults.complaint():
        states["studio"] = complaint
    well = all(state == "ok" for state in states.values())
    status = "ok" if well else "error"
    return as_json({"status": status, "version": settings.VERSION, **states}, 200 if well else 503)


def version(_: Request) -> Answer:
    return as_json({"version": settings.VERSION})


def list_projects(_: Request) -> Answer:
    return as_json({"projects": database.projects()})


def add_project(request: Request) -> Answer:
    try:
        given = _project(request.body)
    except ValueError as error:
        return as_json({"error": f'expected an object like {{"name": "...", "tags": ["..."]}}: {error}'}, 400)
    return as_json(database.add_project(given), 201)


def show_metrics(_: Request) -> Answer:
    return Answer(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


ROUTES: dict[tuple[str, str], Callable[[Request], Answer]] = {
    ("GET", "/"): front_page,
    ("GET", "/health"): health,
    ("GET", "/metrics"): show_metrics,
    ("GET", "/api/version"): version,
    ("GET", "/api/projects"): list_projects,
    ("POST", "/api/projects"): add_project,
}


def answer(request: Request) -> Answer:
    faults.before_answer(request.path)
    route = ROUTES.get((request.method, request.path))
    return route(request) if route else as_json({"error": f"no {request.method} {request.path} here"}, 404)


def main() -> None:
    log.setup()
    logging.info("DOPPELGANGER STUDIO %s starts", settings.VERSION)
    faults.at_start()
    observe = partial(metrics.observe, {path for _, path in ROUTES})
    serve(settings.PORT, answer, observe, metrics.count_connections)


def _project(body: bytes) -> dict[str, Any]:
    given = json.loads(body)
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise ValueError("it has no name")
    tags = given.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("its tags are not a list of words")
    return given


def _state(ping: Callable[[], None]) -> str:
    try:
        ping()
    except Exception as error:
        # a warning: it is the dependency that is down, and the answer says so too
        reason = str(error).strip()
        logging.warning("not healthy: %s", reason)
        return reason
    return "ok"
