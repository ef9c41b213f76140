"""A field that a workspace made for itself at its vendor, said in words of no vendor's."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

CustomKind = Literal[
    "text", "long", "link", "number", "check", "date", "datetime", "tags",
    "select", "multi_select", "lookup", "multi_lookup", "person", "people",
]  # fmt: skip


class CustomField(BaseModel):
    """One such field: what an adapter reads from the vendor's lists, and what a form is made of at run time.

    `id` is the adapter's own and has no dot, so that it can be the name of a form's field. What its value is:

    | kind                          | value                                       |
    |-------------------------------|---------------------------------------------|
    | `text`, `long`, `link`        | a text: of one line, of many, a web address |
    | `number`, `check`             | a number; yes or no                         |
    | `date`, `datetime`            | a day; a point in time                      |
    | `tags`                        | a list of texts                             |
    | `select`, `multi_select`      | the id of one of `options`; a list of them  |
    | `lookup`, `multi_lookup`      | the id of an entry of `catalog`; a list     |
    | `person`, `people`            | a Slack user id; a list of them             |
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    kind: CustomKind
    required: bool = False
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """(id, label) of each, in the order to show them in."""
    catalog: str = ""
    """The name of the adapter's catalog that a lookup searches."""
