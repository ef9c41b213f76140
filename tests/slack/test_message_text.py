"""What a person sees of a message is what a form takes from it."""

import pytest

from bot.slack.message_text import MessageText, read_message
from tests.slack.message_shapes import SHAPES, Shape


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_title_and_details_are_what_a_person_sees(shape: Shape) -> None:
    assert read_message(shape.message) == MessageText(shape.title, shape.details)
