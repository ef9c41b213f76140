"""Render a form as Block Kit: one input block for each field, and the views that hold the blocks.

`elements` makes the element of a field. The numbers are from Slack's Block Kit reference;
`bot.playground.slack.limits` checks them with a table of its own.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.forms.elements import OPTIONS, TEXT_INPUT, Labels, element, option
from bot.forms.fields import Form, Lookup, RequiredWithout, Upload
from bot.forms.shape import Field, nested_prefix, shape
from bot.forms.text import cut, plain_text
from bot.language import N_, _

Block = dict[str, Any]
LABEL = 2000
HEADING = 24
"""Characters of a modal's title and buttons."""
SECTION = 3000
CHOOSER_TITLE = N_("Tool")
NOTICE = 5 * SECTION
"""Characters of a notice. The limit is ours.

Nobody reads more in a modal, and the view stays far below Slack's 250 KB.
"""


def _unknown(catalog: str, entry: str) -> str | None:
    return None


def render(
    form: type[Form],
    prefix: str,
    *,
    values: Mapping[str, Any] | None = None,
    labels: Labels = _unknown,
    more: bool = False,
    first: Container[str] | None = None,
) -> list[Block]:
    """Return the form's input blocks in the order of its fields.

    `prefix` is "<vendor>.<operation>". A block id is "<prefix>.<field>", and "<prefix>.<nested
    form's block>.<field>" in a nested form. An action id is always "value".

    `values` fills fields in. They are Python or JSON values, and a dict for a nested form. A field
    without a value shows its default. Raises `TypeError` for a field whose type has no element.

    Required fields and those with a value are always there, and the others with `more`. Without it,
    `first` has the block ids of those that are there; None: all but the `Advanced` ones.
    """
    screen = _Screen(labels, more, first)
    return list(screen.inputs(form, prefix, values or {}, hidden=False))


@dataclass(frozen=True, slots=True)
class _Screen:
    """The fields to show, and the labels of their values."""

    labels: Labels
    more: bool
    first: Container[str] | None

    def inputs(
        self, form: type[Form], prefix: str, values: Mapping[str, Any], hidden: bool
    ) -> Iterator[Block]:
        """Return a form's inputs. `hidden` is set inside an `Advanced` form."""
        given = _put_back(form, values)
        found = {
            field.name: given[field.name] if field.name in given else field.default()
            for field in shape(form)
        }
        shown = {
            field.name
            for field in shape(form)
            if field.form is None
            and self._is_there(field, f"{prefix}.{field.name}", found[field.name], hidden)
        }
        for field in shape(form):
            value = found[field.name]
            if field.form is not None:
                nested = value.model_dump() if isinstance(value, Form) else value
                inside = nested if isinstance(nested, Mapping) else {}
                rare = hidden or field.advanced
                yield from self.inputs(field.form, nested_prefix(prefix, field), inside, rare)
            elif field.name in shown:
                unless = field.marker(RequiredWithout)
                needed = field.required or (unless is not None and unless.other not in shown)
                yield _input(field, f"{prefix}.{field.name}", value, self.labels, needed)

    def _is_there(self, field: Field, block_id: str, value: Any, hidden: bool) -> bool:
        if self.more or field.required or field.is_filled(value):
            return True
        if self.first is not None:
            return block_id in self.first
        return not (hidden or field.advanced)


def focus(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with the cursor in the first required input without an answer, else in the
    last input of a single line, where Enter submits."""
    unanswered = [
        index
        for index, block in enumerate(blocks)
        if block["type"] == "input"
        and not block.get("optional")
        and block["element"]["type"] != "file_input"
        and not any(name.startswith("initial_") for name in block["element"])
    ]
    lines = [
        index
        for index, block in enumerate(blocks)
        if block.get("element", {}).get("type") == "plain_text_input"
        and not block["element"].get("multiline")
    ]
    drawn = list(blocks)
    for index in [*unanswered[:1], *lines[-1:]][:1]:
        element = {**drawn[index]["element"], "focus_on_load": True}
        drawn[index] = {**drawn[index], "element": element}
    return drawn


def more_block(prefix: str) -> Block:
    """Return the button that shows the `Advanced` fields. Its value is the form's prefix."""
    button = {
        "type": "button",
        "action_id": "more",
        "text": plain_text(_("More fields")),
        "value": cut(prefix, 2000),
    }
    return {"type": "actions", "block_id": "more", "elements": [button]}


def chooser(options: Sequence[tuple[str, str]], chosen: str) -> Block:
    """Return the select for the form's operation.

    `options` are (value, label), `chosen` is one of the values.
    """
    made = [option(value, label) for value, label in options[:OPTIONS]]
    select: Block = {"type": "static_select", "action_id": "value", "options": made}
    if initial := [each for each in made if each["value"] == chosen]:
        select["initial_option"] = initial[0]
    return {
        "type": "input",
        "block_id": "choice",
        "dispatch_action": True,
        "label": plain_text(_(CHOOSER_TITLE)),
        "element": select,
    }


def modal(
    *,
    callback_id: str,
    title: str,
    blocks: Sequence[Block],
    private_metadata: str,
    submit: str | None = "Create",
    close: str = "",
) -> dict[str, Any]:
    """Return a modal.

    `submit` is None for a modal without inputs. Slack requires the button as soon as there is an
    input.
    """
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(cut(title, HEADING)),
        "close": plain_text(cut(close or _("Cancel"), HEADING)),
        "blocks": list(blocks),
        "private_metadata": private_metadata,
        "notify_on_close": False,
    }
    if submit is not None:
        view["submit"] = plain_text(cut(submit, HEADING))
    return view


def notice(*, title: str, text: str, private_metadata: str = "", close: str = "") -> dict[str, Any]:
    """Return a modal that only shows a text.

    `text` is mrkdwn. A text longer than a section is split at the end of a line or a word.
    """
    parts = split(cut(text.strip() or title, NOTICE))
    blocks: list[Block] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in parts
    ]
    return modal(
        callback_id="notice",
        title=title,
        blocks=blocks,
        private_metadata=private_metadata,
        submit=None,
        close=close or _("Close"),
    )


def split(text: str) -> list[str]:
    """Return the text in parts that fit into sections, cut at the end of a line or a word."""
    parts = []
    while len(text) > SECTION:
        end = (
            max(text.rfind("\n", 1, SECTION + 1), 0)
            or max(text.rfind(" ", 1, SECTION + 1), 0)
            or SECTION
        )
        parts.append(text[:end])
        text = text[end:].lstrip()
    return [part for part in (*parts, text) if part.strip()]


def _put_back(form: type[Form], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values with a file's text moved to the text field that stands for the file.

    An input for files cannot have a first value.
    """
    moved: dict[str, Any] = {}
    for field in shape(form):
        if field.kind != "file" or (marker := field.marker(Upload)) is None:
            continue
        text, beside = values.get(field.name), marker.instead_of
        if beside and isinstance(text, str) and len(text) <= TEXT_INPUT and not values.get(beside):
            moved |= {field.name: None, beside: text}
    return {**values, **moved} if moved else values


def _hint(field: Field, value: Any) -> str:
    """Return the hint below the field.

    A file that was sent cannot be put back, so its hint asks the person to choose it again.
    """
    hint = _(field.hint) if field.hint else ""
    if field.kind != "file" or not isinstance(value, str) or not value:
        return hint
    return " ".join(filter(None, [_("Slack removed the file. Choose it again."), hint]))


def _input(field: Field, block_id: str, value: Any, labels: Labels, required: bool) -> Block:
    """Return an input block.

    A checkbox for yes or no is optional for Slack, because a required one would have to be ticked.
    """
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(cut(field.title, LABEL)),
        "optional": not required or field.kind == "check",
        "element": {"action_id": "value", **element(field, value, labels)},
    }
    if hint := _hint(field, value):
        block["hint"] = plain_text(cut(hint, LABEL))
    lookup = field.marker(Lookup)
    if lookup is not None and lookup.rerenders:
        block["dispatch_action"] = True
    return block
