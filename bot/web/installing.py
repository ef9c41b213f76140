"""The pages for a person who installs the app: the next steps, or a failure with advice."""

from collections.abc import Sequence
from urllib.parse import urlencode

import htpy as h
from starlette.responses import HTMLResponse

from bot.slack.installations import Installation
from bot.web.pages import page, paragraphs
from bot.workspace import Workspace

_CREDENTIALS = ("bad_client_secret", "invalid_client_id", "bad_client_id", "invalid_client")
_USED = ("invalid_code", "code_already_used", "code_expired", "invalid_grant_type")


class NotDoneError(Exception):
    """The app was not installed; `sentences` give the reason and advice.

    `again` is set if the person can simply start again.
    """

    def __init__(self, status: int, *sentences: str, again: bool = True) -> None:
        super().__init__(sentences[0])
        self.status = status
        self.sentences = sentences
        self.again = again

    def page(self, install_url: str, *, https: bool) -> HTMLResponse:
        """Return the page. `install_url` is the address for starting again."""
        again = h.a(".button", href=install_url)[
            "Start again" if self.again else "Then start again"
        ]
        return page(
            "Not installed", paragraphs(self.sentences), h.p[again], status=self.status, https=https
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


def cancelled() -> NotDoneError:
    return NotDoneError(200, "You cancelled it in Slack. Nothing was changed.")


def not_this_state() -> NotDoneError:
    return NotDoneError(
        400,
        "This page was opened twice, more than ten minutes after you began, or in another browser "
        "than the one you began in.",
    )


def too_many() -> NotDoneError:
    return NotDoneError(503, "Too many people are installing the app just now. Wait ten minutes.")


def not_saved() -> NotDoneError:
    return NotDoneError(
        503,
        "The bot could not write to its database. Wait a minute; if it happens again, tell "
        "whoever runs it.",
    )


def no_token(word: str, redirect_uri: str) -> NotDoneError:
    """Return the error for a code that gave no token.

    `word` is Slack's error code, or the name of the exception if there is none.
    """
    if word in _CREDENTIALS:
        return _for_the_operator(
            "Slack does not accept the app's client ID or client secret.",
            "Whoever runs the bot has to copy SLACK_CLIENT_ID and SLACK_CLIENT_SECRET again from "
            "the Slack app's page, Basic Information, App Credentials, and restart it.",
        )
    if word == "bad_redirect_uri":
        return _for_the_operator(
            "Slack does not know the address of this page.",
            f"Whoever runs the bot has to add {redirect_uri} to the Slack app's page, OAuth & "
            "Permissions, Redirect URLs.",
        )
    if word in _USED:
        return NotDoneError(400, "Slack's permission was used already, or is too old.")
    if word.islower():
        return refused(word)
    return NotDoneError(502, "Slack did not answer. Wait a moment.")


def refused(word: str) -> NotDoneError:
    return NotDoneError(400, f"Slack did not install the app. It said: {word}.")


def scopes_missing(scopes: Sequence[str]) -> NotDoneError:
    return _for_the_operator(
        f"Slack did not grant the app everything it needs. Missing: {', '.join(scopes)}.",
        "Whoever runs the bot has to update the Slack app from its current manifest.",
    )


def token_rotation() -> NotDoneError:
    return _for_the_operator(
        "Token rotation is switched on for this Slack app, and the bot does not work with it.",
        "It cannot be switched off again: whoever runs the bot has to create the Slack app anew "
        "from the manifest.",
    )


def not_allowed(place: Workspace) -> NotDoneError:
    return NotDoneError(
        403,
        f"This bot isn't open to {place.team or place.enterprise}, so nothing was stored.",
        "Ask your bot admin to add that id to RELAY_WORKSPACES, or remove the app in Slack.",
        again=False,
    )


def _for_the_operator(*sentences: str) -> NotDoneError:
    return NotDoneError(500, *sentences, again=False)
