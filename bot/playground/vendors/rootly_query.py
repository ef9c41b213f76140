"""Filters, sorting and JSON:API paging of Rootly's lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from bot.playground.vendors.base import moment
from bot.playground.vendors.rootly_shapes import refused

Row = dict[str, Any]
"""A JSON:API resource: id, type, attributes."""

DEFAULT_SIZE, LARGEST_SIZE = 50, 100
DEEPEST = 10_000
"""Number of rows that `page[number]` reaches in a list that also has cursors.

Beyond it, the answer is a 400.
"""
_COMPARISONS = {"gt": "__gt__", "gte": "__ge__", "lt": "__lt__", "lte": "__le__"}


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a list.

    `filters` are exact filters by attribute, `search` the attributes for `filter[search]`, and
    `sort` the sortable attributes. `times` says whether there are filters like
    `filter[created_at][gte]`.
    """

    filters: tuple[str, ...] = ("slug", "name")
    search: tuple[str, ...] = ("name",)
    sort: tuple[str, ...] = ("created_at", "updated_at")
    times: bool = True
    cursor: bool = False


def answer(request: Request, rows: Iterable[Row], query: Query) -> dict[str, Any]:
    """Return the requested page as a JSON:API document.

    Raises the 400 for a parameter that the list does not have.
    """
    found = list(rows)
    sort = ""
    for name, value in request.query_params.multi_items():
        if name == "sort":
            sort = value
        elif name.startswith("filter["):
            found = _filtered(
                found, name.removeprefix("filter[").removesuffix("]").split("]["), value, query
            )
        elif name not in ("page[number]", "page[size]", "include") and not (
            name == "page[after]" and query.cursor
        ):
            raise refused([f"{name} is not a parameter of this list"], [name], 400)
    return _page(request, _sorted(found, sort, query), query)


def _filtered(rows: list[Row], keys: Sequence[str], value: str, query: Query) -> list[Row]:
    field, operator = keys[0], keys[1] if len(keys) > 1 else "eq"
    if field == "search" and query.search:
        return [row for row in rows if _mentions(row, query.search, value)]
    if query.times and field.endswith("_at") and operator in _COMPARISONS:
        return _compared(rows, field, operator, value)
    if field not in query.filters or operator not in ("eq", "not_eq", "in", "not_in"):
        raise refused(
            [f"filter[{']['.join(keys)}] is not a filter of this list"], [f"filter[{field}]"], 400
        )
    wanted = set(value.split(","))
    return [row for row in rows if _matches(row, field, wanted) != operator.startswith("not_")]


def _mentions(row: Row, fields: Sequence[str], value: str) -> bool:
    return any(value.lower() in str(row["attributes"].get(field) or "").lower() for field in fields)


def _compared(rows: list[Row], field: str, operator: str, value: str) -> list[Row]:
    at = moment(value)
    if at is None:
        raise refused([f"filter[{field}] is not a time"], [f"filter[{field}]"], 400)
    kept = []
    for row in rows:
        own = moment(row["attributes"].get(field) or "")
        if own is not None and getattr(own, _COMPARISONS[operator])(at):
            kept.append(row)
    return kept


def _matches(row: Row, field: str, wanted: set[str]) -> bool:
    attributes = row["attributes"]
    if field == "severity_id":
        severity = attributes["severity"]
        return severity is not None and severity["data"]["id"] in wanted
    if field in ("service_ids", "environment_ids", "functionality_ids"):
        held = attributes[field.replace("y_ids", "ies").replace("_ids", "s")]
        return any(entry["data"]["id"] in wanted for entry in held)
    value = attributes.get(field)
    return (str(value).lower() if isinstance(value, bool) else str(value)) in wanted


def _sorted(rows: list[Row], sort: str, query: Query) -> list[Row]:
    for key in reversed(sort.split(",") if sort else []):
        field = key.removeprefix("-")
        if field not in query.sort:
            raise refused([f"sort by {field} is not possible"], ["sort"], 400)
        rows = sorted(rows, key=lambda row: row["attributes"][field], reverse=key.startswith("-"))
    return rows


def _page(request: Request, rows: list[Row], query: Query) -> dict[str, Any]:
    size = _number(request, "page[size]", DEFAULT_SIZE)
    if size > LARGEST_SIZE:
        raise refused([f"page[size] can't be greater than {LARGEST_SIZE}"], ["page[size]"], 400)
    number = _number(request, "page[number]", 1)
    if query.cursor and number * size > DEEPEST:
        raise refused(["page[number] is too high, use page[after]"], ["page[number]"], 400)
    begin = (number - 1) * size
    if after := request.query_params.get("page[after]"):
        begin = _after(rows, after)
        number = begin // size + 1
    shown = rows[begin : begin + size]
    total, pages = len(rows), max(1, -(-len(rows) // size))
    more = begin + size < total
    meta = {
        "current_page": number,
        "next_page": number + 1 if more else None,
        "prev_page": number - 1 if number > 1 else None,
        "total_count": total,
        "total_pages": pages,
    }
    if query.cursor:
        meta["next_cursor"] = shown[-1]["id"] if more else None
    links = {
        "self": _link(request, number, size),
        "first": _link(request, 1, size),
        "prev": _link(request, number - 1, size) if number > 1 else None,
        "next": _link(request, number + 1, size) if more else None,
        "last": _link(request, pages, size),
    }
    return {"data": shown, "links": links, "meta": meta}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise refused([f"{name} must be a positive number"], [name], 400)
    return int(text)


def _after(rows: list[Row], cursor: str) -> int:
    for index, row in enumerate(rows):
        if row["id"] == cursor:
            return index + 1
    raise refused(["page[after] is not a cursor of this list"], ["page[after]"], 400)


def _link(request: Request, number: int, size: int) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if not name.startswith("page[")
    ]
    query = urlencode([*kept, ("page[number]", number), ("page[size]", size)], quote_via=quote)
    return f"{request.url.replace(query='')}?{query}"
