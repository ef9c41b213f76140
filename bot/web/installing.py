"""The pages for a person who installs the app: the next steps, or a failure with advice."""

from collections.abc import Mapping
from urllib.parse import urlencode

import htpy as h
from starlette.responses import HTMLResponse

from bot.language import N_, _, command
from bot.slack.installations import Installation
from bot.web.pages import page, paragraphs, rich

_CREDENTIALS = (
    500,
    N_("Slack rejected the app's client ID or client secret."),
    N_(
        "Ask your bot admin to copy SLACK_CLIENT_ID and SLACK_CLIENT_SECRET again. They're on the "
        "Slack app's page, Basic Information, App Credentials."
    ),
)
_USED = (400, N_("Slack's permission was already used, or is too old."))
REASONS: Mapping[str, tuple[int, *tuple[str, ...]]] = {
    "cancelled": (200, N_("You cancelled it in Slack, so nothing was changed.")),
    "stale": (
        400,
        N_("This page works once, for ten minutes, and only in the browser in which you started."),
    ),
    "not_saved": (
        503,
        N_("We couldn't save this. Wait a minute. If it happens again, tell your bot admin."),
    ),
    "not_allowed": (
        403,
        N_("This bot isn't open to {detail}, so nothing was stored."),
        N_("Ask your bot admin to add that ID to RELAY_WORKSPACES, or remove the app in Slack."),
    ),
    "refused": (400, N_("Slack didn't install the app. Slack says: {detail}.")),
    "unreachable": (502, N_("Slack didn't answer. Wait a moment.")),
    "scopes_missing": (
        500,
        N_("Slack didn't grant the app these scopes: {detail}."),
        N_("Ask your bot admin to update the Slack app from its current manifest."),
    ),
    "token_rotation": (
        500,
        N_("Token rotation is on for this Slack app, and the bot doesn't work with it."),
        N_(
            "It can't be turned off. Ask your bot admin to create a new Slack app from the "
            "manifest."
        ),
    ),
    "bad_redirect_uri": (
        500,
        N_("Slack doesn't know the address of this page."),
        N_(
            "Ask your bot admin to add {detail} on the Slack app's page, OAuth & Permissions, "
            "Redirect URLs."
        ),
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
        label = _("Then start again") if status in (403, 500) else _("Start again")
        return page(
            _("Not installed"),
            paragraphs(_(sentence).format(detail=self.detail) for sentence in sentences),
            h.p[h.a(".button", href=install_url)[label]],
            status=status,
            https=https,
        )


def installed(installation: Installation, *, https: bool) -> HTMLResponse:
    """Return the page that confirms the installation and names the next steps."""
    team, name = installation.workspace.team, installation.name or _("your workspace")
    asked = {"app": installation.app} | ({"team": team} if team else {})
    return page(
        _("Installed"),
        h.p(".good")[_("Incident Relay is installed in {workspace}.").format(workspace=name)],
        h.ol[
            not team
            and h.li[
                _("In your organisation's settings, add the app to the workspaces that need it.")
            ],
            h.li[
                rich(
                    _("Open Slack and type {vendors}. An admin connects your incident tool there."),
                    vendors=h.code[command("vendors")],
                )
            ],
            h.li[_("Invite the bot to the channels where its messages should appear.")],
        ],
        h.p[
            h.a(".button", href=f"https://slack.com/app_redirect?{urlencode(asked)}")[
                _("Open Slack")
            ]
        ],
        https=https,
    )
