"""The release service of the examples, and the examples of the documentation, on the real engine."""

from __future__ import annotations

import asyncio
import doctest
import io
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer

import doppelganger_ops as ops
from examples.release_service.service import application
from tests.integration.application import ROOT, Application

TOKEN = {"Authorization": "Bearer token"}


async def _post(server: BaseTestServer, body: Any, headers: dict[str, str]) -> tuple[int, list[str]]:
    async with (
        ClientSession() as session,
        session.post(server.make_url("/releases"), json=body, headers=headers) as answer,
    ):
        return answer.status, [line.decode() async for line in answer.content]


async def _talk(pages: Application) -> dict[str, tuple[int, list[str]]]:
    async with TestServer(application(str(pages.inventory), "token")) as server:
        return {
            "stranger": await _post(server, {"version": "1.0"}, {}),
            "nonsense": await _post(server, ["1.0"], TOKEN),
            "number": await _post(server, {"version": 1}, TOKEN),
            "refused": await _post(server, {"version": "{{ 1 }}"}, TOKEN),
            "deployed": await _post(server, {"version": "1.0"}, TOKEN),
        }


def test_a_request_deploys_and_streams_what_happens(pages: Application) -> None:
    answers = asyncio.run(_talk(pages))
    assert [answers[name][0] for name in ("stranger", "nonsense", "number")] == [401, 400, 400]
    assert json.loads(answers["refused"][1][-1])["status"] == "refused"
    *happened, last = map(json.loads, answers["deployed"][1])
    began = [event["phase"] for event in happened if event["event"] == "PhaseStarted"]
    assert began == ["preflight", "lease", "images", "backup", "migrate", "apply", "verify", "record"]
    assert (last["status"], last["targets"]["app"]["version"]) == ("ok", "1.0")
    assert pages.current()["version"] == "1.0"


def test_the_examples_of_the_documentation(pages: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where version 1.0 runs, as the page assumes."""
    (tmp_path / "inventories/mine").mkdir(parents=True)
    (tmp_path / "inventories/mine/hosts.yml").write_text(pages.inventory.read_text())
    monkeypatch.chdir(tmp_path)
    ops.deploy(version="1.0", inventory=pages.inventory).raise_for_status()
    text = (ROOT / "docs/python-api.md").read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_doctest(text, {}, "python-api.md", "docs/python-api.md", 0)
    said = io.StringIO()
    done = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.write)
    assert done.attempted > 15
    assert done.failed == 0, said.getvalue()
