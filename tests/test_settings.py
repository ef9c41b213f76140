"""Settings: from the environment, each problem one sentence that names the variable."""

from pathlib import Path

import pytest

from bot.errors import SettingError
from bot.settings import Settings, load

OURS = {
    "SLACK_SIGNING_SECRET": "signing-0001",
    "SLACK_BOT_TOKEN": "xoxb-0001",
    "SLACK_APP_TOKEN": "xapp-0001",
    "SLACK_API_URL": "http://127.0.0.1:9/slack/api/",
    "RELAY_DATABASE": "/var/lib/relay/relay.db",
    "RELAY_ENCRYPTION_KEYS": "encryption-0001",
    "RELAY_HOST": "192.0.2.7",
    "RELAY_PORT": "8080",
    "RELAY_PUBLIC_URL": "https://relay.example.com",
    "RELAY_ADMINS": "U012AB3CD, W012AB3CE",
    "RELAY_KEEP_DAYS": "7",
    "ROOTLY_API_URL": "https://rootly.example.com",
    "INCIDENT_IO_API_URL": "https://incident.example.com/base",
    "TWILIO_TASKROUTER_URL": "https://twilio.example.com",
}
SECRETS = ("signing-0001", "xoxb-0001", "xapp-0001", "encryption-0001")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load()


def test_nothing_has_to_be_set() -> None:
    """The defaults are Slack's and the vendors' own addresses, this machine, and a file in this folder."""
    settings = load()
    assert settings.model_dump(mode="json") == {
        "slack_signing_secret": None,
        "slack_bot_token": None,
        "slack_app_token": None,
        "slack_api_url": "https://slack.com/api/",
        "database": "relay.db",
        "encryption_keys": None,
        "host": "127.0.0.1",
        "port": 3000,
        "public_url": None,
        "admins": "",
        "keep_days": 30,
        "rootly_api_url": "https://api.rootly.com/",
        "incident_io_api_url": "https://api.incident.io/",
        "twilio_taskrouter_url": "https://taskrouter.twilio.com/",
    }
    assert settings.admin_ids == frozenset()


def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has one name."""
    settings = given(monkeypatch, **OURS)
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-0001"
    assert (settings.database, settings.host, settings.port) == (Path("/var/lib/relay/relay.db"), "192.0.2.7", 8080)
    assert (settings.admin_ids, settings.keep_days) == ({"U012AB3CD", "W012AB3CE"}, 7)
    assert settings.vendor_urls == {
        "rootly": "https://rootly.example.com/",
        "incident_io": "https://incident.example.com/base",
        "twilio": "https://twilio.example.com/",
    }


def test_no_secret_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither printed nor dumped."""
    settings = given(monkeypatch, **OURS)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert [secret for secret in SECRETS if secret in shown] == []


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's HOST or a platform's PORT is not ours, and neither is what only looks like a setting's name."""
    settings = given(monkeypatch, HOST="elsewhere", PORT="1", DATABASE="/x", ADMINS="U0STRAY001", SLACK_CLIENT_ID="1")
    assert (settings.host, settings.port, settings.database, settings.admins) == (
        "127.0.0.1",
        3000,
        Path("relay.db"),
        "",
    )


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`RELAY_PORT=` in a file of variables means the default."""
    settings = given(monkeypatch, RELAY_PORT="", SLACK_BOT_TOKEN="")
    assert (settings.port, settings.slack_bot_token) == (3000, None)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-secret-1", "should begin with xoxb-."),
        ("SLACK_APP_TOKEN", "xoxb-secret-1", "should begin with xapp-."),
        ("RELAY_PORT", "secret-1", "should be a whole number."),
        ("RELAY_PORT", "70000", "input should be less than or equal to 65535."),
        ("RELAY_KEEP_DAYS", "0", "input should be greater than or equal to 1."),
        ("RELAY_KEEP_DAYS", "a month", "should be a whole number."),
        ("RELAY_ADMINS", "@ann", "should be Slack user ids such as U012AB3CD, separated by commas."),
        ("ROOTLY_API_URL", "secret-1", "should be a whole web address, such as https://relay.example.com."),
        ("RELAY_PUBLIC_URL", "ftp://secret-1", "should begin with https:// or http://."),
    ],
)
def test_a_wrong_setting_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    """The value may be a secret that was pasted into the wrong place."""
    with pytest.raises(SettingError) as caught:
        given(monkeypatch, **{name: value})
    assert str(caught.value) == f"{name}: {sentence}"
    assert caught.value.name == name
    assert caught.value.__cause__ is None


def test_what_a_command_needs_is_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is missing is named, with where to find it."""
    settings = given(monkeypatch, SLACK_SIGNING_SECRET="signing-0001")
    settings.demand("SLACK_SIGNING_SECRET")
    with pytest.raises(SettingError) as caught:
        settings.demand("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN")
    assert str(caught.value) == (
        "SLACK_BOT_TOKEN: is not set; copy it from your Slack app's page, OAuth & Permissions; it begins with xoxb-."
    )
    with pytest.raises(SettingError, match=r"^RELAY_PUBLIC_URL: is not set; set it\.$"):
        settings.demand("RELAY_PUBLIC_URL")
