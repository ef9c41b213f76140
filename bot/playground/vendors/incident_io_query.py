"""Filters and cursors of incident.io's lists."""

from starlette.requests import Request

from bot.playground.vendors.base import moment
from bot.playground.vendors.incident_io_data import Row
from bot.playground.vendors.incident_io_shapes import MODES, invalid

DEFAULT_SIZE, LARGEST_SIZE = 25, 250
OPERATORS = {
    "created_at": ("gte", "lte", "date_range"),
    "mode": ("one_of",),
    "severity": ("one_of", "not_in", "gte", "lte"),
    "status": ("one_of", "not_in"),
    "status_category": ("one_of", "not_in"),
    "incident_type": ("one_of", "not_in"),
}
"""The filters of incidents and their operators: `created_at[gte]=2026-11-21`."""


def check_filters(request: Request) -> None:
    """Raise the 422 for an operator or mode that is not a filter of incidents."""
    for name in request.query_params:
        field, _, operator = name.removesuffix("]").partition("[")
        if field in OPERATORS and operator not in OPERATORS[field]:
            raise invalid(field, "invalid_operator", f"{name} is not a filter of this list")
    if not set(request.query_params.getlist("mode[one_of]")) <= set(MODES):
        raise invalid("mode", "invalid_enum_value", "mode is not one of the allowed values")


def wanted(request: Request, row: Row, severities: list[Row]) -> bool:
    """Return whether an incident passes all filters.

    The stand-in does not support `filter_mode` any.
    """
    asked = request.query_params
    modes = asked.getlist("mode[one_of]") or ["standard", "retrospective"]
    severity = row.get("severity", {"id": "", "rank": -1})
    held = {
        "status": row["incident_status"]["id"],
        "status_category": row["incident_status"]["category"],
        "severity": severity["id"],
        "incident_type": row["incident_type"]["id"],
    }
    for name, value in held.items():
        if (among := asked.getlist(f"{name}[one_of]")) and value not in among:
            return False
        if value in asked.getlist(f"{name}[not_in]"):
            return False
    ranks = {row["id"]: row["rank"] for row in severities}
    least, most = (ranks.get(asked.get(f"severity[{operator}]", "")) for operator in ("gte", "lte"))
    if (least is not None and severity["rank"] < least) or (
        most is not None and severity["rank"] > most
    ):
        return False
    return row["mode"] in modes and _in_time(request, row)


def _in_time(request: Request, row: Row) -> bool:
    asked, at = request.query_params, moment(row["created_at"])
    bounds = {
        "created_at[gte]": asked.get("created_at[gte]"),
        "created_at[lte]": asked.get("created_at[lte]"),
    }
    if span := asked.get("created_at[date_range]"):
        bounds["created_at[gte]"], _, bounds["created_at[lte]"] = span.partition("~")
    for name, text in bounds.items():
        if not text:
            continue
        bound = moment(text)
        if bound is None or at is None:
            raise invalid("created_at", "invalid_format", f"{name} is not a time")
        if at < bound if name.endswith("[gte]") else at > bound:
            return False
    return True


def paged(request: Request, name: str, rows: list[Row]) -> Row:
    """Return the requested page. Raises the 422 for an impossible size or cursor."""
    text = request.query_params.get("page_size", str(DEFAULT_SIZE))
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_SIZE:
        raise invalid(
            "page_size", "invalid_range", f"page_size must be between 1 and {LARGEST_SIZE}"
        )
    size, begin = int(text), 0
    if after := request.query_params.get("after"):
        ids = [row["id"] for row in rows]
        if after not in ids:
            raise invalid("after", "invalid_value", "after is not an id of this list")
        begin = ids.index(after) + 1
    shown = rows[begin : begin + size]
    meta: Row = {"page_size": size}
    if begin + size < len(rows):
        meta["after"] = shown[-1]["id"]
    return {name: shown, "pagination_meta": meta}
