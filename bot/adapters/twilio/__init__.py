"""Twilio TaskRouter: workflows and tasks. Web forms in, JSON out, HTTP Basic authentication.

Facts of 2026-11, from Twilio's OpenAPI document and documentation. Twilio's page on creating a
workflow shows a JSON body. The generator of the page makes it: the API takes web forms only.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from bot.adapters.base import Branches, Created, Entry, Operation, Request, Submission
from bot.adapters.credentials import Account
from bot.adapters.http import Reply, listed, segment, text, unreadable
from bot.adapters.http_adapter import HttpAdapter
from bot.adapters.probe_permissions import deadline, in_time, refused
from bot.adapters.rate_limit import Limits, Rate, RateLimiter
from bot.adapters.twilio import lists
from bot.adapters.twilio.bodies import marked, rules_of, task, workflow
from bot.adapters.twilio.configuration import warning
from bot.adapters.twilio.forms import Task, Workflow
from bot.adapters.twilio.refusals import complaints
from bot.adapters.twilio.rights import ADDRESSES, PROBES, TwilioKey, is_denied, rights_of
from bot.adapters.twilio.rules_forms import Beginnings
from bot.adapters.values import epoch
from bot.errors import OutcomeUnknownError, RejectedError, UnauthorizedError, VendorError
from bot.forms.fields import Form
from bot.language import Sentence
from bot.runtime.threads import run_in_thread

__all__ = ["Task", "Twilio", "TwilioKey", "Workflow"]

PAGES = (1000, 100, 10, 1)
"""Rows per page.

Twilio gives at most 1000. A smaller size is used when a page is too long for one answer.
"""
MOST = 20 * PAGES[0]
MOST_ASKED_SINGLY = 10
TASK_RETENTION_SECONDS = 240.0
"""Seconds after a send in which a missing task was certainly not created.

Twilio deletes a finished task about five minutes after its completion.
"""
EVALUATIONS = Limits(read=Rate(3, 1.0))
"""Twilio's limit for filters that evaluate an expression, for a whole account."""
JSON = {"Accept": "application/json"}


class Twilio(HttpAdapter):
    """The adapter for Twilio TaskRouter."""

    vendor = "twilio"
    label = "Twilio TaskRouter"
    default_url = "https://taskrouter.twilio.com"
    url_variable = "TWILIO_TASKROUTER_URL"
    key_needs = (
        "a standard API key, or a restricted one that may read the TaskRouter workspace, its "
        "queues, channels, workflows and tasks, and create the last two"
    )
    color = "#c2283c"
    credentials = TwilioKey
    operations = (
        Operation(
            "workflow",
            "workflow_task",
            "workflow",
            Workflow,
            Branches("routing", "rules", Beginnings(), first="fields", prefill=lists.prefill),
            feeds="workflows",
            summary="workflow, from fields or JSON",
        ),
        Operation("task", "action_item", "task", Task, announced=("priority",)),
    )
    catalogs = lists.CATALOGS
    # No `limits`: Twilio documents no rate, and no units of its X-Rate-Limit-* headers. Only its
    # 429 counts.

    def __init__(
        self, client: httpx.AsyncClient, base_url: str, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(client, base_url)
        self._clock = clock
        self._evaluations: dict[str, tuple[asyncio.Lock, RateLimiter]] = {}

    def address(self, credentials: TwilioKey) -> str:
        """Return the region's address, or the operator's if the operator has replaced Twilio's."""
        return (
            ADDRESSES[credentials.region]
            if self.base_url.rstrip("/") in ADDRESSES.values()
            else self.base_url
        )

    async def verify(self, credentials: TwilioKey) -> Account:
        until = deadline()
        path = f"/v1/Workspaces/{credentials.workspace}"
        reply = await in_time(self.label, self._get(path, credentials), until)
        if reply.status == 404:
            raise RejectedError(
                self.label,
                Sentence(
                    "Twilio has no such workspace in this key's account and region. Check the "
                    "workspace SID and the region."
                ),
            )
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        if text(reply.body, "sid").lower() != credentials.workspace.lower():
            raise unreadable(self.label)
        reads = {
            name: self._get(f"{path}/{step}?PageSize=1", credentials)
            for name, step in PROBES.items()
        }
        allowed = rights_of(credentials, await refused(reads, is_denied, until))
        name = text(reply.body, "friendly_name") or credentials.workspace
        return Account(id=credentials.workspace, name=name, rights=allowed)

    def request(self, operation: str, submission: Submission, credentials: TwilioKey) -> Request:
        path = f"/v1/Workspaces/{credentials.workspace}"
        match operation, submission.form:
            case "workflow", Workflow() as form:
                return Request(
                    "POST", f"{path}/Workflows", data=workflow(form, submission), headers=JSON
                )
            case "task", Task() as form:
                return Request("POST", f"{path}/Tasks", data=task(form, submission), headers=JSON)
        raise KeyError(operation)

    async def create(
        self, operation: str, submission: Submission, credentials: TwilioKey
    ) -> Created:
        reply = await self._send(self.request(operation, submission, credentials), credentials)
        if not reply.ok:
            raise self._refusal(reply, submission.form)
        if not (sid := text(reply.body, "sid")):
            raise OutcomeUnknownError(self.label, Sentence("Twilio didn't say what it created."))
        return self._created(sid, reply.body, submission, credentials, await _note(submission.form))

    async def find(
        self, operation: str, submission: Submission, credentials: TwilioKey, since: float
    ) -> list[Created]:
        """Return the objects with the marker, as `Adapter.find` describes.

        `since` is not used. An older object cannot have the marker, and the clocks may differ.
        """
        request = self.request(operation, submission, credentials)
        if operation == "task":
            rows = await self._marked_tasks(request.path, submission, credentials)
            if not rows and self._clock() - since > TASK_RETENTION_SECONDS:
                sentence = Sentence(
                    "Twilio doesn't list the task, but removes finished tasks after some minutes. "
                    "Look in Twilio's console."
                )
                raise RejectedError(self.label, sentence)
        else:
            rows = await self._marked_workflows(request, submission, credentials)
        oldest_first = sorted(rows.items(), key=lambda item: epoch(text(item[1], "date_created")))
        note = await _note(submission.form) if rows else ""
        return [self._created(sid, row, submission, credentials, note) for sid, row in oldest_first]

    async def _marked_workflows(
        self, request: Request, submission: Submission, credentials: TwilioKey
    ) -> dict[str, Any]:
        named = {"FriendlyName": (request.data or {})["FriendlyName"]}
        rows = await self._all_rows(request.path, named, "workflows", credentials)
        # The name is compared too. Twilio may ignore a filter that it does not know.
        return {
            text(row, "sid"): row for row in rows if submission.marker in text(row, "friendly_name")
        }

    async def _marked_tasks(
        self, path: str, submission: Submission, credentials: TwilioKey
    ) -> dict[str, Any]:
        """Return the tasks with the marker by SID.

        A row of the list may have no attributes, and Twilio may ignore the filter. Such a task is
        read by itself.
        """
        await self._wait_to_evaluate(credentials)
        marked = {"EvaluateTaskAttributes": f'slack_ref == "{submission.marker}"'}
        rows = {
            text(row, "sid"): row
            for row in await self._all_rows(path, marked, "tasks", credentials)
        }
        bare = [sid for sid, row in rows.items() if not text(row, "attributes")]
        if len(bare) > MOST_ASKED_SINGLY:
            raise unreadable(self.label)
        for sid in bare:
            reply = await self._get(f"{path}/{segment(self.label, sid)}", credentials)
            if not reply.ok and reply.status != 404:
                raise self._refusal(reply)
            rows[sid] = reply.body
        return {
            sid: row for sid, row in rows.items() if submission.marker in text(row, "attributes")
        }

    async def _wait_to_evaluate(self, credentials: TwilioKey) -> None:
        """Wait until Twilio's limit allows another expression.

        The wait is less than a second for each earlier call.
        """
        queue, rate_limiter = self._evaluations.setdefault(
            credentials.workspace, (asyncio.Lock(), RateLimiter(EVALUATIONS))
        )
        async with queue:
            await asyncio.sleep(rate_limiter.wait("read"))
            rate_limiter.take("read")

    def by_hand(self, operation: str, credentials: TwilioKey) -> str:
        return self._console(operation, credentials) or f"{self.address(credentials).rstrip('/')}/"

    def _created(
        self, sid: str, body: Any, submission: Submission, credentials: TwilioKey, note: str = ""
    ) -> Created:
        form = submission.form
        if isinstance(form, Task):
            return Created(id=sid, title=form.title, url=self._console("task", credentials))
        title = text(body, "friendly_name").removesuffix(marked("", submission))
        return Created(id=sid, title=title, url=self._console("workflow", credentials), note=note)

    def _console(self, operation: str, credentials: TwilioKey) -> str:
        """Return the page of the workspace's workflows or tasks, empty outside Twilio itself.

        The page is the list in Twilio's console. No documented address leads to a single workflow
        or task, and the `url` in the answer is for programs.
        """
        address = self.address(credentials)
        if not (urlsplit(address).hostname or "").endswith(".twilio.com"):
            return ""
        # The known addresses of the console's pages name no region.
        if address != ADDRESSES["us1"]:
            return "https://console.twilio.com/"
        page = "tasks" if operation == "task" else "workflows"
        return (
            f"https://www.twilio.com/console/taskrouter/workspaces/{credentials.workspace}/{page}"
        )

    async def entries(self, catalog: str, credentials: TwilioKey) -> list[Entry]:
        self.catalog(catalog)
        step, member = lists.LISTS[catalog]
        try:
            rows, _ = await self._rows(
                f"/v1/Workspaces/{credentials.workspace}/{step}", {}, member, credentials
            )
        except UnauthorizedError as error:
            if catalog != lists.BEGINNINGS or error.status != 403:
                raise
            # A key may have the right to create workflows, and none to list them. Then there is
            # nothing to copy.
            rows = []
        return lists.entries(catalog, rows)

    async def _all_rows(
        self, path: str, params: Mapping[str, str], member: str, credentials: TwilioKey
    ) -> list[Any]:
        """Return every row.

        Raises the error of `unreadable` if a row has no id or the list has no end.
        """
        rows, more = await self._rows(path, params, member, credentials)
        if more or not all(text(row, "sid") for row in rows):
            raise unreadable(self.label)
        return rows

    async def _rows(
        self, path: str, params: Mapping[str, str], member: str, credentials: TwilioKey
    ) -> tuple[list[Any], bool]:
        """Return (the rows of all pages, whether there are more rows than we read).

        The address of the next page contains the size of the pages. If a page is too long to be
        read, the whole list is read again in smaller pages.
        """
        for size in PAGES:
            rows: list[Any] = []
            following: str | None = f"{path}?{urlencode({**params, 'PageSize': size})}"
            while following is not None and len(rows) < MOST:
                reply = await self._get(following, credentials)
                if reply.too_long and size > PAGES[-1]:
                    break
                if not reply.ok:
                    raise self._refusal(reply)
                page = listed(self.label, reply, member)
                rows += page
                following = (
                    self._below(text(reply.body, "meta", "next_page_url"), credentials)
                    if page
                    else None
                )
            else:
                return rows, following is not None
        raise unreadable(self.label)

    def _below(self, url: str, credentials: TwilioKey) -> str | None:
        """Return the path of the next page, or None if there is none.

        An address on another host is not followed, because the credentials would be sent there.
        """
        if not url:
            return None
        try:
            page, base = urlsplit(url), urlsplit(self.address(credentials))
        except ValueError as error:
            raise unreadable(self.label) from error
        if (page.scheme, page.netloc) != (base.scheme, base.netloc):
            raise RejectedError(
                self.label,
                Sentence(
                    "Twilio's list goes on at another host, where we don't send the key. Ask your "
                    "bot admin."
                ),
            )
        path = page.path.removeprefix(base.path.rstrip("/"))
        return f"{path}?{page.query}" if page.query else path

    def auth(self, credentials: TwilioKey) -> httpx.Auth:
        return httpx.BasicAuth(
            credentials.key_sid.get_secret_value(), credentials.key_secret.get_secret_value()
        )

    def _refusal(
        self, reply: Reply, form: Form | None = None, *, connecting: bool = False
    ) -> VendorError:
        fields, rest = complaints(reply.body, form)
        status = 403 if is_denied(reply) else reply.status
        if status == 401 and connecting:
            sentence = Sentence(
                "Twilio rejected these credentials. Copy them again, and check the region."
            )
            return UnauthorizedError(self.label, sentence)
        if status == 404 and not fields:
            sentence = Sentence(
                "Twilio no longer has the connected workspace. An admin can connect another in "
                "`{vendors}`."
            )
            return RejectedError(self.label, sentence)
        if status not in (401, 403) and not fields and not rest:
            rest = [
                str(
                    Sentence(
                        "{vendor} rejected it without a reason. The HTTP status is {status}.",
                        {"vendor": "Twilio", "status": status},
                    )
                )
            ]
        code = text(reply.body, "code")
        page = f"https://www.twilio.com/docs/errors/{code}" if code.isdigit() else ""
        return self._refused(status, fields, rest, page, connecting=connecting)


async def _note(form: Form) -> str:
    """Return the warning about a workflow's rules, empty if there is none."""
    if not isinstance(form, Workflow):
        return ""
    document = rules_of(form).document
    return await run_in_thread(len(document), lambda: warning(document))
