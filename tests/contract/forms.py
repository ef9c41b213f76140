"""Hypothesis strategies for filled-in forms of every operation, with every branch."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from pydantic import EmailStr, HttpUrl
from pydantic.fields import FieldInfo

from bot.adapters.base import Submission
from bot.adapters.incident_io.forms import Action, FollowUp, RetrospectiveOptions
from bot.adapters.incident_io.forms import Incident as IncidentIoIncident
from bot.adapters.rootly.forms import IN_ORDER, PLANNED, ActionItem, Incident, WorkflowTask
from bot.adapters.rootly.tasks import types
from bot.forms.fields import Form
from tests.adapters.rootly_tasks import fill_task
from tests.contract import twilio

NOW = datetime(2026, 11, 21, tzinfo=UTC)
REFUSED = ("", ".", "..")
"""Ids with which no request is made."""
texts = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
ids = (
    st.text("abcdef0123456789-/.# é", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda each: each not in REFUSED)
)
urls = st.sampled_from(
    [
        "https://example.com/a?b=c&d=%20",
        "http://10.0.0.1:8080",
        "https://acme.atlassian.net/browse/OPS-42",
    ]
)
emails = st.sampled_from(["ann@example.com", "bo+oncall@example.co.uk"])
moments = st.datetimes(
    datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([None, UTC])
)

# Strategies by name, where pydantic's types are not enough: an id is a plain string to pydantic.
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "assigned_to_user_id": st.none() | st.integers(1, 10**9).map(str),
    "in_triage_at": st.none() | moments,
}


def filled(form: type[Form], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Strategy for valid forms. Fields that depend on each other are `given`."""
    st.register_type_strategy(HttpUrl, urls.map(HttpUrl))
    st.register_type_strategy(EmailStr, emails)
    fields = {
        name: given[name] if name in given else _strategy(name, info)
        for name, info in form.model_fields.items()
    }
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
    """Strategy for an incident's times, each no earlier than the one before, some left out."""
    steps = draw(
        st.lists(
            st.timedeltas(timedelta(0), timedelta(days=9)),
            min_size=len(IN_ORDER),
            max_size=len(IN_ORDER),
        )
    )
    times = [NOW + sum(steps[: number + 1], timedelta(0)) for number in range(len(steps))]
    return {
        name: draw(st.none() | st.just(time)) for name, time in zip(IN_ORDER, times, strict=True)
    }


labels = st.lists(
    st.tuples(st.text("abc-_", min_size=1, max_size=9), st.text(max_size=9)),
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(lambda pairs: [f"{name} = {value}" for name, value in pairs])


@st.composite
def maintenance(draw: st.DrawFn) -> dict[str, Any]:
    """Strategy for the fields of a planned maintenance."""
    until = draw(st.none() | st.just(NOW + timedelta(hours=2)))
    services = draw(st.lists(ids, max_size=2))
    return {
        "kind": "scheduled",
        "scheduled_for": NOW,
        "scheduled_until": until,
        "muted_service_ids": services,
    }


def rootly_incidents() -> st.SearchStrategy[Incident]:
    kinds = st.sampled_from(["normal", "test", "example", "backfilled"])
    none = dict.fromkeys((*IN_ORDER, *PLANNED), st.none())
    untimed = filled(Incident, **none, labels=labels, kind=kinds, muted_service_ids=st.just([]))
    return st.builds(
        lambda form, times, planned: Incident.model_validate(
            {**form.model_dump(), **times, **planned}
        ),
        untimed,
        in_order(),
        st.just({}) | maintenance(),
    )


def rootly_tasks() -> st.SearchStrategy[WorkflowTask]:
    """Strategy for tasks of any documented type. `test_task_types.py` goes through all of them."""
    names = [name for name, task in types().items() if task.origin == "document"]

    def made(name: str, rng: random.Random, blank: float, workflow_id: str) -> WorkflowTask:
        return fill_task(name, rng, blank=blank)[1].model_copy(update={"workflow_id": workflow_id})

    return st.builds(made, st.sampled_from(names), st.randoms(), st.sampled_from([0, 0.5, 1]), ids)


def incident_io_incidents() -> st.SearchStrategy[IncidentIoIncident]:
    """Strategy for incidents. Only those of the past have the options of the past."""

    def made(form: IncidentIoIncident, options: RetrospectiveOptions | None) -> IncidentIoIncident:
        given = options if form.mode == "retrospective" else None
        return IncidentIoIncident.model_validate(
            {**form.model_dump(), "retrospective_incident_options": given}
        )

    without = filled(IncidentIoIncident, retrospective_incident_options=st.none())
    return st.builds(made, without, st.none() | filled(RetrospectiveOptions))


FORMS = {
    "rootly.incident": rootly_incidents(),
    "rootly.action_item": filled(ActionItem),
    "rootly.workflow_task": rootly_tasks(),
    "incident_io.incident": incident_io_incidents(),
    "incident_io.action": filled(Action),
    "incident_io.follow_up": filled(FollowUp),
    "twilio.workflow": twilio.workflows(),
    "twilio.task": twilio.tasks(),
}


def submissions(operation: str) -> st.SearchStrategy[Submission]:
    """Strategy for submissions of an operation (`<vendor>.<operation>`)."""
    markers = st.text("0123456789abcdef", min_size=12, max_size=12).map("ir{}".format)
    return st.builds(
        Submission,
        form=FORMS[operation],
        marker=markers,
        reporter=st.text(max_size=20),
        revision=st.integers(0, 9),
    )
