"""Twilio's rules in a file, chosen in the page; and what was typed when the kind of the form is
switched."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.acting import Desk
from tests.world.modal import a_queue

pytestmark = pytest.mark.browser

LONG = 5000
"""Characters: more than a text input holds."""


def form(desk: Desk, name: str) -> Desk:
    """The form for a workflow of that name whose rules are JSON."""
    desk.open("/wor", name)
    desk.choose("choice", "Twilio TaskRouter", brings="fields.default_queue")
    return desk.choose("routing", "JSON", brings="json.configuration_file")


def written(folder: Path, name: str, *, filters: int = 1) -> Path:
    """A file with rules in it."""
    queue = a_queue()
    rule = {"expression": "type == 'refund'", "targets": [{"queue": queue}]}
    path = folder / name
    path.write_text(
        json.dumps(
            {"task_routing": {"filters": [rule] * filters, "default_filter": {"queue": queue}}}
        )
    )
    return path


def field(desk: Desk) -> Locator:
    return desk.field("configuration_file")


def choose(desk: Desk, path: Path) -> Desk:
    """Choose the file, and wait until it is there."""
    field(desk).locator("input[type=file]").set_input_files(path)
    expect(field(desk).get_by_test_id("file")).to_contain_text(path.name)
    return desk


def test_a_long_file_is_uploaded_and_arrives(desk: Desk, tmp_path: Path) -> None:
    """It is named in the form, and becomes the configuration of one workflow."""
    path = written(tmp_path, "night shift.json", filters=80)
    assert path.stat().st_size > LONG
    choose(form(desk, "Night shift from a file"), path).submit()
    desk.receipt("Twilio TaskRouter", "Night shift from a file").done()
    expect(desk.objects("twilio", "Night shift from a file")).to_have_count(1)
    with desk.page.expect_popup() as opened:
        desk.objects("twilio", "Night shift from a file").get_by_role("link").click()
    shown = opened.value.locator("dt:text-is('Configuration') + dd").inner_text()
    assert json.loads(shown) == json.loads(path.read_text())


def test_a_wrong_file_is_replaced(desk: Desk, tmp_path: Path) -> None:
    """Line and column stand beside the field; the file can be taken out and another chosen; a type
    that is not asked for is refused at once."""
    wrong, right, other = (
        tmp_path / "wrong.json",
        written(tmp_path, "right.json"),
        tmp_path / "rules.txt",
    )
    wrong.write_text('{"task_routing": {\n"filters": [,]}}')
    other.write_text("{}")
    choose(form(desk, "Mended file"), wrong).submit()
    expect(desk.error("configuration_file")).to_have_text("Line 2, column 13: put a value here.")
    field(desk).get_by_role("button", name="Remove wrong.json").click()
    expect(desk.error("configuration_file")).to_have_count(0)
    field(desk).locator("input[type=file]").set_input_files(other)
    expect(field(desk).get_by_test_id("file-note")).to_have_text(
        "Please choose a file that ends in .json."
    )
    choose(desk, right).submit().receipt("Twilio TaskRouter", "Mended file")


def test_a_chosen_file_survives_more_fields(desk: Desk, tmp_path: Path) -> None:
    """It is still there after the form was drawn anew, and keeps the form from becoming one without
    room for it."""
    choose(form(desk, "Still there"), written(tmp_path, "kept.json"))
    desk.modal.get_by_role("button", name="More fields").click()
    expect(desk.field("task_reservation_timeout")).to_be_visible()
    expect(field(desk).get_by_test_id("file")).to_contain_text("kept.json")
    desk.pick(routing="Fields")
    expect(desk.modal).to_contain_text("The form stays as it was, so that you lose nothing.")
    expect(field(desk).get_by_test_id("file")).to_contain_text("kept.json")
    expect(desk.modal.locator('[data-testid*=".routing"] input')).to_have_value("JSON")
    desk.submit().receipt("Twilio TaskRouter", "Still there")


def test_what_was_typed_survives_switching(desk: Desk) -> None:
    """Unfinished fields become JSON; with a typo in it, it stays, with the reason on top; mended,
    it becomes fields again."""
    desk.open("/wor", "There and back")
    desk.choose("choice", "Twilio TaskRouter", brings="fields.default_queue")
    desk.fill(filter_1__name="Gold", filter_1__expression="tier = 'Gold'")
    desk.choose("routing", "JSON", brings="json.configuration")
    text = desk.input("configuration").input_value()
    rule = {"filter_friendly_name": "Gold", "expression": "tier = 'Gold'", "targets": [{}]}
    assert json.loads(text) == {"task_routing": {"filters": [rule]}}
    desk.fill(configuration=text + "}").pick(routing="Fields")
    expect(desk.modal).to_contain_text("This JSON can't become fields yet.")
    expect(desk.input("configuration")).to_have_value(text + "}")
    desk.fill(configuration=text)
    desk.modal.locator('[data-testid*=".routing"] input').click()
    desk.offered.filter(has_text="Fields").click()
    expect(desk.input("filter_1.expression")).to_have_value("tier = 'Gold'")
    expect(desk.modal).not_to_contain_text("Fields cannot show")
