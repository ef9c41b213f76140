"""Trying a Rootly key out: its account, and the sentence if that cannot be found out."""

from typing import Any

import httpx
import pytest

from bot.adapters.credentials import Account, Rights
from bot.adapters.rootly import Rootly
from bot.errors import RetryLaterError, UnauthorizedError
from tests.adapters.conftest import CannedVendor
from tests.adapters.rootly_filled import KEY
from tests.adapters.test_rootly import error, listed


@pytest.fixture
def rootly(client: httpx.AsyncClient, vendor: CannedVendor) -> Rootly:
    return Rootly(client, vendor.url)


USER = {
    "full_name": "Ann Lee",
    "email": "ann@example.com",
    "full_name_with_team": "[Brambleway] Ann Lee",
}
ALLOWED = [listed(), listed()]
"""The answers to the reads that try the key's rights: incidents and workflows."""
ACCOUNTS = [
    pytest.param(
        [(200, {"data": {"id": "2", "attributes": USER}})],
        ("Brambleway", "Brambleway", "Ann Lee (ann@example.com)"),
        id="a user's",
    ),
    pytest.param(
        [(200, {"data": {"id": "2", "attributes": {"full_name": "Ann"}}})],
        ("user:2", "Ann", "Ann"),
        id="without a team",
    ),
    pytest.param(
        [
            (
                200,
                {
                    "data": {
                        "id": "2",
                        "attributes": {"full_name_with_team": "[Acme] Ann [on call] Lee"},
                    }
                },
            )
        ],
        ("Acme", "Acme", ""),
        id="a name with brackets",
    ),
    pytest.param(
        [error(404, "Not found"), listed(("2", USER))],
        ("Brambleway", "Brambleway", ""),
        id="nobody's",
    ),
    pytest.param(
        [error(422, "No user"), error(404, "Not found"), listed()],
        ("key:926df06bc6a71ac2", "a Rootly key without a user", ""),
        id="nobody's, and it may not read users",
    ),
]


@pytest.mark.parametrize(("answers", "expected"), ACCOUNTS)
async def test_verify(
    rootly: Rootly, vendor: CannedVendor, answers: list[Any], expected: tuple[str, str, str]
) -> None:
    """A key is the organisation's account, or its user's, or its own."""
    vendor.will_answer(*answers, *ALLOWED)
    assert await rootly.verify(KEY) == Account(
        id=expected[0], name=expected[1], rights=Rights(acts_as=expected[2])
    )
    assert vendor.answers == []


async def test_verify_refuses_a_wrong_key(rootly: Rootly, vendor: CannedVendor) -> None:
    """A key that Rootly does not know is refused with a sentence for the person who connects it."""
    vendor.will_answer(error(401, "Invalid token"))
    with pytest.raises(
        UnauthorizedError,
        match=r"^Rootly rejected this API key. Copy it again\.$",
    ):
        await rootly.verify(KEY)


@pytest.mark.parametrize(
    "answers", [[(200, "<html>")], [error(404, "x"), (200, "<html>"), (200, "<html>")]]
)
async def test_verify_at_a_page_of_another_kind(
    rootly: Rootly, vendor: CannedVendor, answers: list[Any]
) -> None:
    """A successful answer of another program connects nothing."""
    vendor.will_answer(*answers)
    with pytest.raises(RetryLaterError, match=r"^Rootly sent an answer that we can't read\.$"):
        await rootly.verify(KEY)


async def test_verify_without_an_answer(rootly: Rootly, vendor: CannedVendor) -> None:
    """A vendor's error while a key is tried out means only a later attempt."""
    vendor.will_answer((500, ""))
    with pytest.raises(RetryLaterError, match=r"^Rootly isn't answering\.$"):
        await rootly.verify(KEY)
