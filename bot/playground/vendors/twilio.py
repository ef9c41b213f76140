"""A stand-in for Twilio TaskRouter: two workspaces with their resources.

The resources are task queues, channels, workflows and tasks. Beyond required parameters and ranges,
it refuses the following, so that a person sees a refusal that names a field and can be corrected.
The message contains the parameter's name, as in all errors of this API.

- A `Configuration` with a queue of another workspace: `STAGING_QUEUE` is a well-formed SID, but
  belongs to the workspace "Brambleway Staging". It is therefore refused in "Brambleway Care", to
  which the credentials belong.
- A callback URL that Twilio could never reach: http(s) only, and no host like `localhost` or
  127.0.0.1.

This API reads no parameters from a JSON body, so such a body gets "Missing required parameter".
"""

import base64
import ipaddress
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.adapters.twilio import Twilio as TwilioAdapter
from bot.forms.fields import Form
from bot.playground.vendors import data
from bot.playground.vendors.base import Handler, RefusalError, VendorStandIn, iso, moment
from bot.playground.vendors.ids import hex_id
from bot.playground.vendors.keys import Keys
from bot.playground.vendors.listing import settled
from bot.playground.vendors.pages import front_page, nothing_here, page
from bot.playground.vendors.records import DisplayedObject
from bot.playground.vendors.twilio_answers import error, form_of, invalid, missing, not_found, whole
from bot.playground.vendors.twilio_configuration import fault_in, queue_of
from bot.playground.vendors.twilio_rights import lacks
from bot.playground.vendors.twilio_samples import sample_form
from bot.playground.vendors.twilio_tasks import Tasks, detail, new_sid, title

Row = dict[str, Any]

ACCOUNT = hex_id("AC", "twilio", "account")
CARE = hex_id("WS", "twilio", "Brambleway Care")
STAGING = hex_id("WS", "twilio", "Brambleway Staging")
STAGING_QUEUE = hex_id("WQ", "twilio", STAGING, "Everyone")
DEFAULT_SIZE, LARGEST_SIZE = 50, 1000
DEFAULT_RESERVATION, LONGEST_RESERVATION = 120, 86_400
"""Default and largest TaskReservationTimeout, in seconds."""
PER_MINUTE = 6000
"""Twilio publishes no number, but the headers need one."""
CHANNELS = (
    ("default", "Default"),
    ("voice", "Voice"),
    ("chat", "Programmable Chat"),
    ("email", "Email"),
)
"""Unique and friendly names of every workspace's task channels."""
FILTERS = ("FriendlyName", "EvaluateTaskAttributes")
"""Query parameters that the address of the next page keeps."""
_YEAR = 365 * 24 * 3600.0


class Twilio(VendorStandIn):
    """Twilio's TaskRouter API on a port of its own.

    With `bare_lists`, a list of tasks comes without their attributes, as in Twilio's OpenAPI
    document.
    """

    adapter = TwilioAdapter

    def __init__(self) -> None:
        super().__init__()
        self.bare_lists = False
        self.keys: Keys[frozenset[str]] = Keys()
        self._key = self.key_without()
        self._token = secrets.token_hex(16)
        self.keys.add(_basic(ACCOUNT, self._token), frozenset())
        self._begun = time.time()
        self.workspaces = [
            self._workspace(CARE, "Brambleway Care"),
            self._workspace(STAGING, "Brambleway Staging"),
        ]
        self.queues = {
            CARE: [self._queue(CARE, queue.name, queue.description) for queue in data.TASK_QUEUES],
            STAGING: [self._queue(STAGING, "Everyone", "1==1")],
        }
        self.workflows: dict[str, list[Row]] = {CARE: [], STAGING: []}
        self.channels = {
            sid: [self._channel(sid, *names) for names in CHANNELS] for sid in (CARE, STAGING)
        }
        self.tasks = Tasks(self.queues, self.workflows, self.channels)
        for one in data.ROUTING_WORKFLOWS:
            self._fill_workflow(one.name, one.description)

    @property
    def credentials(self) -> dict[str, str]:
        return self._key

    @property
    def account(self) -> dict[str, str]:
        """The account's own SID and auth token, which are accepted like a key."""
        return {"key_sid": ACCOUNT, "key_secret": self._token, "workspace_sid": CARE}

    def new_key(self) -> dict[str, str]:
        return self.key_without()

    def key_without(self, *rights: str) -> dict[str, str]:
        """Return the credentials of another key, without these rights ("task_queues:read")."""
        sid, secret = hex_id("SK"), secrets.token_urlsafe(24)
        self.keys.add(_basic(sid, secret), frozenset(rights))
        return {"key_sid": sid, "key_secret": secret, "workspace_sid": CARE}

    def sample_form(self, operation: str) -> Form:
        return sample_form(
            operation,
            queue=str(self.queues[CARE][0]["sid"]),
            workflow=str(self.workflows[CARE][0]["sid"]),
        )

    def routes(self) -> list[BaseRoute]:
        workspace = "/v1/Workspaces/{workspace}"
        return [
            Route("/v1/Workspaces", self.api(self._list_workspaces)),
            Route(workspace, self.api(self._get_workspace)),
            Route(f"{workspace}/TaskQueues", self.api(self._lister("task_queues"))),
            Route(f"{workspace}/TaskQueues/{{sid}}", self.api(self._getter("task_queues"))),
            Route(
                f"{workspace}/Workflows",
                self.api(self._create_workflow, creates=True),
                methods=["POST"],
            ),
            Route(f"{workspace}/Workflows", self.api(self._lister("workflows"))),
            Route(f"{workspace}/Workflows/{{sid}}", self.api(self._getter("workflows"))),
            Route(f"{workspace}/TaskChannels", self.api(self._lister("channels"))),
            Route(
                f"{workspace}/Tasks", self.api(self._create_task, creates=True), methods=["POST"]
            ),
            Route(f"{workspace}/Tasks", self.api(self._list_tasks)),
            Route(f"{workspace}/Tasks/{{sid}}", self.api(self._getter("tasks"))),
            Route("/", front_page(self)),
            Route("/console/workspaces/{workspace}/workflows/{sid}", self._workflow_page),
            Route("/console/workspaces/{workspace}/tasks/{sid}", self._task_page),
        ]

    def permit(self, request: Request) -> None:
        if lacks(request.method, request.url.path, self.keys.of(request) or ()):
            raise self.denied(request)

    def denied(self, _request: Request) -> RefusalError:
        return error(403, 70051, "The API key lacks a permission that this needs", "not permitted")

    def unauthorised(self) -> RefusalError:
        note = "token revoked" if self.fault == "revoked" else "invalid credentials"
        return error(401, 20003, "Authenticate", note)

    async def nowhere(self, request: Request) -> Response:
        raise not_found(request)

    def limits(self, method: str, used: int) -> dict[str, str]:
        return {
            "X-Rate-Limit-Limit": str(PER_MINUTE),
            "X-Rate-Limit-Remaining": str(max(0, PER_MINUTE - used)),
            "X-Rate-Limit-Config": f"{'Read' if method == 'GET' else 'Write'}PerAccount",
        }

    def stock(self, catalog: str, count: int) -> None:
        if catalog != "task_queues":
            raise KeyError(catalog)
        first = len(self.queues[CARE]) + 1
        self.queues[CARE].extend(
            self._queue(CARE, f"queue-{n:05}", "1==1") for n in range(first, first + count)
        )

    def lists(self) -> dict[str, dict[str, str]]:
        return {"Queues": {queue["friendly_name"]: queue["sid"] for queue in self.queues[CARE]}}

    # Look-ups

    async def _list_workspaces(self, request: Request) -> Response:
        return self._paged(request, "workspaces", self.workspaces)

    async def _get_workspace(self, request: Request) -> Response:
        sid = self._workspace_sid(request)
        return self.json(next(self._linked(row) for row in self.workspaces if row["sid"] == sid))

    def _lister(self, name: str) -> Handler:
        async def handler(request: Request) -> Response:
            return self._paged(
                request, name, self._listed(self._rows(name, self._workspace_sid(request)))
            )

        return handler

    def _getter(self, name: str) -> Handler:
        async def handler(request: Request) -> Response:
            for row in self._rows(name, self._workspace_sid(request)):
                if row["sid"] == request.path_params["sid"]:
                    return self.json(self._linked(row))
            raise not_found(request)

        return handler

    def _rows(self, name: str, workspace: str) -> list[Row]:
        if name == "tasks":
            return self.tasks.present(workspace)
        return {"workflows": self.workflows, "task_queues": self.queues, "channels": self.channels}[
            name
        ][workspace]

    async def _list_tasks(self, request: Request) -> Response:
        if expression := request.query_params.get("EvaluateTaskAttributes", ""):
            self.tasks.count_evaluation()
        rows = self._listed(self.tasks.present(self._workspace_sid(request), expression))
        return self._paged(
            request,
            "tasks",
            [{**row, "attributes": None} for row in rows] if self.bare_lists else rows,
        )

    def _listed(self, rows: list[Row]) -> list[Row]:
        return settled(self, rows, "sid", _created_at)

    def _paged(self, request: Request, key: str, rows: list[Row]) -> Response:
        """Return a page.

        The next page can be reached only by its `next_page_url`, which carries a token.
        """
        asked = request.query_params
        if name := asked.get("FriendlyName"):
            rows = [row for row in rows if row.get("friendly_name") == name]
        size_text, number_text = asked.get("PageSize", str(DEFAULT_SIZE)), asked.get("Page", "0")
        if not size_text.isdecimal() or not 1 <= int(size_text) <= LARGEST_SIZE:
            raise invalid("PageSize", f"must be between 1 and {LARGEST_SIZE}")
        if not number_text.isdecimal():
            raise invalid("Page", "must be a whole number")
        size, number = int(size_text), int(number_text)
        begin = number * size
        if begin and (begin > len(rows) or asked.get("PageToken") != _token(rows[begin - 1])):
            raise invalid("PageToken", "does not go with this Page")
        ended = begin + size >= len(rows)
        meta = {
            "key": key,
            "page": number,
            "page_size": size,
            "url": self._page_url(request, size, number, rows),
            "first_page_url": self._page_url(request, size, 0, rows),
            "previous_page_url": self._page_url(request, size, number - 1, rows)
            if number
            else None,
            "next_page_url": None if ended else self._page_url(request, size, number + 1, rows),
        }
        return self.json(
            {key: [self._linked(row) for row in rows[begin : begin + size]], "meta": meta}
        )

    def _page_url(self, request: Request, size: int, number: int, rows: list[Row]) -> str:
        query = {"PageSize": str(size), "Page": str(number)}
        asked = request.query_params
        query |= {name: asked[name] for name in FILTERS if asked.get(name)}
        if number:
            query["PageToken"] = _token(rows[number * size - 1])
        return f"{self.url}{request.url.path}?{urlencode(query)}"

    # Create

    async def _create_workflow(self, request: Request) -> Response:
        workspace = self._workspace_sid(request)
        form = await form_of(request)
        for name in ("FriendlyName", "Configuration"):
            if not form.get(name, "").strip():
                raise missing(name)
        here = {queue["sid"] for queue in self.queues[workspace]}
        if fault := fault_in(form["Configuration"], here.__contains__):
            raise invalid("Configuration", f"is not valid: {fault}")
        for name in ("AssignmentCallbackUrl", "FallbackAssignmentCallbackUrl"):
            if form.get(name) and not _reachable(form[name]):
                raise invalid(name, "is not a URL that Twilio can reach")
        whole(form, "TaskReservationTimeout", 1, LONGEST_RESERVATION, DEFAULT_RESERVATION)
        row = self._workflow(workspace, form, time.time(), hex_id("WW"))
        self.workflows[workspace].append(row)
        self.keep(request, form, row["sid"], self._shown(row, from_slack=True))
        return self.json(self._linked(row), 201)

    async def _create_task(self, request: Request) -> Response:
        workspace, sid = self._workspace_sid(request), new_sid()
        form = await form_of(request)
        common = self._common(sid, "", f"/v1/Workspaces/{workspace}/Tasks/{sid}", time.time())
        row = self.tasks.create(workspace, form, common)
        path = f"/console/workspaces/{workspace}/tasks/{sid}"
        self.keep(
            request,
            form,
            sid,
            DisplayedObject(
                "task", f"{sid[:8]}…", title(row), path, time.time(), detail(row), True
            ),
        )
        return self.json(self._linked(row), 201)

    def _workspace_sid(self, request: Request) -> str:
        sid = request.path_params["workspace"]
        if sid not in self.queues:
            raise not_found(request)
        return str(sid)

    # Rows (`url` and `links` are added when a row is sent)

    def _workspace(self, sid: str, name: str) -> Row:
        return {
            **self._common(sid, name, f"/v1/Workspaces/{sid}", self._begun - _YEAR),
            "multi_task_enabled": True,
            "prioritize_queue_order": "FIFO",
            "event_callback_url": None,
            "events_filter": None,
        }

    def _queue(self, workspace: str, name: str, target: str) -> Row:
        sid = hex_id("WQ", "twilio", workspace, name)
        return {
            **self._common(
                sid, name, f"/v1/Workspaces/{workspace}/TaskQueues/{sid}", self._begun - _YEAR
            ),
            "workspace_sid": workspace,
            "target_workers": target,
            "task_order": "FIFO",
            "max_reserved_workers": 1,
        }

    def _channel(self, workspace: str, unique: str, name: str) -> Row:
        sid = hex_id("TC", "twilio", workspace, unique)
        path = f"/v1/Workspaces/{workspace}/TaskChannels/{sid}"
        return {
            **self._common(sid, name, path, self._begun - _YEAR),
            "workspace_sid": workspace,
            "unique_name": unique,
            "channel_optimized_routing": False,
        }

    def _workflow(self, workspace: str, form: Mapping[str, str], at: float, sid: str) -> Row:
        return {
            **self._common(
                sid, form["FriendlyName"], f"/v1/Workspaces/{workspace}/Workflows/{sid}", at
            ),
            "workspace_sid": workspace,
            "configuration": form["Configuration"],
            "assignment_callback_url": form.get("AssignmentCallbackUrl") or None,
            "fallback_assignment_callback_url": form.get("FallbackAssignmentCallbackUrl") or None,
            "task_reservation_timeout": int(
                form.get("TaskReservationTimeout") or DEFAULT_RESERVATION
            ),
            "document_content_type": "application/json",
        }

    def _common(self, sid: str, name: str, path: str, at: float) -> Row:
        return {
            "sid": sid,
            "account_sid": ACCOUNT,
            "friendly_name": name,
            "date_created": iso(at),
            "date_updated": iso(at),
            "url": path,
        }

    def _fill_workflow(self, name: str, queue_name: str) -> None:
        queue = hex_id("WQ", "twilio", CARE, queue_name)
        configuration = json.dumps({"task_routing": {"default_filter": {"queue": queue}}})
        form = {"FriendlyName": name, "Configuration": configuration}
        row = self._workflow(CARE, form, self._begun - _YEAR, hex_id("WW", "twilio", CARE, name))
        self.workflows[CARE].append(row)
        self.objects.append(self._shown(row, from_slack=False))

    def _linked(self, row: Row) -> Row:
        url = self.url + row["url"]
        return {**row, "url": url, "links": {"statistics": f"{url}/Statistics"}}

    # Pages for people

    def _shown(self, row: Row, *, from_slack: bool) -> DisplayedObject:
        path = f"/console/workspaces/{row['workspace_sid']}/workflows/{row['sid']}"
        at = time.time() if from_slack else self._begun - _YEAR
        reference = f"{row['sid'][:8]}…"
        return DisplayedObject(
            "workflow", reference, row["friendly_name"], path, at, self._detail(row), from_slack
        )

    def _detail(self, row: Row) -> dict[str, str]:
        routing = json.loads(row["configuration"])["task_routing"]
        names = {
            queue["sid"]: queue["friendly_name"] for queue in self.queues[row["workspace_sid"]]
        }
        detail = {
            "Default queue": names.get(queue_of(routing.get("default_filter") or {}), ""),
            "Filters": ", ".join(
                str(rule.get("filter_friendly_name") or rule["expression"])
                for rule in routing.get("filters") or []
            ),
            "Reservation timeout": f"{row['task_reservation_timeout']} s",
            "Assignment callback": row["assignment_callback_url"] or "",
            "Fallback callback": row["fallback_assignment_callback_url"] or "",
        }
        return {label: str(value) for label, value in detail.items() if value}

    async def _workflow_page(self, request: Request) -> Response:
        for row in self.workflows.get(request.path_params["workspace"], []):
            if row["sid"] == request.path_params["sid"]:
                detail = {
                    **self._detail(row),
                    "Configuration": json.dumps(json.loads(row["configuration"]), indent=2),
                }
                return page(self.label, row["sid"], row["friendly_name"], detail)
        return nothing_here(self.label)

    async def _task_page(self, request: Request) -> Response:
        for row in self.tasks.rows.get(request.path_params["workspace"], []):
            if row["sid"] == request.path_params["sid"]:
                return page(
                    self.label,
                    row["sid"],
                    title(row),
                    {"Status": row["assignment_status"], **detail(row)},
                )
        return nothing_here(self.label)

    # Faults

    def rate_limited(self, retry_after: int) -> RefusalError:
        return error(429, 20429, "Too Many Requests", "rate limited")

    def one_refusal(self, path: str) -> RefusalError:
        return invalid("Attributes" if path.endswith("/Tasks") else "FriendlyName", "is reserved")


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _reachable(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or "." not in host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


def _created_at(row: Row) -> float:
    at = moment(row["date_created"])
    return at.timestamp() if at else 0.0


def _token(row: Row) -> str:
    return f"PT{row['sid']}"
