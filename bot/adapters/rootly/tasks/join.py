"""Join the facts of a task type with our wording of it."""

from collections.abc import Iterator, Mapping

from bot.adapters.rootly.tasks.facts import Fact, TypeFacts
from bot.adapters.rootly.tasks.model import KINDS, Parameter, Rule, TaskType
from bot.adapters.rootly.tasks.wording import FieldWording, FormWording, Wording

NOTHING = TypeFacts(parameters={})
"""The document's facts of a type that it does not have."""
USUAL = FieldWording()
"""The wording of a parameter that `forms.toml` does not mention."""


def join(documented: Mapping[str, TypeFacts], wording: Wording) -> Iterator[TaskType]:
    """Yield each type in the order of the wording.

    Raises `ValueError` for a parameter without facts. A type that has no wording yet is left out.
    """
    for area, forms in wording.forms.items():
        for name, form in forms.items():
            facts = documented.get(name, NOTHING)
            yield TaskType(
                name=name,
                label=form.label,
                area=wording.areas[area],
                origin="document"
                if name in documented
                else "sdk"
                if name in wording.sdk
                else "former",
                parameters=tuple(_parameters(name, form, facts, wording)),
                rules=tuple(_rules(form, facts)),
            )


def all_facts(name: str, documented: TypeFacts, wording: Wording) -> dict[str, Fact]:
    """Return the facts of the type's parameters from all sources."""
    return {
        **wording.former.get(name, {}),
        **wording.sdk.get(name, {}),
        **documented.parameters,
    }


def field_wording(name: str, form: FormWording, wording: Wording) -> FieldWording:
    """Return the form's wording of the parameter, completed by the wording for all of that name."""
    usual = wording.parameters.get(name, USUAL)
    if (own := form.parameters.get(name)) is None:
        return usual
    return usual.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def kind_of(fact: Fact, worded: FieldWording) -> str:
    """Return the kind of field: a choice if there are choices, else ours, else the usual one."""
    return "choice" if fact.choices or worded.choices else worded.kind or KINDS[fact.type][0]


def _parameters(
    task: str, form: FormWording, documented: TypeFacts, wording: Wording
) -> Iterator[Parameter]:
    facts = all_facts(task, documented, wording)
    for name in (*form.fields, *form.more):
        if name not in facts:
            raise ValueError(f"forms.toml: Rootly knows no parameter {name} of {task}.")
        fact, worded = facts[name], field_wording(name, form, wording)
        yield Parameter(
            name=name,
            kind=kind_of(fact, worded),
            choices=worded.choices or fact.choices,
            reference=fact.type == "reference",
            many=fact.many,
            minimum=fact.minimum if worded.minimum is None else worded.minimum,
            maximum=fact.maximum if worded.maximum is None else worded.maximum,
            required=fact.required,
            demanded=name in form.demanded,
            advanced=name in form.more,
            default=fact.default if worded.default is None else worded.default,
            title=worded.title,
            hint=worded.hint,
            documented=name in documented.parameters,
        )


def _rules(form: FormWording, documented: TypeFacts) -> Iterator[Rule]:
    if documented.any_of:
        yield Rule("any of", documented.any_of)
    if form.any_of:
        yield Rule("any of", form.any_of, documented=False)
    for group in form.together:
        yield Rule("together", (group,), documented=False)
    for name, conditions in form.needs.items():
        for when in conditions.items():
            yield Rule("needs", ((name,),), documented=False, when=when)
