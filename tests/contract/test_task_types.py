"""Our data about Rootly's task types beside Rootly's document: valid requests, and equal facts."""

import random
from collections import Counter

import httpx
import pytest

from bot.adapters.base import Submission
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.task_forms import task_form
from bot.adapters.rootly.tasks import types
from bot.adapters.rootly.tasks.facts import FACTS
from bot.adapters.rootly.tasks.generate import as_json, facts_of, load
from bot.forms.shape import shape
from tests.adapters.rootly_filled import KEY, MARKER
from tests.adapters.rootly_tasks import fill_task
from tests.contract.openapi import document, path_of, problems
from tests.contract.tasks import whole_request

TYPED = {"named": "ID and name", "named_lines": "ID and name", "json": "JSON"}
"""The kinds of field whose value people type."""


@pytest.mark.parametrize("name", types())
def test_filled_forms_fit_the_document(name: str) -> None:
    """Every type's form makes a valid body: whole, in part, and with only the required fields."""
    document("rootly")
    adapter = Rootly(httpx.AsyncClient(), "https://vendor.example.com")
    rng = random.Random(name)
    for blank in (0, 0.4, 0.8, 1):
        _, form = fill_task(name, rng, blank=blank)
        request = adapter.request("workflow_task", Submission(form, MARKER), KEY)
        assert problems("rootly", whole_request(name), request.json) == []
        sent = request.json["data"]["attributes"]["task_params"]
        known = {each.name for each in types()[name].parameters}
        needed = {each.name for each in types()[name].parameters if each.needed}
        assert sent["task_type"] == name
        assert {"task_type", *needed} <= set(sent) <= {"task_type", *known}
        assert not [member for member, value in sent.items() if value in (None, "", [])]
        assert blank or known <= set(sent)


def test_the_facts_are_the_documents() -> None:
    """The facts made from the document are equal to `facts.json`, byte for byte."""
    assert as_json(facts_of(load(path_of("rootly")))) == FACTS.read_text(encoding="utf-8")


def test_how_types_are_asked_for() -> None:
    """The numbers of types whose values are all picked or plain, and of those with an ID and name
    or JSON."""
    assert Counter(_typed(name) for name in types()) == {
        frozenset(): 55,
        frozenset({"ID and name"}): 69,
        frozenset({"ID and name", "JSON"}): 24,
        frozenset({"JSON"}): 7,
    }


def _typed(name: str) -> frozenset[str]:
    return frozenset(TYPED[field.kind] for field in shape(task_form(name)) if field.kind in TYPED)
