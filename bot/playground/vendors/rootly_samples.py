"""One valid filling of each of Rootly's forms, with ids that this stand-in has."""

from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.forms.fields import Form
from bot.playground.vendors.rootly_data import RootlyData


def sample_form(data: RootlyData, operation: str) -> Form:
    """Return the filled form. KeyError for an operation that Rootly does not have."""
    match operation:
        case "incident":
            return Incident(title="Checkout is down")
        case "action_item":
            return ActionItem(incident_id=_real_incident(data), summary="Roll, then look")
        case "workflow_task":
            task = next(each for each in Rootly.operations if each.name == operation)
            email = {"to": ["ops@example.com"], "subject": "Down", "body": "It is."}
            return task.form_for("send_email").model_validate(
                {
                    "workflow_id": _open_workflow(data),
                    "task_type": "send_email",
                    "name": "Tell ops, then wait",
                    "task_params": email,
                }
            )
    raise KeyError(operation)


def _real_incident(data: RootlyData) -> str:
    rows = data.lists["incidents"]
    return str(next(row["id"] for row in rows if row["attributes"]["kind"] != "test"))


def _open_workflow(data: RootlyData) -> str:
    rows = data.lists["workflows"]
    return str(next(row["id"] for row in rows if not row["attributes"]["locked"]))
