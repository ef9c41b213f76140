"""The two files of Rootly's task types: how they are joined, and where they disagree."""

import tomllib

import pytest

from bot.adapters.rootly.tasks import Parameter, Rule, TaskType
from bot.adapters.rootly.tasks.check import disagreements
from bot.adapters.rootly.tasks.facts import Fact, TypeFacts, read_facts
from bot.adapters.rootly.tasks.join import join
from bot.adapters.rootly.tasks.wording import Wording, read_wording

FACTS = {
    "send": TypeFacts(
        {
            "to": Fact("string", many=True, required=True),
            "from": Fact("string", default="Ann <ann@example.com>"),
            "size": Fact("string", choices=("small", "big")),
            "on": Fact("reference"),
            "who": Fact("reference", many=True),
            "loud": Fact("boolean", default=False),
        },
        any_of=(("to",), ("from", "size")),
    ),
}
WORDING = """
most_used = ["send"]

[areas]
mail = "Chat: mail"

[not_offered]

[parameters]
to = { kind = "email" }
from = { kind = "email", title = "Sender", hint = "Who it is from." }
who = { kind = "users" }

[options]

[spelling]

[phrases]

[forms.mail.send]
label = "Send it"
fields = ["to", "size", "on", "who", "loud"]
more = ["days", "from"]
demanded = ["from"]
together = [["on", "who"]]
needs.on.size = "big"
parameters.from = { hint = "" }
parameters.size = { default = "big" }
parameters.who = { minimum = 2 }

[forms.mail.recall]
label = "Recall it"
any_of = [["id"], ["on"]]
fields = ["id", "on"]

[sdk]
send.days = { type = "integer", minimum = 1, maximum = 7 }

[former]
recall.id = { type = "string", required = true }
recall.on = { type = "boolean" }
"""


def wording(*changes: tuple[str, str]) -> Wording:
    """Return the wording with some of its text changed."""
    text = WORDING
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return Wording.model_validate(tomllib.loads(text))


def test_facts_and_wording_make_a_type() -> None:
    """A type has the wording's order and words, and the facts of document, SDK and older copies."""
    assert list(join(FACTS, wording())) == [
        TaskType(
            name="send",
            label="Send it",
            area="Chat: mail",
            origin="document",
            parameters=(
                Parameter("to", "email", many=True, required=True),
                Parameter("size", "choice", ("small", "big"), default="big"),
                Parameter("on", "reference", reference=True),
                Parameter("who", "users", reference=True, many=True, minimum=2),
                Parameter("loud", "checkbox", default=False),
                Parameter("days", "integer", minimum=1, maximum=7, advanced=True, documented=False),
                Parameter(
                    "from",
                    "email",
                    title="Sender",
                    demanded=True,
                    advanced=True,
                    default="Ann <ann@example.com>",
                ),
            ),
            rules=(
                Rule("any of", (("to",), ("from", "size"))),
                Rule("together", (("on", "who"),), documented=False),
                Rule("needs", (("on",),), documented=False, when=("size", "big")),
            ),
        ),
        TaskType(
            name="recall",
            label="Recall it",
            area="Chat: mail",
            origin="former",
            parameters=(
                Parameter("id", "text", required=True, documented=False),
                Parameter("on", "checkbox", documented=False),
            ),
            rules=(Rule("any of", (("id",), ("on",)), documented=False),),
        ),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('fields = ["id"', 'fieldz = ["id"', "forms.mail.recall.fieldz"),
        ('type = "boolean"', 'type = "bool"', "former.recall.on.type"),
        ('label = "Recall it"', "", "forms.mail.recall.label"),
        ("recall.on = {", "recall.on = { kind = 1,", "former.recall.on.kind"),
    ],
)
def test_a_slip_in_the_wording_is_an_error_with_its_place(
    before: str, after: str, expected: str
) -> None:
    """An unknown or missing key is refused, and named, when the file is read."""
    with pytest.raises(ValueError, match=expected.replace(".", r"\.")):
        wording((before, after))


def test_a_form_with_an_unknown_parameter_is_refused() -> None:
    """No field is made for a parameter that Rootly does not know."""
    with pytest.raises(ValueError, match="Rootly knows no parameter sise of send"):
        list(join(FACTS, wording(('"size", "on"', '"sise", "on"'))))


DISAGREEMENTS: list[tuple[str, str, list[str]]] = [
    ("[forms.mail.send]", "[forms.post.send]", ["[areas] lacks post"]),
    ('"send"]', '"sent"]', ["most_used: sent has no form"]),
    (
        "[forms.mail.send]",
        "[forms.mail.sent]",
        [
            "send has no form",
            "sent is no type that Rootly knows",
            "most_used: send has no form",
            *(
                f"sent: Rootly knows no parameter {name}"
                for name in ("to", "size", "on", "who", "loud", "days", "from")
            ),
        ],
    ),
    ("[sdk]", '[forms.areas.recall]\nlabel = ""\nfields = ["id", "on"]\n[sdk]', [
        "[areas] lacks areas",
        "recall has two forms",
    ]),
    ('"who", "loud"]', '"who"]', ["send: loud is not listed"]),
    ('"loud"]', '"loud", "loud"]', ["send: loud is listed twice"]),
    ('"loud"]', '"loud", "lout"]', ["send: Rootly knows no parameter lout"]),
    ('demanded = ["from"]', 'demanded = ["form"]', ["send: form is named, and not listed"]),
    ('"on", "who"]]', '"on", "whom"]]', ["send: whom is named, and not listed"]),
    ("needs.on.size", "needs.off.sizes", [
        "send: off is named, and not listed",
        "send: sizes is named, and not listed",
    ]),
    ('any_of = [["id"]', 'any_of = [["ids"]', ["recall: ids is named, and not listed"]),
    ("parameters.who", "parameters.whom", ["send: whom is named, and not listed"]),
    ("\nto =", '\nloud = { kind = "yes_no" }\nto =', []),
    ("\nto =", '\nloud = { kind = "long" }\nto =', [
        "send: loud cannot be of kind long: it is of type boolean"
    ]),
    ("\nto =", '\nloud = { kind = "users" }\nto =', [
        "send: loud cannot be of kind users: it is of type boolean"
    ]),
    ("\nto =", '\nfor = { title = "For" }\nto =', ["[parameters]: no type has for"]),
    ("[not_offered]", '[not_offered]\nfor = "Why"', ["[not_offered]: no type has for"]),
    ("[not_offered]", '[not_offered]\nloud = "Why"', []),
    ('"big" }', '"huge" }', ["send: the default of size is not one of its choices"]),
    ('parameters.from = { hint = ""', 'parameters.from = { default = "Bo"', [
        "send: from: the document has its own default"
    ]),
    ("send.days", 'send.on = { type = "reference" }\nsend.days', [
        "[sdk]: the document has send.on; take it out here"
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), DISAGREEMENTS)
def test_disagreements_are_listed(before: str, after: str, expected: list[str]) -> None:
    """Each name that one file has and the other lacks is a line."""
    assert disagreements(FACTS, wording((before, after))) == expected


def test_our_files_agree() -> None:
    """The files that the bot has name the same types and parameters."""
    assert disagreements(read_facts(), read_wording()) == []
