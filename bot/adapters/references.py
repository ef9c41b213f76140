"""The objects that a form names: those that no list holds are looked up before anything is sent."""

from dataclasses import replace
from typing import Any

from bot.adapters.base import Adapter, Entry, Submission
from bot.errors import RejectedError
from bot.forms.fields import Lookup
from bot.forms.shape import shape
from bot.language import N_, Sentence

MISSING = N_("{vendor} doesn't show this incident to our API key. Choose another.")


async def resolve(adapter: Adapter, submission: Submission, credentials: Any) -> Submission:
    """Return the submission with ids in place of numbers (`#123`), and with an entry for each
    object that no list held.

    The entry of a private object has only the number or label by which the person chose it. The
    vendor shows it to a few people, and nobody knows whether this person is one of them. Raises a
    `VendorError`.
    """
    selected, ids = dict(submission.selected), dict[str, str]()
    for field in shape(type(submission.form)):
        lookup, value = field.marker(Lookup), getattr(submission.form, field.name)
        if lookup is None or not isinstance(value, str):
            continue
        if adapter.catalog(lookup.catalog).by_reference is None:
            continue
        known = selected.get(f"{lookup.catalog}/{value}") or Entry(id=value, label=value)
        if known.private is None or known.id.startswith("#"):
            found = await adapter.look_up(lookup.catalog, value, credentials)
            if found is None:
                raise RejectedError(adapter.label, fields={field.name: _missing(adapter, value)})
            known = _without_words(found, value, known) if found.private else found
            selected[f"{lookup.catalog}/{value}"] = known
        if known.id != value:
            ids[field.name] = known.id
            selected[f"{lookup.catalog}/{known.id}"] = known
    if not ids and selected == submission.selected:
        return submission
    return replace(submission, form=submission.form.model_copy(update=ids), selected=selected)


def _missing(adapter: Adapter, value: str) -> Sentence:
    """Return the sentence for an object that the vendor does not have, or does not show."""
    if value.startswith("#"):
        return Sentence(
            "{vendor} has no incident INC-{number}. Choose another.",
            {"vendor": adapter.label, "number": value[1:]},
        )
    return Sentence(MISSING, {"vendor": adapter.label})


def _without_words(found: Entry, value: str, known: Entry) -> Entry:
    label = f"INC-{value[1:]}" if value.startswith("#") else known.label
    return Entry(id=found.id, label=label, private=True)
