"""HTML, as little as will do."""

from collections.abc import Iterable
from html import escape
from typing import Any

_STYLE = "body {font: 16px sans-serif; margin: 3em} td {padding: .2em 1.5em .2em 0}"


def page(title: str, *parts: str, refresh: int | None = None) -> str:
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    head = f'<meta charset="utf-8">{again}<title>{escape(title)}</title><style>{_STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"


def table(rows: Iterable[tuple[Any, ...]]) -> str:
    lines = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
