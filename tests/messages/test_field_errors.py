"""No library's sentence reaches a person: every field says in our words what to type."""

import pytest

from bot.adapters.base import Adapter
from bot.forms.sentences import NOT_FITTING
from tests.messages.field_errors import field_errors
from tests.messages.parts import VENDORS
from tests.messages.rules import broken_rules


@pytest.mark.parametrize("adapter", VENDORS, ids=lambda adapter: adapter.vendor)
def test_every_error_of_every_field_is_ours(adapter: Adapter) -> None:
    """For every type of error that pydantic can raise there, the sentence says what to do."""
    errors = list(field_errors(adapter))
    theirs = [
        (name, detail["type"], sentence)
        for name, sentence, detail in errors
        if sentence == NOT_FITTING
        or broken_rules(sentence)
        or (detail["type"] not in ("value_error", "wrong_field") and detail["msg"] in sentence)
    ]
    assert theirs == []
    assert len({detail["type"] for _, _, detail in errors}) > 10
