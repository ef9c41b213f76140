"""Whatever people and vendors write: within Slack's limits, and with nothing of anyone else's that
acts."""

import re
from dataclasses import replace
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from bot import messages
from bot.adapters.base import Adapter, Created, Entry, Operation
from bot.delivery.model import Delivery
from bot.delivery.problems import problem
from bot.delivery.states import State
from bot.playground.slack.limits import check_message, check_view
from tests.messages.parts import ADAPTERS, NOW, OPERATIONS, ROW, said

REASONS = (
    *(
        "",
        "rate_limited",
        "unreachable",
        "internal",
        "turn",
        "absent",
        "keyed",
        "sent_again",
        "tried_again",
        "reconnected",
    ),
    *(
        "found",
        "confirmed",
        "created_twice",
        "refused",
        "unclear",
        "lease",
        "unanswered",
        "undecided",
    ),
    *(
        "cancelled",
        "by_hand",
        "gave_up",
        "unauthorized",
        "forbidden",
        "disconnected",
        "not_sendable",
        "whatever",
    ),
)
NASTY = [
    "<!channel>",
    "<!here|x>",
    "<@U1>",
    "<https://x.example.com|click>",
    "&lt;!channel&gt;",
    "*_~`",
    "\u202e",
    "\0",
]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*NASTY, "a", "\n", "é", "👩‍🚀"]), max_size=30).map("".join),
    st.integers(0, 6000).map(lambda n: "x" * n),
    st.integers(1, 2500).map(lambda n: "&<" * n),
)
LINKS = st.one_of(st.just(""), TEXTS, TEXTS.map(lambda text: f"https://vendor.example.com/{text}"))
TWINS = st.lists(st.builds(Created, id=TEXTS, reference=TEXTS, title=TEXTS, url=LINKS), max_size=7)
PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(["text", "title", "summary", "severity_id", "task_params"]), inner
    ),
    max_leaves=6,
)
ROWS = st.builds(
    lambda **changes: replace(ROW, **changes),
    private=st.booleans(),
    payload=PAYLOADS.map(
        lambda value: value if isinstance(value, dict) else {"title": value, "text": value}
    ),
    duplicates=TWINS,
    reconcile_at=st.sampled_from([0.0, NOW, NOW + 50, 2 * NOW]),
    resend_count=st.integers(0, 3),
    changed_by=st.sampled_from(["", "U0ANN00001", "operator", "<!here>"]),
    erased_at=st.sampled_from([0.0, NOW]),
    selected=st.dictionaries(
        st.sampled_from(["incidents/1", "severities/1", "users/2"]),
        TEXTS.map(lambda label: Entry(id="1", label=label)),
    ),
    expected_at=st.sampled_from([0.0, NOW + 200, 2 * NOW]),
    created_at=st.sampled_from([0.0, NOW, 2 * NOW]),
    state=st.sampled_from(get_args(State)),
    reason=st.sampled_from(REASONS),
    title=TEXTS,
    error_details=TEXTS.map(lambda words: problem("said", words=words)),
    field_errors=st.dictionaries(
        st.sampled_from(["text", "severity_id", "task_params.to", "", "x."]), TEXTS
    ),
    vendor_object=st.one_of(
        st.just({}),
        st.fixed_dictionaries({"id": TEXTS, "reference": TEXTS, "title": TEXTS, "url": LINKS}),
    ),
    next_attempt_at=st.floats(0, 2 * NOW),
)
MARKUP = re.compile(r"<(?!@U0ANN00001>|!date\^\d+\^[{}a-z_ ]+\|[\d:, UTC-]+>)[^>]*>?")


@given(row=ROWS, which=st.sampled_from(OPERATIONS), by_hand=LINKS)
def test_every_card_is_one_that_slack_takes(
    row: Delivery, which: tuple[Adapter, Operation], by_hand: str
) -> None:
    """In every state and with every text: within the limits, and no mention or link but the
    person's who asked."""
    card = messages.card(row, *which, page=by_hand)
    assert check_message(card) == []
    assert [found for text in said(card) for found in MARKUP.findall(text)] == []


@given(row=ROWS, which=st.sampled_from(OPERATIONS))
def test_every_receipt_is_one_that_slack_takes(row: Delivery, which: Any) -> None:
    """In every state and with every text: within the limits, and no mention or link at all."""
    receipt = messages.receipt(row, *which)
    assert check_view(receipt) == []
    assert [found for text in said(receipt) for found in MARKUP.findall(text)] == []


@given(rows=st.lists(ROWS, max_size=3), which=st.sampled_from(OPERATIONS))
def test_every_home_is_one_that_slack_takes(rows: list[Delivery], which: Any) -> None:
    """As many as there may be, the same ones again and again: within the limits, and nothing that
    acts."""
    many = [
        replace(row, key=f"ir{number:012x}") for number, row in enumerate(rows * messages.ON_HOME)
    ]
    home = messages.home(
        [messages.RenderedDelivery(row, *which) for row in many], messages.to_try(), NOW
    )
    assert check_view(home) == []
    assert [found for text in said(home) for found in MARKUP.findall(text)] == []


@given(row=ROWS, which=st.sampled_from(OPERATIONS))
def test_what_was_written_comes_back_in_views_that_slack_takes(row: Delivery, which: Any) -> None:
    """As text to copy, and as the vendor's words above a form that is to be corrected."""
    assert check_view(messages.copied(row, *which)) == []
    above = messages.refused(row, *which)
    assert check_view(messages.refusal("x") | {"blocks": [above]}) == []
    assert MARKUP.findall(above["text"]["text"]) == []


@given(row=ROWS, which=st.sampled_from(OPERATIONS))
def test_a_sentence_for_who_came_too_late_says_nothing_that_acts(row: Delivery, which: Any) -> None:
    """Whatever the row is by then."""
    text = messages.meanwhile(row, *which)
    assert text
    assert len(text) < 4000
    assert MARKUP.findall(text) == []


@given(text=TEXTS)
def test_every_note_is_one_that_slack_takes(text: str) -> None:
    """The modals that say why nothing was sent."""
    views = [
        messages.refusal(text),
        messages.told(text),
        *[messages.refusal(it) for it in (notice.text for notice in messages.Notice)],
        messages.not_saved(messages.Notice.SAVED_NOWHERE.text),
        messages.refusal(messages.Notice.TROUBLE_IN_FORM.text),
        *[messages.refusal(messages.disconnected(it)) for it in ADAPTERS],
        *[messages.refusal(messages.unreadable_connection(it)) for it in ADAPTERS],
    ]
    assert [check_view(view) for view in views] == [[]] * len(views)
