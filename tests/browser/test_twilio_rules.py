"""Twilio workflows with filters, filled in and mended in the page."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.playground.vendors import Twilio
from bot.playground.vendors.twilio import STAGING_QUEUE
from tests.browser.acting import Desk

pytestmark = pytest.mark.browser

GOLD, REFUND = "tier == 'Gold'", "type == 'refund' AND value > 100"


def queue(name: str) -> str:
    """The SID of that queue in the connected workspace: every stand-in has the same ones."""
    twilio = Twilio()
    rows = twilio.queues[twilio.credentials["workspace_sid"]]
    return next(str(row["sid"]) for row in rows if row["friendly_name"] == name)


def configured(second: str) -> dict[str, Any]:
    """Rules with two filters, whose second sends its tasks to that queue."""
    filters = [(GOLD, queue("Gold customers")), (REFUND, second)]
    return {
        "task_routing": {
            "filters": [
                {"expression": expression, "targets": [{"queue": sid}]}
                for expression, sid in filters
            ],
            "default_filter": {"queue": queue("Everyone")},
        }
    }


def form(desk: Desk, name: str) -> Desk:
    desk.open("/wor", name)
    return desk.choose("choice", "Twilio TaskRouter", brings="fields.default_queue")


def configuration(desk: Desk, name: str) -> Any:
    """What Twilio has of the workflow of that name, from its page."""
    with desk.page.expect_popup() as opened:
        desk.objects("twilio", name).get_by_role("link").click()
    return json.loads(opened.value.locator("dt:text-is('Configuration') + dd").inner_text())


def test_a_workflow_with_two_filters(desk: Desk) -> None:
    """Both filters arrive in their order, each with its name, queue, priority and timeout, and then
    the default queue."""
    form(desk, "By tier").more()
    desk.pick(default_queue="Everyone")
    desk.fill(
        filter_1__name="Gold",
        filter_1__expression=GOLD,
        filter_1__priority="10",
        filter_1__timeout="300",
    )
    desk.fill(filter_2__name="Refunds", filter_2__expression=REFUND)
    desk.pick(filter_1__queue="Gold customers", filter_2__queue="Payment disputes")
    desk.submit().receipt("Twilio TaskRouter", "By tier").done()
    expect(desk.objects("twilio", "By tier")).to_have_count(1)
    gold = {"queue": queue("Gold customers"), "priority": 10, "timeout": 300}
    assert configuration(desk, "By tier") == {
        "task_routing": {
            "filters": [
                {"filter_friendly_name": "Gold", "expression": GOLD, "targets": [gold]},
                {
                    "filter_friendly_name": "Refunds",
                    "expression": REFUND,
                    "targets": [{"queue": queue("Payment disputes")}],
                },
            ],
            "default_filter": {"queue": queue("Everyone")},
        }
    }


def test_a_wrong_queue_is_told_beside_its_filter(desk: Desk) -> None:
    """Rules of another workspace, pasted and turned into fields: Twilio's sentence stands beside
    the queue that it does not know, everything else stays; with a queue of its own, one workflow is
    created."""
    right, wrong = configured(queue("Payment disputes")), configured(STAGING_QUEUE)
    form(desk, "Rules from elsewhere").choose("routing", "JSON", brings="json.configuration")
    desk.fill(configuration=json.dumps(wrong))
    desk.choose("routing", "Fields", brings="fields.default_queue").submit()
    words = f"TaskQueue {STAGING_QUEUE} in filters[1].targets[0] does not exist in this workspace."
    expect(desk.error("filter_2.queue")).to_have_text(
        f"Twilio TaskRouter says: Configuration is not valid: {words}"
    )
    expect(desk.modal.get_by_test_id("field-error")).to_have_count(1)
    expect(desk.input("filter_1.expression")).to_have_value(GOLD)
    expect(desk.input("filter_2.expression")).to_have_value(REFUND)
    expect(desk.objects("twilio", "Rules from elsewhere")).to_have_count(0)
    desk.pick(filter_2__queue="Payment disputes").submit().receipt(
        "Twilio TaskRouter", "Rules from elsewhere"
    ).done()
    assert configuration(desk, "Rules from elsewhere") == right
