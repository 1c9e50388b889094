"""Who is told of alerts: a webhook and a mail server of the tests' own, which keep what they are told."""

from __future__ import annotations

import email
import email.policy
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Told:
    """What came in: for each message its time, its alerts by name and status, and what it was."""

    messages: list[tuple[float, set[tuple[str, str]], Any]] = field(default_factory=list)

    def add(self, alerts: set[tuple[str, str]], what: Any) -> None:
        self.messages.append((time.time(), alerts, what))

    def of(self, alert: str, status: str, since: float = 0.0) -> list[Any]:
        """The messages that told of an alert."""
        return [what for at, alerts, what in list(self.messages) if at >= since and (alert, status) in alerts]

    def names(self, since: float = 0.0) -> set[str]:
        """The alerts that were told of."""
        return {name for at, alerts, _ in list(self.messages) if at >= since for name, _ in alerts}

    def wait(self, alert: str, status: str, since: float, seconds: float = 45) -> Any:
        """The first message that tells of it."""
        deadline = time.monotonic() + seconds
        while not (found := self.of(alert, status, since)):
            assert time.monotonic() < deadline, f"nobody told that {alert} is {status}: {self.messages}"
            time.sleep(0.1)
        return found[0]


class Webhook(Told):
    """Takes what Alertmanager posts; only with the token. Containers know the host by another name than pods do."""

    def __init__(self, host: str, token: str, known_as: str = "host.docker.internal") -> None:
        super().__init__()
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                is_known = self.headers["Authorization"] == f"Bearer {token}"
                if is_known:
                    told.add({(one["labels"]["alertname"], one["status"]) for one in body["alerts"]}, body)
                self.send_response(200 if is_known else 401)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                del args

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{known_as}:{self._server.server_port}/alerts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Mailbox(Told):
    """Takes e-mails. An alert is named in the subject; the status is that of the whole message."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self.address = f"host.docker.internal:{port}"
        self._controller = Controller(self, hostname=host, port=port)
        self._controller.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        del server, session
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        status, _, names = message["Subject"].removeprefix("[").partition("] ")
        alerts = {(name.strip(), status.lower()) for name in names.partition(": ")[2].split(",")}
        self.add(alerts, {"to": envelope.rcpt_tos, "subject": message["Subject"], "text": text_of(message)})
        return "250 Message accepted for delivery"

    def close(self) -> None:
        self._controller.stop()


def telling(pager: Webhook, mailbox: Mailbox) -> dict[str, Any]:
    """The variables by which these two are told, so soon that a test can wait for it."""
    return {
        "observe_interval": 1.0, "observe_blind_after": 60.0, "observe_keep_firing": 5.0,
        "observe_timing": {"page": {"wait": 1, "interval": 2}, "email": {"wait": 1, "interval": 2}},
        "observe_webhook_url": pager.url,
        "observe_email_to": ["ops@example.com"], "observe_email_from": "alerts@example.com",
        "observe_smtp_host": mailbox.address, "observe_smtp_tls": False,
    }  # fmt: skip


def text_of(message: EmailMessage) -> str:
    """The text of an e-mail."""
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""


def until(what: str, happened: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something; an error says what did not happen."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.1)
