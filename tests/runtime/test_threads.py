"""What is large is worked on beside the event loop, and nothing else."""

import threading
from typing import Any

import pytest

from bot.runtime.threads import LARGE, characters, run_in_thread


@pytest.mark.parametrize(("size", "elsewhere"), [(0, False), (LARGE - 1, False), (LARGE, True)])
async def test_only_what_is_large_gets_a_thread(size: int, elsewhere: bool) -> None:
    """A thread costs more than a small thing; what is raised there is raised here."""
    assert (await run_in_thread(size, threading.get_ident) != threading.get_ident()) == elsewhere
    with pytest.raises(ZeroDivisionError):
        await run_in_thread(size, lambda: 1 // 0)


@pytest.mark.parametrize(
    ("value", "size"),
    [("abc", 3), ({"a": "bc", "d": [("e",), 7, None]}, 3), (None, 0), ({}, 0), (7.5, 0)],
)
def test_the_size_of_what_was_filled_in(value: Any, size: int) -> None:
    """However deep the texts stand."""
    assert characters(value) == size
