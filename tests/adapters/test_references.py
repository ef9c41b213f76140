"""The objects that a form names are looked up when no list held them, and a private one is known
by nothing but the name that the person gave it."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from bot.adapters.base import (
    Adapter,
    Catalog,
    Created,
    Entry,
    Operation,
    Request,
    Submission,
    incident_by_number,
    is_private,
)
from bot.adapters.credentials import Account
from bot.adapters.references import resolve
from bot.adapters.registry import ADAPTERS
from bot.errors import RejectedError
from bot.forms.fields import Form, Lookup


class Note(Form):
    incident_id: Annotated[str, Lookup("incidents")]
    author_id: Annotated[str | None, Lookup("users")] = None


@dataclass
class Diary(Adapter):
    """A vendor with these incidents, by id or number."""

    incidents: dict[str, Entry]
    asked: list[str] = field(default_factory=list)
    label = "Diary"
    operations = (Operation("note", "action_item", "note", Note),)
    catalogs = (
        Catalog("incidents", "incidents", by_reference=incident_by_number),
        Catalog("users", "people"),
    )

    async def look_up(self, catalog: str, entry_id: str, credentials: Any) -> Entry | None:
        self.asked.append(f"{catalog}/{entry_id}")
        return self.incidents.get(entry_id)

    async def verify(self, credentials: Any) -> Account:
        raise NotImplementedError

    def request(self, operation: str, submission: Submission, credentials: Any) -> Request:
        raise NotImplementedError

    async def create(self, operation: str, submission: Submission, credentials: Any) -> Created:
        raise NotImplementedError

    async def find(
        self, operation: str, submission: Submission, credentials: Any, since: float
    ) -> list[Created]:
        raise NotImplementedError

    async def entries(self, catalog: str, credentials: Any) -> list[Entry]:
        raise NotImplementedError


PUBLIC = Entry(id="i7", label="INC-7 Down", detail="open", url="https://diary.example/7-down")
PRIVATE = PUBLIC.model_copy(update={"private": True})


def unknown(entry_id: str, label: str) -> dict[str, Entry]:
    """What the picker showed for an object that no list holds."""
    return {f"incidents/{entry_id}": Entry(id=entry_id, label=label, private=None)}


def note(incident_id: str, chosen: dict[str, Entry]) -> Submission:
    return Submission(Note(incident_id=incident_id, author_id="u1"), "ir1", selected=chosen)


@pytest.mark.parametrize(
    ("found", "entry"),
    [
        pytest.param(PUBLIC, PUBLIC, id="public"),
        pytest.param(PRIVATE, Entry(id="i7", label="INC-7", private=True), id="private"),
    ],
)
async def test_a_number_becomes_an_id(found: Entry, entry: Entry) -> None:
    """With the vendor's words about it, unless it is private. It is asked for once."""
    diary = Diary({"#7": found})
    resolved = await resolve(diary, note("#7", unknown("#7", "INC-7 (looked up when sent)")), None)
    assert resolved == note("i7", {"incidents/#7": entry, "incidents/i7": entry})
    again = await resolve(diary, note("#7", dict(resolved.selected)), None)
    assert (again, diary.asked) == (resolved, ["incidents/#7"])
    assert is_private(again.form, again.selected) is (found is PRIVATE)


@pytest.mark.parametrize(
    ("found", "entry"),
    [
        pytest.param(PUBLIC, PUBLIC, id="public"),
        pytest.param(PRIVATE, Entry(id="i7", label="INC-7 It", private=True), id="private"),
    ],
)
async def test_an_id_that_left_the_list_is_looked_up(found: Entry, entry: Entry) -> None:
    """It may be private by now; a private one keeps the label that the person saw."""
    submission = note("i7", unknown("i7", "INC-7 It"))
    resolved = await resolve(Diary({"i7": found}), submission, None)
    assert resolved == note("i7", {"incidents/i7": entry})


async def test_what_a_list_holds_is_not_looked_up() -> None:
    """Lists hold no private objects; and only incidents can be missing in theirs."""
    diary, submission = Diary({}), note("i7", {"incidents/i7": PUBLIC})
    assert await resolve(diary, submission, None) is submission
    assert diary.asked == []


@pytest.mark.parametrize(
    ("entry_id", "sentence"),
    [
        ("#7", "Diary has no incident INC-7. Choose another."),
        (
            "i7",
            "Diary doesn't show this incident to our API key. Choose another.",
        ),
    ],
)
async def test_hidden_and_missing_are_one_answer(entry_id: str, sentence: str) -> None:
    """The sentence says the same of both, beside the field."""
    with pytest.raises(RejectedError) as caught:
        await resolve(Diary({}), note(entry_id, unknown(entry_id, "INC-7")), None)
    assert {name: str(words) for name, words in caught.value.fields.items()} == {
        "incident_id": sentence
    }


@pytest.mark.parametrize(
    ("chosen", "private"),
    [({}, False), ({"a/1": PUBLIC}, False), ({"a/1": PRIVATE}, True), (unknown("#7", "x"), True)],
)
def test_what_nobody_knows_counts_as_private(chosen: dict[str, Entry], private: bool) -> None:
    assert is_private(Note(incident_id="i7"), chosen) is private


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=list(ADAPTERS))
def test_every_list_with_numbers_can_be_looked_up(adapter: type[Adapter]) -> None:
    """An adapter whose pickers take numbers looks them up."""
    takes_numbers = any(catalog.by_reference for catalog in adapter.catalogs)
    assert takes_numbers is (adapter.look_up is not Adapter.look_up)
