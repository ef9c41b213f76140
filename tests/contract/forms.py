"""Hypothesis strategies for everything a person could fill in: whole forms of every operation, with every branch."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from pydantic import EmailStr, HttpUrl
from pydantic.fields import FieldInfo

from bot.adapters import rootly
from bot.adapters.base import Operation, Submission
from bot.adapters.incident_io import Action
from bot.adapters.incident_io import Incident as IncidentIoIncident
from bot.adapters.rootly.forms import IN_ORDER, ActionItem, AddActionItem, Incident, SendEmail, WorkflowTask
from bot.adapters.twilio import Workflow
from bot.forms.fields import Form

NOW = datetime(2026, 11, 21, tzinfo=UTC)
REFUSED = ("", ".", "..")
"""Ids that no request is made with."""
texts = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
ids = st.text("abcdef0123456789-/.# é", min_size=1, max_size=12).map(str.strip).filter(lambda each: each not in REFUSED)
urls = st.sampled_from(
    ["https://example.com/a?b=c&d=%20", "http://10.0.0.1:8080", "https://acme.atlassian.net/browse/OPS-42"]
)
emails = st.sampled_from(["ann@example.com", "bo+oncall@example.co.uk"])
addresses = emails | st.sampled_from(["{{ incident.creator_email }}", "Ann Lee <ann@example.com>"])
queues = st.text("0123456789abcdefABCDEF", min_size=32, max_size=32).map("WQ{}".format)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([None, UTC]))  # noqa: DTZ001
configurations = st.builds(
    lambda queue, words: json.dumps({"task_routing": {"default_filter": {"queue": queue}, "note": words}}),
    queues,
    texts,
)

# What pydantic's types do not tell: ids and addresses are plain strings to them.
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "assigned_to_user_id": st.none() | st.integers(1, 10**9).map(str),
    "to": st.lists(addresses, min_size=1, max_size=3),
    "cc": st.lists(addresses, max_size=2),
    "bcc": st.lists(addresses, max_size=2),
    "from_": st.none() | addresses,
    "friendly_name": st.text(min_size=1, max_size=47).map(str.strip).filter(bool),
    "in_triage_at": st.none() | moments,
}


def filled(form: type[Form], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any valid filling of the form; fields that depend on each other are `given`."""
    st.register_type_strategy(HttpUrl, urls.map(HttpUrl))
    st.register_type_strategy(EmailStr, emails)
    fields = {name: given[name] if name in given else _strategy(name, info) for name, info in form.model_fields.items()}
    return st.fixed_dictionaries(fields).map(form.model_validate)


def _strategy(name: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    if name in BY_NAME:
        return BY_NAME[name]
    words = ids if name.endswith("_id") else texts
    if info.annotation is str:
        return words
    if info.annotation == str | None:
        return st.none() | words
    if info.annotation == list[str]:
        return st.lists(ids, max_size=3)
    if info.annotation == int | None:
        return st.none() | st.integers(1, 86_400)
    return st.from_type(info.annotation)  # type: ignore[arg-type]


@st.composite
def in_order(draw: st.DrawFn) -> dict[str, Any]:
    """Times of an incident, each no earlier than the one before, any of them left out."""
    steps = draw(
        st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), min_size=len(IN_ORDER), max_size=len(IN_ORDER))
    )
    times = [NOW + sum(steps[: number + 1], timedelta(0)) for number in range(len(steps))]
    return {name: draw(st.none() | st.just(time)) for name, time in zip(IN_ORDER, times, strict=True)}


def rootly_incidents() -> st.SearchStrategy[Incident]:
    untimed = filled(Incident, **dict.fromkeys(IN_ORDER, st.none()))
    return st.builds(lambda form, times: Incident.model_validate({**form.model_dump(), **times}), untimed, in_order())


def rootly_tasks() -> st.SearchStrategy[WorkflowTask]:
    operation: Operation = next(each for each in rootly.Rootly.operations if each.branches)
    matched = st.sampled_from([(None, None), ("jira_issue_id", "{{ incident.jira_issue_id }}")])
    adding = matched.flatmap(
        lambda pair: filled(AddActionItem, attribute_to_query_by=st.just(pair[0]), query_value=st.just(pair[1]))
    )
    branches = {AddActionItem.block: adding, SendEmail.block: filled(SendEmail)}
    assert set(branches) == set(operation.branches.forms if operation.branches else ())
    joined: list[st.SearchStrategy[Any]] = [
        filled(operation.form_for(answer), task_type=st.just(answer), task_params=branch)
        for answer, branch in branches.items()
    ]
    return st.one_of(joined)


def twilio_workflows() -> st.SearchStrategy[Workflow]:
    routed = st.one_of(st.tuples(queues, st.none()), st.tuples(st.none(), configurations))
    return routed.flatmap(
        lambda given: filled(Workflow, default_queue=st.just(given[0]), configuration=st.just(given[1]))
    )


FORMS = {
    "rootly.incident": rootly_incidents(),
    "rootly.action_item": filled(ActionItem),
    "rootly.workflow_task": rootly_tasks(),
    "incident_io.incident": filled(IncidentIoIncident),
    "incident_io.action": filled(Action),
    "twilio.workflow": twilio_workflows(),
}


def submissions(operation: str) -> st.SearchStrategy[Submission]:
    """What the adapter could be asked to create: `operation` is `<vendor>.<operation>`."""
    markers = st.text("0123456789abcdef", min_size=12, max_size=12).map("ir{}".format)
    return st.builds(
        Submission, form=FORMS[operation], marker=markers, reporter=st.text(max_size=20), revision=st.integers(0, 9)
    )
