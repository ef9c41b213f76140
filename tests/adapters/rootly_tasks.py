"""Forms of workflow tasks, filled in at random as a person would: rendered, typed into, parsed."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import WorkflowTask
from bot.adapters.rootly.task_forms import field_name, own_channel
from bot.adapters.rootly.tasks import Parameter, types
from bot.forms.parse import parse
from bot.forms.render import modal, render
from tests.forms.filling import State, answer, fill

OPERATION = next(each for each in Rootly.operations if each.name == "workflow_task")
PREFIX = "rootly.workflow_task"


def view_of(name: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the whole modal of that type, with all its fields."""
    blocks = render(OPERATION.form_for(name), PREFIX, values=values, more=True)
    return modal(
        callback_id=f"form:{PREFIX}",
        title="Add workflow task",
        blocks=blocks,
        private_metadata="{}",
    )


def fill_task(name: str, rng: random.Random, *, blank: float = 0.2) -> tuple[State, WorkflowTask]:
    """Return input that the form takes, as Slack sends it and as it is parsed.

    `blank` is the share of the fields that stay empty.
    """
    view = view_of(name)
    words = _Words(name)
    state = fill(view, rng, words=words, blank=blank)
    state[f"{PREFIX}.task_type"] = answer(_element(view, f"{PREFIX}.task_type"), name)
    for parameter in types()[name].parameters:
        if parameter.kind == "channel":
            _choose_channel(view, state, parameter, name, rng)
    for rule in types()[name].rules:
        if rule.kind == "any of" or blank < 1:
            chosen = rng.choice(rule.groups)
            wanted = [f"{PREFIX}.{name}.{field_name(_parameter(name, each))}" for each in chosen]
            state |= fill({"blocks": _blocks(view, wanted)}, rng, words=words, blank=0)
        elif rule.kind == "needs":
            block_id = f"{PREFIX}.{name}.{field_name(_parameter(name, rule.groups[0][0]))}"
            state[block_id] = answer(_element(view, block_id), "Said")
    form = parse(OPERATION.form_for(name), PREFIX, state)
    assert isinstance(form, WorkflowTask)
    return state, form


class _Words:
    """Texts to type where a text has to be of some kind."""

    def __init__(self, name: str) -> None:
        self.by_field = {field_name(each): each for each in types()[name].parameters}

    def __call__(self, block_id: str, rng: random.Random) -> str | None:
        parameter = self.by_field.get(block_id.rpartition(".")[2])
        if parameter is None:
            return None
        typed = {
            "reference": [f"{rng.randint(1, 99)}, Bug & more", "{{ incident.id }}", "a-1,B,C"],
            "email": ["Ann <ann@example.com>", "bo@example.com"],
            "member": ["ann@example.com, Ann", "bo@example.com"],
            "json": ['[{"a": "{{ incident.title }}"}]', "{% if incident %}[]{% endif %}"],
            "mapping": ['{"a": {{ incident.sequential_id }}}', "{}"],
            "object": ['{"a": "b"}'],
        }.get(parameter.kind)
        if typed is None:
            return None
        return "\n".join(typed) if parameter.many else rng.choice(typed)


def _choose_channel(
    view: Mapping[str, Any], state: State, parameter: Parameter, name: str, rng: random.Random
) -> None:
    """Choose a channel, or tick the incident's own."""
    if parameter.many and not parameter.required:
        return
    picker = f"{PREFIX}.{name}.{field_name(parameter)}"
    box = f"{PREFIX}.{name}.{own_channel(parameter)}"
    own = rng.random() < 0.5
    channel = None if own else ["C00000001"] if parameter.many else "C00000001"
    state[picker] = answer(_element(view, picker), channel)
    state[box] = answer(_element(view, box), own)


def _parameter(task: str, name: str) -> Parameter:
    return next(each for each in types()[task].parameters if each.name == name)


def _blocks(view: Mapping[str, Any], block_ids: Iterable[str]) -> list[dict[str, Any]]:
    return [each for each in view["blocks"] if each["block_id"] in block_ids]


def _element(view: Mapping[str, Any], block_id: str) -> dict[str, Any]:
    (block,) = _blocks(view, [block_id])
    element: dict[str, Any] = block["element"]
    return element
