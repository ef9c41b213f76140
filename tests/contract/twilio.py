"""Hypothesis strategies for Twilio's forms: rules, expressions, attributes."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bot.adapters.twilio import Task, Twilio, Workflow

HEX = st.text("0123456789abcdefABCDEF", min_size=32, max_size=32)
queues, workflow_sids, workers = (HEX.map(f"{prefix}{{}}".format) for prefix in ("WQ", "WW", "WK"))
urls = st.none() | st.sampled_from(["https://example.com/a?b=c&d=%20", "http://10.0.0.1:8080/"])
words = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
)
numbers = st.none() | st.integers(1, 2_147_483_647)
NAMES = st.sampled_from(["type", "tier", "customer.value", "langs[0]", "a.b[2].c", "größe"])
TARGET_NAMES = st.sampled_from(["task.lang", "worker.langs", "worker.skills[1]"])
TEXTS = st.text("ab 'é(&=", max_size=5).map('"{}"'.format) | st.text('ab "é)-', max_size=5).map(
    "'{}'".format
)
CONSTANTS = TEXTS | st.sampled_from(["1", "-2.50", "true", "FALSE", "null"])
LISTS = st.lists(CONSTANTS, max_size=3).map(lambda items: f"[{', '.join(items)}]")
COMPARISONS = st.sampled_from(
    ["==", "!=", ">", ">=", "<", "<=", " CONTAINS ", " HAS ", " in ", " NOT  IN "]
)


def expressions(names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[str]:
    """Strategy for expressions of the grammar, of moderate depth."""
    conditions = st.tuples(names | CONSTANTS, COMPARISONS, names | CONSTANTS | LISTS).map("".join)
    return st.recursive(
        conditions,
        lambda inner: (
            inner.map("({})".format)
            | st.tuples(inner, st.sampled_from([" AND ", " or\n"]), inner).map("".join)
        ),
        max_leaves=6,
    )


def _given(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


filters = st.fixed_dictionaries(
    {
        "expression": expressions(),
        "queue": queues,
        "priority": st.none() | st.integers(0, 2_147_483_647),
    },
    optional={"name": st.none() | words, "timeout": numbers},
)
others = {
    "assignment_callback_url": urls,
    "fallback_assignment_callback_url": urls,
    "task_reservation_timeout": st.none() | st.integers(1, 86_400),
}
optional: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.none() | filters for name in ("filter_1", "filter_2", "filter_3")},
    **others,
}
rules: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"default_queue": queues},
    optional=optional,
)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """Strategy for documents without problems: known and unknown members, several targets."""
    made = draw(st.lists(_filter(), max_size=3))
    has_default = not made or not draw(st.booleans())
    routing: dict[str, Any] = {"default_filter": {"queue": draw(queues)}, "filters": made}
    if not has_default:
        del routing["default_filter"]
    document = {"task_routing": routing, **draw(_given(note=words))}
    return json.dumps(
        document, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1]))
    )


@st.composite
def _filter(draw: st.DrawFn) -> dict[str, Any]:
    first = draw(_target()) | {"queue": draw(queues)}
    targets = [first, *draw(st.lists(_target(), max_size=2))]
    for target in targets[:-1]:
        target.setdefault("timeout", 10)
    members = _given(filter_friendly_name=words, made_up=words)
    return {"expression": draw(expressions()), "targets": targets, **draw(members)}


def _target() -> st.SearchStrategy[dict[str, Any]]:
    return _given(
        priority=st.integers(0, 9) | st.integers(0, 9).map(str),
        timeout=st.integers(1, 9),
        expression=expressions(TARGET_NAMES),
        order_by=st.just("worker.level DESC"),
        skip_if=st.just("workers.available == 0"),
        known_worker_sid=st.just("task.agent.sid"),
    )


def workflows(**names: st.SearchStrategy[str]) -> st.SearchStrategy[Workflow]:
    """Strategy for workflows in both ways, with names that leave room for the marker."""
    named = (
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=47)
        .map(str.strip)
        .filter(bool)
    )
    written = st.fixed_dictionaries({"configuration": configurations()}, optional=others)
    return st.one_of(
        st.builds(lambda name, given: _workflow("fields", name, given), named, rules),
        st.builds(lambda name, given: _workflow("json", name, given), named, written),
    )


def _workflow(answer: str, name: str, given: dict[str, Any]) -> Workflow:
    form = Twilio.operations[0].form_for(answer)
    made = form.model_validate({"friendly_name": name, "routing": answer, "rules": given})
    assert isinstance(made, Workflow)
    return made


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
attribute_names = st.from_regex(r"\A[a-z]\w{0,8}\Z").filter(
    lambda name: name not in ("title", "description") and not name.startswith("slack_")
)
attributes = st.dictionaries(attribute_names, values, max_size=4)
lines = attributes.map(
    lambda found: "\n".join(f"{name} = {json.dumps(value)}" for name, value in found.items())
)


def tasks() -> st.SearchStrategy[Task]:
    """Strategy for tasks with every field given or left out."""
    past = st.datetimes(datetime(1990, 1, 1), datetime(2020, 1, 1), timezones=st.just(UTC))
    targets = st.one_of(
        st.fixed_dictionaries(
            {"routing_target": workers},
            optional={"ignore_capacity": st.sampled_from(["true", "false"])},
        ),
        _given(routing_target=queues | workflow_sids),
    )
    rest = _given(
        description=words,
        workflow_sid=workflow_sids,
        attributes=lines | attributes.map(json.dumps),
        task_channel=words,
        priority=st.integers(0, 2_147_483_647),
        timeout=st.integers(1, 1_209_600),
        virtual_start_time=past,
        task_queue_sid=queues,
    )
    return st.builds(
        lambda title, given, target: Task(title=title, **given, **target), words, rest, targets
    )
