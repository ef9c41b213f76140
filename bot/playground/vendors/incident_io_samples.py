"""One valid filling of each of incident.io's forms, with ids that this stand-in has."""

from bot.adapters.incident_io.forms import Action, FollowUp, Incident
from bot.forms.fields import Form
from bot.playground.vendors.incident_io_data import IncidentIoData


def sample_form(data: IncidentIoData, operation: str) -> Form:
    """Return the filled form. KeyError for an operation that incident.io does not have."""
    incidents = data.lists["incidents"]
    real = str(next(row["id"] for row in incidents if row["mode"] != "test"))
    match operation:
        case "incident":
            severity = str(data.lists["severities"][0]["id"])
            return Incident(name="Checkout is down", severity_id=severity)
        case "action":
            return Action(incident_id=real, description="Roll *back*")
        case "follow_up":
            return FollowUp(incident_id=real, title="Watch the *pool*")
    raise KeyError(operation)
