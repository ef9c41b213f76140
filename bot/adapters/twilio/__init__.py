"""Twilio TaskRouter: workflows. Web forms in, JSON out, HTTP Basic authentication.

Facts of 2026-11: Twilio's OpenAPI document and documentation. The JSON body that Twilio's page on this call shows is a
product of the page's generator: the API takes forms only.
"""

import re
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx
from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from bot.adapters.base import Account, Adapter, Catalog, Created, Credentials, Entry, Operation, Request, Submission
from bot.adapters.http import Reply, items, listed, reading, reason, rejected_token, send, text, unreadable
from bot.adapters.twilio.configuration import QUEUE_SID, problems, straight_to
from bot.errors import Refused, Unclear, VendorError
from bot.forms.fields import Form, Json, Lookup, Text, wrong

PAGE = 1000
"""The largest page Twilio gives."""
MOST = 20 * PAGE
LONGEST_NAME = 64
"""Twilio documents it for workspaces, workers and channels, and nothing for workflows."""
ROOM_FOR_MARKER = len(" [ir0123456789ab]")

PARAMETERS = {
    "friendly_name": "FriendlyName",
    "configuration": "Configuration",
    "assignment_callback_url": "AssignmentCallbackUrl",
    "fallback_assignment_callback_url": "FallbackAssignmentCallbackUrl",
    "task_reservation_timeout": "TaskReservationTimeout",
}
"""Our field: Twilio's parameter. `default_queue` is no parameter: it becomes a configuration."""


class TwilioKey(Credentials):
    """An API key (or the account's SID and token) and the workspace it is used for."""

    key_sid: SecretStr
    key_secret: SecretStr
    workspace_sid: SecretStr

    @field_validator("key_sid")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"(SK|AC)[0-9a-fA-F]{32}", value.get_secret_value()):
            raise ValueError("should be an API key's SID: SK and 32 hexadecimal digits")
        return value

    @field_validator("workspace_sid")
    @classmethod
    def _is_a_workspace(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"WS[0-9a-fA-F]{32}", value.get_secret_value()):
            raise ValueError("should be a TaskRouter workspace's SID: WS and 32 hexadecimal digits")
        return value

    @property
    def workspace(self) -> str:
        return self.workspace_sid.get_secret_value()


EXAMPLE = '{"task_routing": {"default_filter": {"queue": "WQ…"}}}'


class Workflow(Form):
    """The routing is either one queue for everything, or a configuration in Twilio's own words."""

    headline: ClassVar = "friendly_name"

    friendly_name: Annotated[str, Text(placeholder="Night shift")] = Field(
        title="Name", min_length=1, max_length=LONGEST_NAME - ROOM_FOR_MARKER
    )
    default_queue: Annotated[str | None, Lookup("task_queues")] = Field(
        None,
        title="Task queue",
        description="Every task goes there. Leave it empty to write the configuration yourself.",
    )
    configuration: Annotated[str | None, Json(kind=dict, placeholder=EXAMPLE)] = Field(
        None, title="Configuration", description="Twilio's routing rules as JSON, instead of one queue."
    )
    assignment_callback_url: HttpUrl | None = Field(
        None, title="Assignment callback", description="Twilio asks this address what to do when a task has a worker."
    )
    fallback_assignment_callback_url: HttpUrl | None = Field(
        None, title="Fallback callback", description="Asked when the assignment callback fails."
    )
    task_reservation_timeout: int | None = Field(
        None,
        ge=1,
        le=86_400,
        title="Reservation timeout",
        description="Seconds a worker has to accept; 120, if left empty.",
    )

    @field_validator("default_queue")
    @classmethod
    def _is_a_queue(cls, value: str | None) -> str | None:
        if value is not None and not QUEUE_SID.fullmatch(value):
            raise ValueError("Choose a queue of the list.")
        return value

    @field_validator("configuration")
    @classmethod
    def _can_be_sent(cls, value: str | None) -> str | None:
        if value and (found := problems(value)):
            more = f" And {len(found) - 2} more." if len(found) > 2 else ""
            raise ValueError(" ".join(found[:2]) + more)
        return value

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if not self.default_queue and not self.configuration:
            raise wrong("default_queue", "Choose a queue, or write the configuration below.")
        if self.default_queue and self.configuration:
            raise wrong("configuration", "Give a queue or a configuration, not both.")
        return self


class Twilio(Adapter):
    vendor = "twilio"
    label = "Twilio TaskRouter"
    credentials = TwilioKey
    operations = (Operation("workflow", "workflow_task", "workflow", Workflow),)
    catalogs = (Catalog("task_queues", "task queues"),)

    async def verify(self, credentials: TwilioKey) -> Account:
        reply = await self._get(f"/v1/Workspaces/{credentials.workspace}", credentials)
        if reply.status == 404:
            raise Refused(self.label, "Twilio has no such workspace in this key's account.")
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        if text(reply.body, "sid").lower() != credentials.workspace.lower():
            raise unreadable(self.label)
        return Account(id=credentials.workspace, name=text(reply.body, "friendly_name") or credentials.workspace)

    def request(self, operation: str, submission: Submission, credentials: TwilioKey) -> Request:
        form = submission.form
        if operation != "workflow" or not isinstance(form, Workflow):
            raise KeyError(operation)
        path = f"/v1/Workspaces/{credentials.workspace}/Workflows"
        return Request("POST", path, data=workflow(form, submission), headers={"Accept": "application/json"})

    async def create(self, operation: str, submission: Submission, credentials: TwilioKey) -> Created:
        reply = await self._send(self.request(operation, submission, credentials), credentials)
        if not reply.ok:
            raise self._refusal(reply, submission.form)
        if not (sid := text(reply.body, "sid")):
            raise Unclear(self.label, "Twilio answered without saying what it created.")
        title = text(reply.body, "friendly_name").removesuffix(marked("", submission))
        return Created(id=sid, title=title, url=self._console(credentials))

    def _console(self, credentials: TwilioKey) -> str:
        """The answer's `url` is for programs. The console's list of the workspace's workflows is the page that is known
        to exist (no documented address leads to a single one), for workspaces at Twilio itself."""
        if not (urlsplit(self.base_url).hostname or "").endswith(".twilio.com"):
            return ""
        return f"https://www.twilio.com/console/taskrouter/workspaces/{credentials.workspace}/workflows"

    async def entries(self, catalog: str, credentials: TwilioKey) -> list[Entry]:
        self.catalog(catalog)
        path: str | None = f"/v1/Workspaces/{credentials.workspace}/TaskQueues?PageSize={PAGE}"
        rows: list[Any] = []
        while path is not None and len(rows) < MOST:
            reply = await self._get(path, credentials)
            if not reply.ok:
                raise self._refusal(reply)
            page = listed(self.label, reply, "task_queues")
            rows += [row for row in page if text(row, "sid")]
            path = self._below(text(reply.body, "meta", "next_page_url")) if page else None
        entries = [Entry(id=text(row, "sid"), label=text(row, "friendly_name") or text(row, "sid")) for row in rows]
        return sorted(entries, key=lambda entry: entry.label.casefold())

    def _below(self, url: str) -> str | None:
        """The path of the next page. An address on another host is not followed: the credentials would travel there."""
        if not url:
            return None
        try:
            page, ours = urlsplit(url), urlsplit(self.base_url)
        except ValueError as error:
            raise unreadable(self.label) from error
        if (page.scheme, page.netloc) != (ours.scheme, ours.netloc):
            raise Refused(self.label, "Twilio's list goes on at another host, where the credentials are not sent.")
        path = page.path.removeprefix(ours.path.rstrip("/"))
        return f"{path}?{page.query}" if page.query else path

    async def _get(self, path: str, credentials: TwilioKey) -> Reply:
        with reading(self.label):
            return await self._send(Request("GET", path, headers={"Accept": "application/json"}), credentials)

    async def _send(self, request: Request, credentials: TwilioKey) -> Reply:
        auth = httpx.BasicAuth(credentials.key_sid.get_secret_value(), credentials.key_secret.get_secret_value())
        return await send(self.client, self.label, self.base_url, request, auth=auth)

    def _refusal(self, reply: Reply, form: Form | None = None, *, connecting: bool = False) -> VendorError:
        fields, rest = _complaints(reply.body, form)
        # 70051: a restricted key without this permission, whatever the HTTP status that carries it.
        status = 403 if text(reply.body, "code") == "70051" else reply.status
        if status in (401, 403):
            return rejected_token(self.label, status, "; ".join([*fields.values(), *rest]), connecting=connecting)
        if status == 404:
            sentence = "Twilio no longer has the connected workspace; an admin can connect another with `/vendors`."
            return Refused(self.label, sentence)
        if not fields and not rest:
            rest = [f"Twilio refused it and gave no reason (HTTP {reply.status})."]
        elif rest and (code := text(reply.body, "code")).isdigit():
            rest.append(f"https://www.twilio.com/docs/errors/{code}")
        return Refused(self.label, " ".join(rest), fields)


def marked(name: str, submission: Submission) -> str:
    return f"{name} [{submission.marker}]"


def workflow(form: Workflow, submission: Submission) -> dict[str, str]:
    given = {parameter: getattr(form, name) for name, parameter in PARAMETERS.items()}
    given["FriendlyName"] = marked(form.friendly_name, submission)
    if form.default_queue:
        given["Configuration"] = straight_to(form.default_queue)
    return {parameter: str(value) for parameter, value in given.items() if value is not None}


def _complaints(body: Any, form: Form | None) -> tuple[dict[str, str], list[str]]:
    """(words by our field, words about none), from either of Twilio's bodies.

    A: `{"code", "message", "more_info", "status"}`, whose message may name a parameter.
    B (RFC 9457): `{"title", "code", "detail", "errors": [{"pointer", "detail"}]}`.
    """
    fields: dict[str, str] = {}
    rest: list[str] = []
    for error in items(body, "errors"):
        _put(re.split(r"[/.#]", text(error, "pointer"))[-1], text(error, "detail"), form, fields, rest)
    if not fields and not rest and (message := reason(body)):
        # The longest first: "FallbackAssignmentCallbackUrl" holds "AssignmentCallbackUrl".
        parameters = sorted(PARAMETERS.values(), key=len, reverse=True)
        _put(next((name for name in parameters if name.lower() in message.lower()), ""), message, form, fields, rest)
    return fields, rest


def _put(said: str, words: str, form: Form | None, fields: dict[str, str], rest: list[str]) -> None:
    plain = said.replace("_", "").lower()
    name = next((name for name, parameter in PARAMETERS.items() if parameter.lower() == plain), "")
    if name == "configuration" and isinstance(form, Workflow) and form.default_queue:
        name = "default_queue"
    if not words:
        return
    if form is not None and name:
        fields[name] = f"{fields[name]}; {words}" if name in fields else words
    else:
        rest.append(words)
