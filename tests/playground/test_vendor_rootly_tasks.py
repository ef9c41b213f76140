"""The playground's Rootly takes every type of workflow task, and is as strict about each as the
document."""

import random
from typing import Any

import pytest

from bot.adapters.rootly.bodies import task_params
from bot.adapters.rootly.tasks import types
from bot.playground.vendors.base import RefusalError
from bot.playground.vendors.rootly_shapes import check_task_params
from tests.adapters.rootly_filled import submit
from tests.adapters.rootly_tasks import fill_task


@pytest.mark.parametrize("name", types())
def test_every_type_is_taken(name: str) -> None:
    """What our form of that type sends, filled in whole or barely, is not refused."""
    for blank in (0, 1):
        form: Any
        _, form = fill_task(name, random.Random(name), blank=blank)
        check_task_params(task_params(form.task_params, submit(form)))


@pytest.mark.parametrize(
    ("params", "title"),
    [
        ({"task_type": "send_sms", "name": "n", "content": "c"}, "Phone numbers can't be blank"),
        ({"task_type": "send_slack_message", "text": "t"}, "Channels can't be blank"),
        (
            {"task_type": "rename_slack_channel", "title": "t", "channel": "C1"},
            "Channel is invalid",
        ),
        ({"task_type": "update_status", "status": "open"}, "Status is not included in the list"),
        (
            {"task_type": "print", "message": "m", "colour": "red"},
            "colour is not an attribute that can be set",
        ),
    ],
)
def test_parameters_are_refused_by_name(params: dict[str, Any], title: str) -> None:
    """Missing, of the wrong kind, not among the choices, unknown: the title says which."""
    with pytest.raises(RefusalError) as refusal:
        check_task_params(params)
    assert [error["title"] for error in refusal.value.body["errors"]] == [title]
