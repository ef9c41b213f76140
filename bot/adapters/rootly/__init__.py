"""Rootly: incidents, action items, workflow tasks. JSON:API, one bearer token.

Facts of 2026-11: Rootly's OpenAPI document and official clients. Where its guide to creating incidents disagrees with
them (a path `/api/v1`, a body without an envelope, number ids), they are followed.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.adapters.base import Account, Adapter, ApiKey, Branches, Created, Entry, Operation, Request, Submission
from bot.adapters.http import (
    Bearer,
    Reply,
    dig,
    link,
    listed,
    reading,
    rejected_token,
    segment,
    send,
    text,
    unreadable,
)
from bot.adapters.rootly.bodies import action_item, incident, workflow_task
from bot.adapters.rootly.forms import TASKS, ActionItem, Incident, WorkflowTask
from bot.adapters.rootly.lists import (
    CATALOGS,
    LISTS,
    MOST,
    NEWEST_INCIDENTS,
    PAGE,
    TEST_INCIDENTS,
    entries,
    incident_entry,
)
from bot.adapters.rootly.refusals import complaints
from bot.errors import Refused, Unclear, VendorError
from bot.forms.fields import Form

JSON_API = {"Content-Type": "application/vnd.api+json", "Accept": "application/vnd.api+json"}

INCIDENT_FIELDS = {"incident": "parent_incident_id", "action_item": "incident_id"}
"""The field of an operation that names an incident."""
PATH_FIELDS = {"action_item": "incident_id", "workflow_task": "workflow_id"}
"""The field of an operation whose value stands in the path."""


class Rootly(Adapter):
    vendor = "rootly"
    label = "Rootly"
    credentials = ApiKey
    operations = (
        Operation("incident", "incident", "incident", Incident, feeds="incidents"),
        Operation("action_item", "action_item", "action item", ActionItem),
        Operation(
            "workflow_task",
            "workflow_task",
            "workflow task",
            WorkflowTask,
            Branches("task_type", "task_params", {task.block: task for task in TASKS}),
        ),
    )
    catalogs = CATALOGS

    async def verify(self, credentials: ApiKey) -> Account:
        reply = await self._get("/v1/users/me", credentials)
        if reply.status in (404, 422):
            return await self._account_without_user(credentials)
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        if not isinstance(user := dig(reply.body, "data"), dict):
            raise unreadable(self.label)
        return _account(user) or _person(user) or _unnamed(credentials)

    async def _account_without_user(self, credentials: ApiKey) -> Account:
        """A key that belongs to nobody (Rootly has such) learns its organisation from anybody's name, if it may."""
        reply = await self._get("/v1/users", credentials, {"page[size]": 1})
        if reply.ok and (account := _account(dig(reply.body, "data", 0))):
            return account
        reply = await self._get("/v1/severities", credentials, {"page[size]": 1})
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        listed(self.label, reply, "data")
        return _unnamed(credentials)

    def request(self, operation: str, submission: Submission, credentials: ApiKey) -> Request:
        form = submission.form
        match operation, form:
            case "incident", Incident():
                path, kind, attributes = "/v1/incidents", "incidents", incident(form, submission)
            case "action_item", ActionItem():
                path = f"/v1/incidents/{segment(self.label, form.incident_id)}/action_items"
                kind, attributes = "incident_action_items", action_item(form, submission)
            case "workflow_task", WorkflowTask():
                path = f"/v1/workflows/{segment(self.label, form.workflow_id)}/workflow_tasks"
                kind, attributes = "workflow_tasks", workflow_task(form, submission)
            case _:
                raise KeyError(operation)
        # Rootly's newest SDK sends the key with incidents only, and whether the server heeds it is unproven: it helps
        # where it works, and nothing relies on it.
        headers = JSON_API | ({"Idempotency-Key": submission.idempotency_key} if operation == "incident" else {})
        return Request("POST", path, json={"data": {"type": kind, "attributes": attributes}}, headers=headers)

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        submission = await self._with_ids(operation, submission, credentials)
        reply = await self._send(self.request(operation, submission, credentials), credentials)
        if reply.status == 409 and operation == "incident":  # not documented; it would be about the idempotency key
            raise Unclear(self.label, "Rootly says that it already has this incident.")
        if not reply.ok:
            raise self._refusal(reply, operation, submission.form)
        if not (made := text(reply.body, "data", "id")):
            raise Unclear(self.label, "Rootly answered without saying what it created.")
        return _created(made, dig(reply.body, "data", "attributes"), submission)

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        if (fixed := self.catalog(catalog).static) is not None:
            return list(fixed)
        path, params = LISTS[catalog]
        if catalog != "incidents":
            return entries(catalog, await self._list(path, params, credentials, MOST))
        newest = await self._list(path, params, credentials, NEWEST_INCIDENTS)
        return entries(catalog, newest + await self._list(path, {**params, **TEST_INCIDENTS}, credentials, PAGE))

    async def _with_ids(self, operation: str, submission: Submission, credentials: ApiKey) -> Submission:
        """The submission with an incident's number (`#123`) replaced by its id."""
        name = INCIDENT_FIELDS.get(operation, "")
        value = getattr(submission.form, name, None)
        if not value or not value.startswith("#"):
            return submission
        if (found := await self._by_number(value[1:], credentials)) is None:
            raise Refused(self.label, fields={name: f"Rootly has no incident INC-{value[1:]}."})
        chosen = {**submission.chosen, f"incidents/{found.id}": found}
        return replace(submission, form=submission.form.model_copy(update={name: found.id}), chosen=chosen)

    async def _by_number(self, number: str, credentials: ApiKey) -> Entry | None:
        params: dict[str, Any] = {"filter[sequential_id]": number, "page[size]": 1}
        for kinds in ({}, TEST_INCIDENTS):
            reply = await self._get("/v1/incidents", credentials, {**params, **kinds})
            if not reply.ok:
                raise self._refusal(reply)
            for row in listed(self.label, reply, "data"):
                # The number is compared, in case a filter that Rootly does not know is passed over in silence.
                if text(row, "id") and text(row, "attributes", "sequential_id") == number:
                    return incident_entry(row)
        return None

    async def _list(self, path: str, params: Mapping[str, Any], credentials: ApiKey, most: int) -> list[Any]:
        rows: list[Any] = []
        number = 1
        while len(rows) < most:
            reply = await self._get(path, credentials, {**params, "page[size]": PAGE, "page[number]": number})
            if not reply.ok:
                raise self._refusal(reply)
            page = listed(self.label, reply, "data")
            rows += page
            more = dig(reply.body, "meta", "next_page") or dig(reply.body, "links", "next")
            if not page or not more:
                break
            number += 1
        return rows[:most]

    async def _get(self, path: str, credentials: ApiKey, params: Mapping[str, Any] | None = None) -> Reply:
        request = Request("GET", path, params=params, headers={"Accept": JSON_API["Accept"]})
        with reading(self.label):
            return await self._send(request, credentials)

    async def _send(self, request: Request, credentials: ApiKey) -> Reply:
        return await send(self.client, self.label, self.base_url, request, auth=Bearer(credentials.api_key))

    def _refusal(
        self, reply: Reply, operation: str = "", form: Form | None = None, *, connecting: bool = False
    ) -> VendorError:
        fields, sentence = complaints(reply.body, form or Form())
        if reply.status in (401, 403):
            words = "; ".join(filter(None, [*fields.values(), sentence]))
            return rejected_token(self.label, reply.status, words, connecting=connecting)
        if reply.status == 404:
            return self._not_found(operation)
        if not fields and not sentence:
            sentence = f"Rootly refused it and gave no reason (HTTP {reply.status})."
        return Refused(self.label, sentence, fields)

    def _not_found(self, operation: str) -> Refused:
        """Rootly's 404 is "Not found or unauthorized": it does not say which."""
        if name := PATH_FIELDS.get(operation):
            what = "workflow" if name == "workflow_id" else "incident"
            words = f"Rootly does not find this {what}, or does not show it to this workspace's token. Choose another."
            return Refused(self.label, fields={name: words})
        return Refused(
            self.label, "Rootly says “not found or unauthorized”: this workspace's token may lack the right to do this."
        )


def _created(made: str, attributes: Any, submission: Submission) -> Created:
    form = submission.form
    if isinstance(form, Incident):
        number = text(attributes, "sequential_id")
        url = link(attributes, "url") or link(attributes, "short_url")
        return Created(id=made, reference=f"INC-{number}" if number else "", title=form.title, url=url)
    if isinstance(form, ActionItem):
        on = submission.chosen.get(f"incidents/{form.incident_id}")
        url = link(attributes, "url") or link(attributes, "short_url") or (on.url if on else "")
        return Created(id=made, title=form.summary, url=url)
    # A task's answer carries no link, and the path of its page is not documented.
    return Created(id=made, title=text(attributes, "name").removesuffix(f" [{submission.marker}]"))


def _account(user: Any) -> Account | None:
    """`full_name_with_team` is "[Organisation] Person": two keys of one organisation are one account."""
    if match := re.match(r"\[(.+?)\] ", text(user, "attributes", "full_name_with_team") + " "):
        return Account(id=match[1], name=match[1])
    return None


def _person(user: Any) -> Account | None:
    """Without the organisation's name, the user tells one account's keys from another's."""
    if not (number := text(user, "id")):
        return None
    return Account(id=f"user:{number}", name=text(user, "attributes", "full_name") or f"Rootly user {number}")


def _unnamed(credentials: ApiKey) -> Account:
    """A key about which Rootly says nothing is an account of its own; the digest gives nothing away."""
    digest = hashlib.sha256(credentials.api_key.get_secret_value().encode()).hexdigest()[:16]
    return Account(id=f"key:{digest}", name="a Rootly key without a user")
