"""The pages for a person who installs the app: the next steps, or a failure with advice."""

from collections.abc import Mapping
from urllib.parse import urlencode

import htpy as h
from starlette.responses import HTMLResponse

from bot.slack.installations import Installation
from bot.web.pages import page, paragraphs

_CREDENTIALS = (
    500,
    "Slack does not accept the app's client ID or client secret.",
    "Whoever runs the bot has to copy SLACK_CLIENT_ID and SLACK_CLIENT_SECRET again from the Slack "
    "app's page, Basic Information, App Credentials, and restart it.",
)
_USED = (400, "Slack's permission was used already, or is too old.")
REASONS: Mapping[str, tuple[int, *tuple[str, ...]]] = {
    "cancelled": (200, "You cancelled it in Slack. Nothing was changed."),
    "stale": (
        400,
        "This page was opened twice, more than ten minutes after you began, or in another browser "
        "than the one you began in.",
    ),
    "not_saved": (
        503,
        "The bot could not write to its database. Wait a minute; if it happens again, tell whoever "
        "runs it.",
    ),
    "not_allowed": (
        403,
        "This bot isn't open to {detail}, so nothing was stored.",
        "Ask your bot admin to add that id to RELAY_WORKSPACES, or remove the app in Slack.",
    ),
    "refused": (400, "Slack did not install the app. It said: {detail}."),
    "unreachable": (502, "Slack did not answer. Wait a moment."),
    "scopes_missing": (
        500,
        "Slack did not grant the app everything it needs. Missing: {detail}.",
        "Whoever runs the bot has to update the Slack app from its current manifest.",
    ),
    "token_rotation": (
        500,
        "Token rotation is switched on for this Slack app, and the bot does not work with it.",
        "It cannot be switched off again: whoever runs the bot has to create the Slack app anew "
        "from the manifest.",
    ),
    "bad_redirect_uri": (
        500,
        "Slack does not know the address of this page.",
        "Whoever runs the bot has to add {detail} to the Slack app's page, OAuth & Permissions, "
        "Redirect URLs.",
    ),
    "bad_client_secret": _CREDENTIALS,
    "invalid_client_id": _CREDENTIALS,
    "bad_client_id": _CREDENTIALS,
    "invalid_client": _CREDENTIALS,
    "invalid_code": _USED,
    "code_already_used": _USED,
    "code_expired": _USED,
    "invalid_grant_type": _USED,
}
"""Status and sentences of each reason. Some reasons are Slack's error codes. After 403 and 500, the
operator has to act first."""


class NotDoneError(Exception):
    """The app was not installed, for one of the `REASONS`. `detail` belongs into its sentences."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail

    def page(self, install_url: str, *, https: bool) -> HTMLResponse:
        """Return the page. `install_url` is the address for starting again."""
        status, *sentences = REASONS[self.reason]
        label = "Then start again" if status in (403, 500) else "Start again"
        return page(
            "Not installed",
            paragraphs(sentence.format(detail=self.detail) for sentence in sentences),
            h.p[h.a(".button", href=install_url)[label]],
            status=status,
            https=https,
        )


def installed(installation: Installation, *, https: bool) -> HTMLResponse:
    """Return the page that confirms the installation and names the next steps."""
    team, name = installation.workspace.team, installation.name or "your workspace"
    asked = {"app": installation.app} | ({"team": team} if team else {})
    return page(
        "Installed",
        h.p(".good")[f"Incident Relay is installed in {name}."],
        h.ol[
            not team
            and h.li[
                "In your organisation's settings, add the app to the workspaces that should have "
                "it."
            ],
            h.li[
                "Open Slack and type ",
                h.code["/vendors"],
                ". An admin connects your incident tool there.",
            ],
            h.li["Invite the bot to the channels where its messages should appear."],
        ],
        h.p[
            h.a(".button", href=f"https://slack.com/app_redirect?{urlencode(asked)}")["Open Slack"]
        ],
        https=https,
    )
