"""What is not set although the object exists: named on the card, in the receipt and at Home, with
one way to go on."""

from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.adapters.base import Adapter, Operation
from bot.delivery.problems import Details, problem
from bot.delivery.states import offered
from bot.forms.custom_fields import CustomField
from tests.messages.parts import NOW, ROW, VENDORS, said
from tests.world.notes import MADE

ROOTLY: Adapter = next(it for it in VENDORS if it.vendor == "rootly")
INCIDENT: Operation = ROOTLY.operation("incident")
CUSTOM = (
    CustomField(id="f1", name="Region <EU>", kind="text"),
    CustomField(id="f2", name="Impact", kind="text"),
    CustomField(id="f3", name="Orders", kind="text"),
)
CREATED = replace(
    ROW,
    vendor="rootly",
    operation="incident",
    state="delivered",
    vendor_object=MADE.model_dump(),
    custom=CUSTOM,
    created_at=NOW,
)
REFUSED = problem("step_rejected", words="No & never")


def buttons(content: dict[str, Any]) -> list[str]:
    """What can be pressed, but links."""
    elements = [
        it
        for block in content["blocks"]
        for it in block.get("elements", [])
        if it["type"] == "button"
    ]
    return [it["text"]["text"] for it in elements if "url" not in it]


def everywhere(row: Any) -> list[dict[str, Any]]:
    """The card, the receipt and the Home."""
    shown = messages.RenderedDelivery(row, ROOTLY, INCIDENT)
    return [messages.card(*shown), messages.receipt(*shown), messages.home([shown], {}, NOW)]


def test_what_was_refused_is_named_with_the_vendors_words() -> None:
    """Field by field, and can be tried again; what waits besides is named too."""
    row = replace(CREATED, follow_up_steps={"custom.f1": REFUSED, "custom.f3": REFUSED})
    for content in everywhere(row):
        whole = (
            ":warning: *Created in Rootly, with something missing*\nN-1  A note\n"
            "*Region &lt;EU&gt;* isn't set. Rootly says: No &amp; never.\n"
            "*Orders* isn't set. Rootly says: No &amp; never."
        )
        assert whole in said(content)
        assert buttons(content) == ["Try again"]
    assert messages.card(row, ROOTLY, INCIDENT)["text"].startswith(
        "Created in Rootly, with something missing: N-1 "
    )


def test_what_waits_is_named() -> None:
    """There is nothing to press while the bot is at it."""
    row = replace(CREATED, follow_up_steps={"custom.f1": {}, "custom.f2": {}}, next_step_at=NOW + 3)
    for content in everywhere(row):
        whole = (
            ":white_check_mark: *Created in Rootly*\nN-1  A note\n"
            "We're still setting *Region &lt;EU&gt;*, *Impact*."
        )
        assert whole in said(content)
        assert buttons(content) == []


@pytest.mark.parametrize("steps", [{}, {"custom.f1": {}}])
def test_nothing_can_be_tried_again_that_was_not_refused(steps: dict[str, Details]) -> None:
    """Nor what was erased."""
    assert (
        offered(replace(CREATED, follow_up_steps=steps, next_step_at=NOW if steps else 0.0)) == ()
    )
    assert offered(replace(CREATED, follow_up_steps={"custom.f1": REFUSED}, erased_at=NOW)) == ()
    assert offered(replace(CREATED, follow_up_steps={"custom.f1": REFUSED})) == ("finish",)


def test_a_vendor_that_says_a_lot_fits() -> None:
    """Forty long refusals stay below Slack's limit, with a field whose definition is gone among
    them."""
    many = tuple(CustomField(id=f"f{n}", name="x" * 500, kind="text") for n in range(40))
    steps = {f"custom.f{n}": problem("said", words="y" * 5000) for n in range(41)}
    for content in everywhere(replace(CREATED, custom=many, follow_up_steps=steps)):
        assert max(len(text) for text in said(content)) <= 3000
