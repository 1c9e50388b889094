"""A browser without a window, to look at pages with: the one of this machine, or Debian's."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.lab import debian
from tests.lab.steps import LabError

#: the programs that will do, the lightest first
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium-headless-shell"
#: what the console says without anything being wrong
QUIET = ("verbose", "info", "log", "debug")
#: what it says of the machine and not of the page: whenever an interface comes or goes, as with each container network
NOT_OF_THE_PAGE = "net::ERR_NETWORK_CHANGED"
#: the browser reads from 3 and writes to 4
_ON_3_AND_4 = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def ensure() -> Path:
    """The path of a browser of the Chromium family."""
    found = _found()
    if found is None and debian.may_install():
        debian.install([PACKAGE])
        found = _found()
    if found is None:
        raise LabError(f"There is no browser here. Install one of {', '.join(PROGRAMS)}.")
    return found


def _found() -> Path | None:
    return next((Path(path) for name in PROGRAMS if (path := shutil.which(name))), None)


class Browser:
    """One page of a browser, over its debugging pipe: a JSON text and a zero byte each way."""

    def __init__(self, to: IO[bytes], back: IO[bytes]) -> None:
        self._to = to
        self._back = back
        self._number = 0
        self._session: str | None = None
        #: what the page complained about, and the addresses that it asked for
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser for something and give its answer; what happens meanwhile is noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found

    def _read(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("the browser has ended")
            text += byte
        found: dict[str, Any] = json.loads(text)
        self._note(str(found.get("method")), found.get("params") or {})
        return found

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Log.entryAdded" and params["entry"]["level"] not in QUIET:
            if NOT_OF_THE_PAGE not in params["entry"]["text"]:
                self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"].get("text")))
        elif method == "Runtime.consoleAPICalled" and params["type"] not in QUIET:
            self.complaints.append(str(params["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def open(
        self, page: Path | str, width: int, *, height: int = 800, dark: bool = False, media: str = "screen"
    ) -> None:
        """Show a file, or what is at an address, in a window of this size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self._loaded = False
        self.call("Page.navigate", url=page if isinstance(page, str) else page.resolve().as_uri())
        while not self._loaded:
            self._read()

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is on the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def until(self, expression: str, seconds: float) -> None:
        """Wait until a JavaScript expression is true on the page."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"not so after {seconds} s: {expression}\n{self.value('document.body.innerText')}")
            time.sleep(0.1)

    def picture(self, path: Path) -> None:
        """Keep a picture of the whole page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser, ended and forgotten afterwards."""
    read_there, write_here = os.pipe()
    read_here, write_there = os.pipe()
    # what it still writes while it ends is of no interest
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as home:
        options = ["--remote-debugging-pipe", f"--user-data-dir={home}", "--headless", "--no-sandbox", "--disable-gpu",
                   "--no-first-run", "--hide-scrollbars", "--disable-dev-shm-usage"]  # fmt: skip
        command = [sys.executable, "-c", _ON_3_AND_4, str(read_there), str(write_there), str(ensure()), *options]
        with (
            os.fdopen(write_here, "wb") as to,
            os.fdopen(read_here, "rb") as back,
            subprocess.Popen(
                command, pass_fds=(read_there, write_there), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process,
        ):
            os.close(read_there)
            os.close(write_there)
            try:
                yield Browser(to, back)
            finally:
                process.terminate()
                process.wait(timeout=20)
