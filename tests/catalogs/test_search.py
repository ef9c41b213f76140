"""The search in a picker: what finds an entry, and which comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import Entry
from bot.catalogs.search import LONGEST_QUERY, MOST_WORDS, best, folded, matches, search_text

SHELF = [
    Entry(id="01A", label="Checkout API", detail="payments@example.com", names="checkout-api"),
    Entry(id="01B", label="Checkout"),
    Entry(id="01C", label="Old checkout"),
    Entry(id="01D", label="Precheckout"),
    Entry(id="01E", label="Payments", detail="behind the checkout"),
    Entry(id="01F", label="München", names="muc-1"),
    Entry(id="01G", label="Łódź"),
    Entry(id="01H", label="Straße"),
    Entry(id="create_jira_issue", label="Create a Jira issue"),
    Entry(id="change_slack_channel_privacy", label="Make a channel private or public"),
    Entry(id="01I", label="Zoë O'Brien", detail="zoe@example.com"),
]


def found(query: str) -> list[str]:
    return [entry.label for entry in matches(SHELF, query, 100)]


def test_the_best_match_comes_first() -> None:
    """Equal, beginning, a word's beginning, anywhere in the label, anywhere in another name."""
    expected = ["Checkout", "Checkout API", "Old checkout", "Precheckout", "Payments"]
    assert found("checkout") == expected


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("chekout", "Checkout"),
        ("chekout api", "Checkout API"),
        ("api checkout", "Checkout API"),
        ("paymnets", "Payments"),
        ("munchen", "München"),
        ("MÜNCHEN", "München"),
        ("munhcen", "München"),
        ("lodz", "Łódź"),
        ("strasse", "Straße"),
        ("zoe obrien", "Zoë O'Brien"),
        ("create_jira_issue", "Create a Jira issue"),
        ("slack_channel_privacy", "Make a channel private or public"),
        ("muc-1", "München"),
        ("checkout-api", "Checkout API"),
        ("payments@example", "Checkout API"),
        ("jirra isue", "Create a Jira issue"),
    ],
)
def test_people_find_it_by_what_they_type(typed: str, first: str) -> None:
    """With typing errors, in another order, without accents, and by ids and names of the API."""
    assert found(typed)[0] == first


def test_what_is_spelled_right_comes_before_what_is_like_it() -> None:
    """Only a few exact matches are followed by similar ones, and a number is never similar."""
    entries = [Entry(id=name, label=name) for name in ("payment", "paymant", "INC-12", "INC-13")]
    assert [entry.id for entry in matches(entries, "paymant", 9)] == ["paymant", "payment"]
    assert [entry.id for entry in matches(entries, "INC-12", 9)] == ["INC-12"]


def test_a_long_query_is_cut() -> None:
    """Only its first characters and words count."""
    assert found("checkout" + " " * LONGEST_QUERY + "nonsense") == found("checkout")
    assert found("a " * MOST_WORDS + "nonsense") == found("a " * MOST_WORDS)


@given(st.text(max_size=300), st.lists(st.text(max_size=30), max_size=20))
def test_whatever_is_typed_is_answered(query: str, labels: list[str]) -> None:
    """Each line at most once, and no more than asked for."""
    texts = [search_text(Entry(id="x", label=label)) for label in labels]
    places = best(texts, query, 7)
    assert len(places) == len(set(places)) <= 7
    assert set(places) <= set(range(len(labels)))


@given(st.text(max_size=100))
def test_a_folded_text_is_a_line(text: str) -> None:
    """No tab and no line break is left."""
    assert not set(folded(text)) & set("\t\n\r")
