"""PostgreSQL and Redis as sources."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import NotThere, TimedOut
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._metric import SOURCES
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics._values import sample
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._observation import Observation
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._postgres import (
    Postgres,
    answers_in,
    numbers_in,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.metrics.readers._redis import Redis, parsed_info
from ansible_collections.doppelganger.ops.plugins.module_utils.running._project import ExecResult
from tests.unit.support.metric_sources import plain_project, wait_for


def sql(calc: str = "value", query: str = "SELECT 1", **more: Any) -> dict[str, Any]:
    return {
        **{name: option.default for name, option in SOURCES["postgres"].items()},
        "calc": calc,
        "query": query,
        **more,
    }


def ask(project: Any, **asked: dict[str, Any]) -> dict[str, Observation]:
    source = Postgres({"service": "db", "user": "u", "database": "d"}, project)
    return wait_for(source.look({name: (options, 60.0) for name, options in asked.items()}, 2))


def test_all_queries_go_in_one_call() -> None:
    project = plain_project(results=[ExecResult(0, "@@metric 0\n12.5\n@@metric 1\n7|100\n")])
    found = ask(project, pool=sql(), time=sql("ratio", "SELECT 7, 100"))
    assert (found["pool"].series, found["time"].series) == ({"": (12.5,)}, {"": (7, 100)})
    [command] = project.commands
    assert command[command.index("-c") :] == [
        "-c", "\\echo @@metric 0", "-c", "SELECT 1", "-c", "\\echo @@metric 1", "-c", "SELECT 7, 100",
    ]  # fmt: skip


def test_a_query_that_fails_is_asked_alone_and_takes_no_other_along() -> None:
    together = ExecResult(0, 'ERROR:  relation "x"\n@@metric 0\n@@metric 1\n3\n')
    alone = ExecResult(1, 'ERROR:  relation "x" does not exist')
    found = ask(plain_project(results=[together, alone, ExecResult(0, "3\n")]), bad=sql(), good=sql(query="SELECT 3"))
    assert found["bad"].error == 'the query failed: ERROR: relation "x" does not exist'
    assert found["bad"].final
    assert found["good"].series == {"": (3,)}


REFUSED = ExecResult(2, "psql: error: FATAL:  sorry, too many clients already")


@pytest.mark.parametrize(
    ("result", "said"),
    [(REFUSED, "too many clients"), (NotThere("No container of db is running."), "No container"),
     (TimedOut("psql in db was still running after 2 s."), "still running")],
)  # fmt: skip
def test_a_server_that_takes_no_connection_is_a_failure_and_hides_the_rest(result: Any, said: str) -> None:
    found = ask(plain_project(results=[result]), failures=sql("failures"), pool=sql())
    assert found["failures"].series == {"": (1.0,)}
    assert said in found["failures"].note
    assert said in found["pool"].error
    assert not found["pool"].final


def test_a_server_that_answers_is_no_failure() -> None:
    found = ask(plain_project(results=[ExecResult(0, "@@metric 0\n1\n")]), failures=sql("failures"))
    assert found["failures"].series == {"": (0.0,)}


def test_without_the_client_nothing_can_be_told() -> None:
    found = ask(plain_project(results=[ExecResult(127, "psql: not found")]), failures=sql("failures"))
    assert "psql cannot be run in db" in found["failures"].error
    assert found["failures"].final


@pytest.mark.parametrize(
    ("lines", "needed", "series", "error"),
    [
        (["5"], 1, {"": (5,)}, ""),
        (["a|5", "b|7"], 1, {"a": (5,), "b": (7,)}, ""),
        # a number may be a name as well
        (["41|7000", "42|3"], 1, {"41": (7000,), "42": (3,)}, ""),
        (["41|x|5|6"], 2, {"41|x": (5, 6)}, ""),
        ([], 1, {}, ""),
        (["a|"], 1, {}, ""),
        (["a||6", "b|5|"], 2, {}, ""),
        (["|5"], 1, {"": (5,)}, ""),
        (["NaN"], 1, {"": (pytest.approx(float("nan"), nan_ok=True),)}, ""),
        (["many"], 1, {}, "the query answered 'many', expected a number at the end of each row"),
        (["5|many"], 1, {}, "the query answered '5|many', expected a number at the end of each row"),
        (["5"], 2, {}, "the query answered '5', expected 2 numbers at the end of each row"),
        (["a|5"], 2, {}, "the query answered 'a|5', expected 2 numbers at the end of each row"),
    ],
)
def test_rows_are_series(lines: list[str], needed: int, series: dict[str, Any], error: str) -> None:
    found = numbers_in(1.0, lines, needed)
    assert (dict(found.series), found.error, found.final) == (series, error, bool(error))


def test_rows_that_cannot_be_told_apart_are_an_error() -> None:
    found = numbers_in(1.0, ["7000", "3"])
    assert (found.error, found.final) == (
        "the query answered several rows named '', expected columns before the numbers that differ",
        True,
    )


def test_the_calculation_says_how_many_numbers_a_row_has() -> None:
    project = plain_project(results=[ExecResult(0, "@@metric 0\n41|7000\n42|3\n@@metric 1\n7\n")])
    found = ask(project, backlog=sql(), share=sql("ratio"))
    assert sample(found["backlog"], None, sql(), "above").value == 7000
    assert "expected 2 numbers" in found["share"].error


def test_null_is_no_data_or_of_no_concern() -> None:
    [lines] = answers_in("@@metric 0\n\n", 1)
    found = numbers_in(1.0, lines)
    assert sample(found, None, sql(), "above").state == "inconclusive"
    assert sample(found, None, sql(empty="not_applicable"), "above").state == "skipped"


# Redis

INFO = "# Stats\r\nkeyspace_hits:90\r\nkeyspace_misses:10\r\nused_memory:50\r\nmaxmemory:0\r\nrole:master\r\n"


def info(calc: str = "value", field: str = "used_memory", **more: Any) -> dict[str, Any]:
    return {**{name: option.default for name, option in SOURCES["redis"].items()}, "calc": calc, "field": field, **more}


async def _with_redis(reply: bytes, work: Any, password: str = "") -> tuple[Any, list[bytes]]:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if password:
            heard.append(await reader.read(200))
            writer.write(b"+OK\r\n" if password.encode() in heard[-1] else b"-WRONGPASS no\r\n")
        heard.append(await reader.read(200))
        writer.write(reply)
        await writer.drain()
        writer.close()

    served = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with served:
        found = await work(served.sockets[0].getsockname()[1]), heard
        await asyncio.sleep(0.05)  # for the server's side to close as well
        return found


def look(reply: bytes, password: str = "", given: str = "", **asked: dict[str, Any]) -> dict[str, Observation]:
    def source(port: int) -> Awaitable[dict[str, Observation]]:
        if given:
            project = plain_project(addresses=[("r", ("127.0.0.1", port))], environment={"PW": given})
            made = Redis({"service": "redis", "port": port, "password_env": "PW"}, project)
        else:
            made = Redis({"host": "127.0.0.1", "port": port}, plain_project())
        return made.look({name: (options, 60.0) for name, options in asked.items()}, 2)

    found, _ = asyncio.run(_with_redis(reply, source, password))
    return found  # type: ignore[no-any-return]  # what work gives


def bulk(text: str) -> bytes:
    return f"${len(text)}\r\n{text}\r\n".encode()


def test_fields_of_info_are_numbers() -> None:
    share = info("ratio", "keyspace_hits", over=("keyspace_hits", "keyspace_misses"))
    lost, role = info(field="no_such"), info(field="role")
    found = look(bulk(INFO), used=info(), full=info(over=("maxmemory",)), lost=lost, role=role, hits=share)
    assert found["used"].series == {"": (50,)}
    assert sample(found["full"], None, info(), "above").state == "inconclusive"
    assert found["lost"].note == "no data: INFO has no number no_such"
    assert found["role"].note == "no data: INFO has no number role"
    assert found["hits"].series == {"": (90, 100)}


def test_a_password_comes_from_the_container() -> None:
    assert look(bulk(INFO), "geheim", "geheim", used=info())["used"].series == {"": (50,)}
    refused = look(bulk(INFO), "geheim", "falsch", used=info())["used"]
    assert "refuses the password" in refused.error
    assert refused.final
    assert "falsch" not in refused.error


def test_an_answer_that_is_none() -> None:
    assert "wants a password" in look(b"-NOAUTH no\r\n", used=info())["used"].error
    assert "still loading" in look(b"-LOADING\r\n", used=info())["used"].error
    assert "closed the connection" in look(b"$900\r\nhalf", used=info())["used"].error


def test_nobody_there() -> None:
    found = wait_for(Redis({"host": "127.0.0.1", "port": 9}, plain_project()).look({"one": (info(), 1.0)}, 2))
    assert "nothing is listening at 127.0.0.1:9" in found["one"].error


def test_info_is_parsed() -> None:
    assert parsed_info(INFO)["keyspace_hits"] == "90"
