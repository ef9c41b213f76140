"""What a person sees and does in an open modal, in words: type, choose, tick, submit."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from bot.playground.slack import Outcome, SlackStandIn
from bot.playground.vendors import Twilio


class Modal:
    """The person's topmost modal. Fields are named by the end of their block id: "title",
    "send_email.to"."""

    def __init__(self, slack: SlackStandIn, user: str) -> None:
        self.slack = slack
        self.user = user
        self.id: str = slack.views(user)[-1]["id"]

    @property
    def view(self) -> dict[str, Any]:
        """The modal as it is now."""
        return next(it for it in self.slack.views(self.user) if it["id"] == self.id)

    @property
    def fields(self) -> list[str]:
        """The block ids of its inputs."""
        return [it["block_id"] for it in self.view["blocks"] if it["type"] == "input"]

    def value(self, field: str) -> Any:
        """What stands in that field: text, id, list of ids, day, epoch seconds."""
        block = self._block(field)
        kept = self.view["state"]["values"][block["block_id"]][block["element"]["action_id"]]
        chosen = next(value for name, value in kept.items() if name != "type")
        if isinstance(chosen, list):
            return [it["value"] if isinstance(it, dict) else it for it in chosen]
        return chosen["value"] if isinstance(chosen, dict) else chosen

    @property
    def text(self) -> str:
        """Everything it says in sections."""
        return "\n".join(
            it["text"]["text"] for it in self.view["blocks"] if it["type"] == "section"
        )

    async def fill(self, **answers: Any) -> "Modal":
        """Answer fields by their kind: text for texts, what one would search for in a type-ahead,
        True for a tick, (name, bytes) for a file."""
        for field, answer in answers.items():
            block = self._block(field.replace("__", "."))
            state = await self._state(block, answer)
            found = next(it for it in self.slack.state.views.stacks[self.user] if it.id == self.id)
            self.slack.type_in(found, {block["block_id"]: {block["element"]["action_id"]: state}})
        return self

    async def choose(self, field: str, words: str) -> "Modal":
        """Choose in a field that redraws the form."""
        block = self._block(field)
        state = await self._state(block, words)
        outcome = await self.slack.act(
            self.user, view_id=self.id, block_id=block["block_id"], action_id="value", action=state
        )
        assert outcome.ok, outcome
        return self

    async def press(self, block_id: str, action_id: str) -> Outcome:
        """Press a button."""
        return await self.slack.act(
            self.user,
            view_id=self.id,
            block_id=block_id,
            action_id=action_id,
            action={"type": "button"},
        )

    async def offered(self, field: str, query: str = "") -> list[str]:
        """What a type-ahead offers, as text; a heading comes first."""
        answer = await self._search(self._block(field), query)
        groups = answer.get("option_groups") or [{"options": answer.get("options", [])}]
        lines = []
        for group in groups:
            lines += [group["label"]["text"]] if "label" in group else []
            lines += [it["text"]["text"] for it in group["options"]]
        return lines

    async def submit(self) -> Outcome:
        """Press the submit button; the outcome holds the errors beside the fields."""
        return await self.slack.submit(self.user, self.id)

    async def send(self) -> "Modal":
        """Submit, and expect that no field is complained about; what the modal shows then."""
        outcome = await self.submit()
        assert outcome.ok, outcome
        return Modal(self.slack, self.user)

    def _block(self, field: str) -> dict[str, Any]:
        found = [
            it
            for it in self.view["blocks"]
            if it["type"] == "input"
            and f".{it['block_id'].partition('+')[0]}".endswith(f".{field}")
        ]
        assert len(found) == 1, f"{field} is not one of {self.fields}"
        block: dict[str, Any] = found[0]
        return block

    async def _state(self, block: Mapping[str, Any], answer: Any) -> dict[str, Any]:
        element = block["element"]
        kind = element["type"]
        match kind:
            case "external_select":
                return {"type": kind, "selected_option": await self._found(block, answer)}
            case "multi_external_select":
                return {
                    "type": kind,
                    "selected_options": [await self._found(block, it) for it in answer],
                }
            case "static_select":
                return {"type": kind, "selected_option": _named(element["options"], answer)}
            case "multi_static_select":
                return {
                    "type": kind,
                    "selected_options": [_named(element["options"], it) for it in answer],
                }
            case "checkboxes":
                return {"type": kind, "selected_options": element["options"] if answer else []}
            case "datepicker":
                return {
                    "type": kind,
                    "selected_date": answer.isoformat() if isinstance(answer, date) else answer,
                }
            case "datetimepicker":
                at = int(answer.timestamp()) if isinstance(answer, datetime) else answer
                return {"type": kind, "selected_date_time": at}
            case "file_input":
                return {
                    "type": kind,
                    "files": [self.slack.upload(self.user, *answer)] if answer else [],
                }
            case "multi_conversations_select":
                return {"type": kind, "selected_conversations": answer}
            case _:
                return {"type": kind, "value": None if answer is None else str(answer)}

    async def _search(self, block: Mapping[str, Any], query: str) -> dict[str, Any]:
        return await self.slack.options(
            self.user, self.id, block["block_id"], block["element"]["action_id"], query
        )

    async def _found(self, block: Mapping[str, Any], query: str) -> dict[str, Any]:
        """The first thing that a type-ahead offers for what one types."""
        answer = await self._search(block, query)
        options = [
            it for group in answer.get("option_groups", []) for it in group["options"]
        ] or answer["options"]
        offers = [it for it in options if it["value"] != "-"]
        assert offers, f"nothing is offered for {query!r}: {options}"
        return dict(offers[0])


def _named(options: list[dict[str, Any]], words: str) -> dict[str, Any]:
    return next(it for it in options if words in (it["text"]["text"], it["value"]))


def a_queue() -> str:
    """The SID of a task queue in the connected workspace: every stand-in has the same ones."""
    twilio = Twilio()
    return str(twilio.queues[twilio.credentials["workspace_sid"]][0]["sid"])


def mrkdwn(content: Mapping[str, Any]) -> list[str]:
    """Every text in the blocks of a card, a receipt or a view that Slack reads as mrkdwn."""
    parts = [
        it
        for block in content["blocks"]
        for it in (block.get("text"), *(block.get("elements") or []))
    ]
    return [it["text"] for it in parts if isinstance(it, dict) and it.get("type") == "mrkdwn"]
