"""Every member of a vendor's create operation is in a whole form, or listed with the reason.

The parameters of each type of workflow task are one member here. `test_task_types.py` goes through
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
"""The path of Rootly's attributes in the body."""
FILLED_IN = {"rootly.incident": {"user_id", "slack_channel_name"}}
"""Members that the bot sends without a field of the form."""
CHOOSE_A_FORM = {"rootly.workflow_task": {"task_type"}, "twilio.workflow": {"routing"}}
"""Fields that choose the form, and are sent as that form."""


def test_every_operation_is_covered() -> None:
    """An operation cannot be added without its contract, where the vendor publishes one."""
    assert documented_operations() == set(WHOLE) == set(NOT_OFFERED)


@pytest.mark.parametrize("name", WHOLE)
def test_everything_is_said_or_listed(name: str) -> None:
    """A document's members are those of a whole form and those that are listed as never sent."""
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
    """Every field changes the request: without its value, another request is made."""
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
    """A documented enum is a select with just those values, except the kinds of sub-incidents of
    Rootly."""
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
