"""What a vendor's create operation can hear is said by a whole form, or listed with the reason why
not.

The parameters of each type of workflow task are one member here; `test_task_types.py` goes through
them.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.adapters.base import Request
from bot.adapters.incident_io.forms import NOT_OFFERED as INCIDENT_IO
from bot.adapters.rootly.forms import NOT_OFFERED as ROOTLY
from bot.adapters.twilio.bodies import NOT_OFFERED as TWILIO
from bot.forms.shape import shape
from tests.contract.bodies import FORM, objections
from tests.contract.openapi import request_schema
from tests.contract.whole import (
    WHOLE,
    documented,
    documented_operations,
    enums,
    leaves_of,
    operation,
    request,
    sent,
    whole,
    without,
)

NOT_OFFERED: Mapping[str, Mapping[str, str]] = {
    f"{vendor}.{operation}": reasons
    for vendor, listed in {"rootly": ROOTLY, "incident_io": INCIDENT_IO, "twilio": TWILIO}.items()
    for operation, reasons in listed.items()
}
AROUND = "data.attributes."
"""Where Rootly's attributes stand in the body."""
FILLED_IN = {"rootly.incident": {"user_id", "slack_channel_name"}}
"""What no field asks for and the bot says all the same."""
CHOOSE_A_FORM = {"rootly.workflow_task": {"task_type"}, "twilio.workflow": {"routing"}}
"""Fields that say which form follows, and are sent as that."""


def test_every_operation_is_covered() -> None:
    """An operation cannot be added without its contract, where the vendor publishes one."""
    assert documented_operations() == set(WHOLE) == set(NOT_OFFERED)


@pytest.mark.parametrize("name", WHOLE)
def test_everything_is_said_or_listed(name: str) -> None:
    """What the document has is what a whole form sends, and what is never sent with its reason."""
    vendor = name.partition(".")[0]
    made = request(name, whole(name))
    theirs = documented(vendor, _schema(vendor, made))
    ours = sent(made.data if made.json is None else made.json, theirs)
    theirs, ours = ({path.removeprefix(AROUND) for path in each} for each in (theirs, ours))
    listed = set(NOT_OFFERED[name])
    assert (ours | listed, ours & listed) == (theirs, FILLED_IN.get(name, set()))
    assert all(NOT_OFFERED[name].values())


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_changes_what_is_sent(name: str) -> None:
    """No field is asked for in vain: without what stands in it, another request is made."""
    form = whole(name)
    made = request(name, form)
    same = {
        ".".join(path) for path in leaves_of(form) if request(name, without(form, path)) == made
    }
    assert same == CHOOSE_A_FORM.get(name, set())


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_form_fits_the_document(name: str) -> None:
    """With everything filled in, the body is valid."""
    assert objections(name.partition(".")[0], request(name, whole(name))) == []


@pytest.mark.parametrize("name", WHOLE)
def test_choices_are_the_documents(name: str) -> None:
    """Where the document has an enum, the form has a select with just those values. (Of Rootly's
    kinds, a parent makes those of sub-incidents.)"""
    vendor = name.partition(".")[0]
    theirs = {
        path.removeprefix(AROUND): {str(it).removesuffix("_sub") for it in values if it}
        for path, values in enums(vendor, _schema(vendor, request(name, whole(name))))
        if path != "data.type"
    }
    ours = {it.name: set(it.options) for it in shape(operation(name).form) if it.name in theirs}
    assert ours == theirs


def _schema(vendor: str, made: Request) -> dict[str, Any]:
    return request_schema(
        vendor, made.path, FORM if made.json is None else made.headers["Content-Type"]
    )
