"""The few requests which the lab itself makes: over the standard library, since importing a client takes a second."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from tests.lab.kubernetes.place import API_PORT, Place
from tests.lab.steps import LabError


class Api:
    def __init__(self, place: Place) -> None:
        self._address = place.address
        self._context = ssl.create_default_context(cafile=str(place.certificate("ca")))
        self._context.load_cert_chain(place.certificate("admin"), place.key("admin"))

    def get(self, path: str) -> Any:
        """The object at a path; None when it is not there or nobody answers."""
        try:
            return json.loads(self._read("GET", path))
        except (LabError, OSError, HTTPException):
            return None

    def ready(self) -> bool:
        try:
            self._read("GET", "/readyz")
        except (LabError, OSError, HTTPException):
            return False
        return True

    def create(self, path: str, content: Mapping[str, Any]) -> None:
        self._read("POST", path, json.dumps(content))

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        """What happens at a path, until the server ends the answer."""
        connection, response = self._ask("GET", path, None, timeout=None)
        with closing(connection):
            for line in response:
                yield json.loads(line)

    def _read(self, method: str, path: str, body: str | None = None) -> bytes:
        connection, response = self._ask(method, path, body, timeout=5)
        with closing(connection):
            return response.read()

    def _ask(
        self, method: str, path: str, body: str | None, *, timeout: float | None
    ) -> tuple[HTTPSConnection, HTTPResponse]:
        connection = HTTPSConnection(self._address, API_PORT, context=self._context, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status >= 300:
                raise LabError(f"{method} {path}: expected success, found {response.status}: {response.read()!r}")
        except BaseException:
            connection.close()
            raise
        return connection, response
