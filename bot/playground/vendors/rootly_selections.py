"""Rootly's calls about form fields and their selections."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.vendors.base import Handler
from bot.playground.vendors.records import DisplayedObject
from bot.playground.vendors.rootly_data import RootlyData
from bot.playground.vendors.rootly_fields import (
    CHANGE,
    ITEM_SELECTION,
    NOT_SET_UP,
    SELECTION,
    check_selection,
    in_words,
    included,
)
from bot.playground.vendors.rootly_query import Query, Row, answer
from bot.playground.vendors.rootly_shapes import check, refused

_FIELDS = Query(filters=("slug", "name", "kind", "enabled"), sort=())
_OPTIONS = Query(filters=("value", "color"), search=(), sort=())
_PLAIN = Query(filters=(), search=(), sort=(), times=False)


class Organisation(Protocol):
    """The stand-in of which these calls are a part."""

    data: RootlyData
    objects: list[DisplayedObject]

    def api(self, handler: Handler) -> Handler:
        """Return the endpoint around a handler."""

    def json(self, body: Any, status: int = 200) -> Response:
        """Return a JSON response in the vendor's media type."""

    def path_row(self, request: Request, catalog: str) -> Row:
        """Return the row that the path names. Raises the 404 where there is none."""

    async def attributes(self, request: Request, kind: str) -> tuple[Any, dict[str, Any]]:
        """Return what is in the JSON:API envelope, whole and unpacked."""


class FormFields:
    """The endpoints of form fields and selections.

    `hold` is an event for which calls that set a field wait before they do anything. `not_set_up`
    has the incidents that were told that their choice is not set up yet.
    """

    def __init__(self, rootly: Organisation) -> None:
        self.rootly = rootly
        self.hold: asyncio.Event | None = None
        self.not_set_up: set[str] = set()

    def routes(self) -> list[Route]:
        api = self.rootly.api
        of_incident = "/v1/incidents/{id}/form_field_selections"
        return [
            Route("/v1/form_fields", api(self._list_fields)),
            Route("/v1/form_fields/{id}/options", api(self._list_options)),
            Route("/v1/catalogs/{id}/entities", api(self._list_entities)),
            Route(of_incident, api(self._create), methods=["POST"]),
            Route(of_incident, api(self._list)),
            Route("/v1/incident_form_field_selections/{id}", api(self._change), methods=["PUT"]),
        ]

    def detail(self, incident_id: str) -> dict[str, str]:
        """Return the values of an incident's fields, in words."""
        data = self.rootly.data
        rows = [row["attributes"] for row in data.selections.get(incident_id, [])]
        names = {row["id"]: row["attributes"]["name"] for row in data.lists["form_fields"]}
        return {names[row["form_field_id"]]: in_words(row, data.lists) for row in rows}

    def item_detail(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        """Return the values of an action item's fields, in words."""
        data = self.rootly.data
        names = {row["id"]: row["attributes"]["name"] for row in data.lists["form_fields"]}
        return {
            names[row["form_field_id"]]: in_words(row, data.lists)
            for row in attributes["form_field_selections"]
        }

    def check_item(self, attributes: Mapping[str, Any]) -> None:
        """Raise the 422 for an action item with selections that do not fit their fields."""
        for given in attributes.get("form_field_selections") or []:
            value = given.get("value")
            check(ITEM_SELECTION, {name: part for name, part in given.items() if name != "value"})
            if not (value is None or isinstance(value, str | list)):
                raise refused(["Value is invalid"], ["value"])
            check_selection(
                self._field(given["form_field_id"]), given, self.rootly.data.lists, lag=False
            )

    # Lists

    async def _list_fields(self, request: Request) -> Response:
        lists = self.rootly.data.lists
        body = answer(request, lists["form_fields"], _FIELDS)
        if what := request.query_params.get("include"):
            shown = {row["id"] for row in body["data"]}
            options = [
                row
                for row in lists["form_field_options"]
                if row["attributes"]["form_field_id"] in shown
            ]
            body["included"] = included(body["data"], options, what.split(","))
        return self.rootly.json(body)

    async def _list_options(self, request: Request) -> Response:
        field = self._field(request.path_params["id"], 404)
        rows = self.rootly.data.lists["form_field_options"]
        mine = [row for row in rows if row["attributes"]["form_field_id"] == field["id"]]
        return self.rootly.json(answer(request, mine, _OPTIONS))

    async def _list_entities(self, request: Request) -> Response:
        if request.path_params["id"] != self.rootly.data.catalog_id:
            raise refused(["Not found or unauthorized"], ["catalog"], 404)
        return self.rootly.json(answer(request, self.rootly.data.lists["entities"], Query()))

    async def _list(self, request: Request) -> Response:
        incident = self.rootly.path_row(request, "incidents")
        return self.rootly.json(
            answer(request, self.rootly.data.selections.get(incident["id"], []), _PLAIN)
        )

    # Selections

    async def _create(self, request: Request) -> Response:
        incident = self.rootly.path_row(request, "incidents")
        given = await self._given(request)
        check(SELECTION, given)
        rows = self.rootly.data.selections.setdefault(incident["id"], [])
        if given["incident_id"] != incident["id"]:
            raise refused(["Incident is invalid"], ["incident_id"])
        field = self._field(given["form_field_id"])
        if any(row["attributes"]["form_field_id"] == field["id"] for row in rows):
            raise refused(["Form field has already been taken"], ["form_field_id"])
        self._check(incident["id"], field, given)
        row = self.rootly.data.selection(given, time.time())
        rows.append(row)
        self._shown(request, incident, field)
        return self.rootly.json({"data": row}, 201)

    async def _change(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        for incident_id, rows in self.rootly.data.selections.items():
            for row in rows:
                if row["id"] == wanted:
                    given = await self._given(request)
                    check(CHANGE, given)
                    field = self._field(row["attributes"]["form_field_id"])
                    self._check(incident_id, field, given)
                    row["attributes"] |= given
                    self._shown(request, self.rootly.data.find("incidents", incident_id), field)
                    return self.rootly.json({"data": row})
        raise refused(["Not found or unauthorized"], ["selection"], 404)

    async def _given(self, request: Request) -> dict[str, Any]:
        if self.hold is not None:
            await self.hold.wait()
        return (await self.rootly.attributes(request, "incident_form_field_selections"))[1]

    def _field(self, wanted: str, status: int = 422) -> Row:
        field = self.rootly.data.find("form_fields", wanted)
        if field is None:
            raise refused(["Form field must exist"], ["form_field_id"], status)
        return field

    def _check(self, incident_id: str, field: Row, given: Mapping[str, Any]) -> None:
        chosen = [str(each) for each in given.get("selected_option_ids") or []]
        lag = incident_id not in self.not_set_up
        options = self.rootly.data.lists["form_field_options"]
        if any(row["id"] in chosen and row["attributes"]["value"] == NOT_SET_UP for row in options):
            self.not_set_up.add(incident_id)
        check_selection(field, given, self.rootly.data.lists, lag=lag)

    def _shown(self, request: Request, incident: Row | None, field: Row) -> None:
        """Show the selection on the incident's page and in the playground's list of objects."""
        # The selections belong to an incident that exists.
        assert incident is not None  # noqa: S101
        request.state.note = f"set {field['attributes']['name']}"
        path = incident["attributes"]["url"]
        self.rootly.objects = [
            replace(shown, detail={**shown.detail, **self.detail(incident["id"])})
            if shown.path == path
            else shown
            for shown in self.rootly.objects
        ]
