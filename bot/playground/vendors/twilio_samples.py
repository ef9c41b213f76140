"""One valid filling of each of Twilio's forms."""

from bot.adapters.twilio import Task, Twilio
from bot.forms.fields import Form


def sample_form(operation: str, queue: str, workflow: str) -> Form:
    """Return the filled form; `queue` and `workflow` are SIDs that this stand-in has. KeyError for
    an operation that Twilio does not have."""
    match operation:
        case "workflow":
            form = next(each for each in Twilio.operations if each.name == operation)
            rules = {"default_queue": queue}
            return form.form_for("fields").model_validate(
                {"friendly_name": "Night & day, 100 %", "routing": "fields", "rules": rules}
            )
        case "task":
            return Task(
                title="Call Ann & Bo back",
                workflow_sid=workflow,
                attributes='note = 100 % "sure"',
            )
    raise KeyError(operation)
