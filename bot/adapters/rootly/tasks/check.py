"""Find where the facts of the task types and our wording of them disagree."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bot.adapters.rootly.tasks.facts import Fact, TypeFacts
from bot.adapters.rootly.tasks.join import NOTHING, all_facts, field_wording, kind_of
from bot.adapters.rootly.tasks.model import CATALOG_TYPES, KINDS
from bot.adapters.rootly.tasks.wording import FieldWording, FormWording, Wording


def disagreements(facts: Mapping[str, TypeFacts], wording: Wording) -> list[str]:
    """Return a line for each disagreement, with its place in `forms.toml`."""
    known = {*facts, *wording.sdk, *wording.former}
    forms = [(name, form) for area in wording.forms.values() for name, form in area.items()]
    worded = {name for name, _ in forms}
    return [
        *(f"[areas] lacks {area}" for area in sorted(wording.forms.keys() - wording.areas.keys())),
        *(f"{name} has two forms" for name in _repeated(name for name, _ in forms)),
        *(f"{name} has no form" for name in sorted(known - worded)),
        *(f"{name} is no type that Rootly knows" for name in sorted(worded - known)),
        *(f"most_used: {name} has no form" for name in wording.most_used if name not in worded),
        *_unused(facts, wording),
        *_documented_by_now(facts, wording),
        *(
            f"{name}: {line}"
            for name, form in forms
            for line in _of_form(form, all_facts(name, facts.get(name, NOTHING), wording), wording)
        ),
    ]


def _of_form(form: FormWording, facts: Mapping[str, Fact], wording: Wording) -> Iterator[str]:
    listed = (*form.fields, *form.more)
    named = {
        *form.demanded,
        *form.parameters,
        *(name for group in (*form.any_of, *form.together) for name in group),
        *form.needs,
        *(name for conditions in form.needs.values() for name in conditions),
    }
    yield from (f"{name} is listed twice" for name in _repeated(listed))
    yield from (f"Rootly knows no parameter {name}" for name in listed if name not in facts)
    missing = facts.keys() - set(listed) - wording.not_offered.keys()
    yield from (f"{name} is not listed" for name in sorted(missing))
    yield from (f"{name} is named, and not listed" for name in sorted(named - set(listed)))
    for name in listed:
        if name in facts:
            yield from _of_field(name, facts[name], field_wording(name, form, wording))


def _of_field(name: str, fact: Fact, worded: FieldWording) -> Iterator[str]:
    kind, known = kind_of(fact, worded), {each for kinds in KINDS.values() for each in kinds}
    if kind not in KINDS[fact.type] and (kind in known or fact.type not in CATALOG_TYPES):
        yield f"{name} cannot be of kind {kind}: it is of type {fact.type}"
    for property_ in ("choices", "default", "minimum", "maximum"):
        theirs, ours = getattr(fact, property_), getattr(worded, property_)
        if theirs not in (None, ()) and ours not in (None, ()):
            yield f"{name}: the document has its own {property_}"
    choices = worded.choices or fact.choices
    if choices and worded.default is not None and worded.default not in choices:
        yield f"the default of {name} is not one of its choices"


def _unused(facts: Mapping[str, TypeFacts], wording: Wording) -> Iterator[str]:
    """Yield the parameters that have words though no type has them."""
    documented = [each.parameters for each in facts.values()]
    tables = (*documented, *wording.sdk.values(), *wording.former.values())
    used = {name for table in tables for name in table}
    for section, names in (
        ("parameters", wording.parameters),
        ("not_offered", wording.not_offered),
    ):
        yield from (f"[{section}]: no type has {name}" for name in sorted(names.keys() - used))


def _documented_by_now(facts: Mapping[str, TypeFacts], wording: Wording) -> Iterator[str]:
    """Yield the hand-kept facts that the document has by now."""
    for section, kept in (("sdk", wording.sdk), ("former", wording.former)):
        for name, parameters in kept.items():
            for each in sorted(parameters.keys() & facts.get(name, NOTHING).parameters.keys()):
                yield f"[{section}]: the document has {name}.{each}; take it out here"


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
