"""That a planted secret would be found, and that nothing which holds one shows it."""

import base64
import secrets
from collections.abc import Callable
from typing import cast
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from bot.adapters.base import Adapter
from bot.adapters.registry import ADAPTERS
from bot.connections.store import Connection
from bot.connections.verify import understood
from bot.errors import FormError, SecretError, SettingError
from bot.settings import Settings, load
from bot.slack.installations import Installation
from bot.storage.encrypted_secrets import EncryptedSecret
from bot.storage.encryption import SecretBox
from bot.workspace import Workspace
from tests.canaries import leaks


@pytest.mark.parametrize(
    "form",
    [
        lambda it: it,
        lambda it: it[: len(it) // 2],
        lambda it: it[len(it) // 2 :],
        lambda it: quote(it, safe=""),
        lambda it: it.encode().hex(),
        *[lambda it, n=n: base64.b64encode(f"{'x' * n}{it}yz".encode()).decode() for n in range(4)],
        *[
            lambda it, n=n: base64.urlsafe_b64encode(
                f"{'x' * n}{it[: len(it) // 2]}yz".encode()
            ).decode()
            for n in range(3)
        ],
    ],
)
def test_finds_a_secret_however_it_is_written(form: Callable[[str], str]) -> None:
    """Whole and half, plain, percent-encoded, in hexadecimal digits, in base64 at any place; and
    nothing where none is."""
    secret, other = "xoxb-7/+?>~" + secrets.token_hex(12), "xoxb-7/+?>~" + secrets.token_hex(12)
    place = f"before {form(secret)} behind".encode()
    assert leaks({"it": secret, "another": other}, {"place": place, "elsewhere": b"nothing"}) == [
        "it in place"
    ]


def test_nothing_shows_what_it_holds() -> None:
    """Neither the repr nor the text of settings, credentials, connections, installations, stored
    secrets, vaults, or errors."""
    secret = f"xoxb-{secrets.token_hex(24)}"
    key = Fernet.generate_key().decode()
    here = Workspace("", "T1")
    given = {
        "SLACK_BOT_TOKEN": secret,
        "SLACK_SIGNING_SECRET": secret,
        "RELAY_ENCRYPTION_KEYS": key,
    }
    given |= {"SLACK_APP_TOKEN": f"xapp-{secret}"}
    app = {
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": secret,
        "RELAY_PUBLIC_URL": "https://relay.example.com",
    }
    sid = f"SK{'0' * 32}"
    twilio = {"key_sid": sid, "key_secret": secret, "workspace_sid": f"WS{'0' * 32}"}
    held = [
        Settings.model_validate(given),
        Settings.model_validate(app),
        Settings.model_validate(app).slack_app,
        SecretBox([key.encode()]),
        ADAPTERS["rootly"].credentials.model_validate({"api_key": secret}),
        ADAPTERS["incident_io"].credentials.model_validate({"api_key": secret}),
        ADAPTERS["twilio"].credentials.model_validate(twilio),
        Connection(here, "rootly", "a", "A", "", 0.0, {"api_key": secret}),
        Installation(here, "Acme", "A1", "U1", "B1", (), "U2", 1.0, secret),
        EncryptedSecret("connection", here, "rootly", secret),
    ]
    shown = {
        f"{type(it).__name__}": f"{it!r} {it} {vars(it) if hasattr(it, '__pydantic_fields__') else ''}"
        for it in held
    }
    assert (
        leaks({"secret": secret, "key": key}, {name: text.encode() for name, text in shown.items()})
        == []
    )


def test_no_error_quotes_what_was_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, keys and credentials that are none are named, and not repeated; nor is what led to
    the error."""
    secret = f"wrong-{secrets.token_hex(24)}"
    errors: list[BaseException] = []
    monkeypatch.setenv("SLACK_BOT_TOKEN", secret)
    for attempt in (
        load,
        lambda: SecretBox([Fernet.generate_key()]).open(("", "T1", "rootly"), secret),
        lambda: ADAPTERS["twilio"].credentials.model_validate(
            {"key_sid": secret, "key_secret": f"{secret} {secret}"}
        ),
        lambda: understood(cast("Adapter", ADAPTERS["rootly"]), {"api_key": f"{secret} {secret}"}),
    ):
        with pytest.raises((SettingError, SecretError, ValidationError, FormError)) as caught:
            attempt()
        error: BaseException | None = caught.value
        while error is not None:
            errors.append(error)
            error = error.__cause__ or error.__context__
    assert leaks({"secret": secret}, {f"{it!r}": f"{it!r} {it}".encode() for it in errors}) == []
