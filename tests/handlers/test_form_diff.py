"""The workspace's own fields come and go while somebody fills in the form: the person is told, and
nothing is sent unseen."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from bot.adapters.base import Entry
from bot.forms.custom_fields import CustomField
from tests.handlers.test_custom_fields import field, fill, opened, rootly
from tests.world.bot import World
from tests.world.modal import Modal

CHANGED = ":information_source: *The form has changed.*"
AGAIN = "Nothing was sent. Check the form and submit it again."


async def own_fields(world: World, change: Callable[[Sequence[Entry]], list[Entry]]) -> None:
    """What the refreshed list of them would say."""
    await world.change_list("rootly", "form_fields", change)


async def demand(world: World, *titles: str) -> None:
    made = [
        Entry(
            id=f"new{number}",
            label=it,
            field=CustomField(id=f"new{number}", name=it, kind="text", required=True),
        )
        for number, it in enumerate(titles)
    ]
    await own_fields(world, lambda entries: [*entries, *made])


async def remove(world: World, *titles: str) -> None:
    await own_fields(world, lambda entries: [it for it in entries if it.label not in titles])


def blocks(modal: Modal) -> list[str]:
    return [it.rpartition(".custom.")[2] for it in modal.fields if ".custom." in it]


async def test_a_field_that_is_demanded_now_is_named(world: World) -> None:
    """The form is drawn with it, what was typed kept, and says what is new."""
    modal = await opened(world)
    await demand(world, "Cost centre")
    await modal.submit()
    assert modal.text == f"{CHANGED}\nFill in: *Cost centre*.\n{AGAIN}"
    await modal.fill(new0="42")
    await modal.send()
    assert len(rootly(world).created) == 1


async def test_several_and_one_with_markup_in_its_name(world: World) -> None:
    """A vendor's words are text, whatever they look like."""
    modal = await opened(world)
    await demand(world, "Cost", "<!channel>")
    await modal.submit()
    assert modal.text == f"{CHANGED}\nFill in: *Cost*, *&lt;!channel&gt;*.\n{AGAIN}"


async def test_an_answer_in_a_field_that_is_gone_is_named(world: World) -> None:
    """It is said what was answered, and sent only when the person submits again."""
    modal = await opened(world)
    await fill(world, modal, Region="Europe", Customer_impact="Nobody\ncan pay.")
    await remove(world, "Customer impact", "Warehouses")
    await modal.submit()
    gone = "*Customer impact* is gone. Your answer was: Nobody can pay."
    assert modal.text == f"{CHANGED}\n{gone}\n{AGAIN}"
    assert modal.value(field(world, "Region")) is not None
    assert rootly(world).created == []
    await modal.send()
    assert len(rootly(world).created) == 1


async def test_every_kind_of_answer_is_named(world: World) -> None:
    """In words, as far as they are on the screen: of a person there is only an id."""
    modal = await opened(world)
    await modal.press("more", "more")
    answers: dict[str, Any] = {
        "Region": "Europe",
        "Orders affected": 12,
        "First noticed": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        "Review before": date(2026, 12, 1),
        "Told the press": True,
        "Keywords": "a\nb",
    }
    await fill(world, modal, **{name.replace(" ", "_"): it for name, it in answers.items()})
    await remove(world, *answers)
    await modal.submit()
    said = ["Europe", "12", "2026-11-21 09:30 UTC", "2026-12-01", "Yes", "a b"]
    gone = "is gone. Your answer was:"
    lines = {f"*{name}* {gone} {it}" for name, it in zip(answers, said, strict=True)}
    assert set(modal.text.splitlines()) == {CHANGED, *lines, AGAIN}


async def test_more_fields_says_what_it_leaves_out(world: World) -> None:
    """The form is drawn anew before it is submitted."""
    modal = await opened(world)
    await fill(world, modal, Customer_impact="Nobody can pay.")
    await remove(world, "Customer impact")
    await modal.press("more", "more")
    gone = "*Customer impact* is gone. Your answer was: Nobody can pay."
    assert modal.text == f"{CHANGED}\n{gone}"


async def test_a_blank_field_that_is_gone_is_not_worth_a_word(world: World) -> None:
    """Nothing was entered, so nothing is lost."""
    modal = await opened(world)
    await remove(world, "Customer impact")
    await modal.send()
    assert len(rootly(world).created) == 1


async def test_the_line_goes_with_the_next_drawing(world: World) -> None:
    """It is about the last change only."""
    modal = await opened(world)
    await demand(world, "Cost centre")
    await modal.submit()
    await modal.press("more", "more")
    assert modal.text == ""
    assert "new0" in blocks(modal)
