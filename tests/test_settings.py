"""Settings: from the environment, each problem one sentence that names the variable."""

from pathlib import Path

import pytest

from bot.errors import SettingError
from bot.settings import Settings, SlackApp, load

OURS = {
    "SLACK_SIGNING_SECRET": "signing-secret-0001",
    "SLACK_BOT_TOKEN": "xoxb-0001",
    "SLACK_APP_TOKEN": "xapp-0001",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "client-0001",
    "SLACK_API_URL": "http://127.0.0.1:9/slack/api/",
    "RELAY_DATABASE": "/var/lib/relay/relay.db",
    "RELAY_ENCRYPTION_KEYS": "encryption-0001",
    "RELAY_HOST": "192.0.2.7",
    "RELAY_PORT": "8080",
    "RELAY_PUBLIC_URL": "https://relay.example.com",
    "RELAY_ADMINS": "U012AB3CD, W012AB3CE",
    "RELAY_COMMAND_PREFIX": "acme",
    "RELAY_KEEP_DAYS": "7",
    "ACME_API_URL": "https://acme.example.com",
    "NOTES_API_URL": "https://notes.example.com/base",
}
ADDRESSES = {
    "ACME_API_URL": "https://api.acme.example",
    "NOTES_API_URL": "https://api.notes.example",
}
"""The variables of two vendors, with the addresses that they document."""
PAIR = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
ALONE = "should be an address alone, without a user name, a password, ? or #."
PREFIX = "should have at most 17 small letters, digits, hyphens and underscores."
NEAR = "should begin with https://, unless it is localhost or a private IP address."
PAIRS = (
    "should be Slack user IDs with their workspaces, separated by commas. Write "
    "T012AB3CD/U012AB3CD, or E012AB3CD/U012AB3CD for a whole organisation."
)
SECRETS = (
    "signing-0001",
    "xoxb-0001",
    "xapp-0001",
    "client-0001",
    "encryption-0001",
    "secret-0001",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load()


def test_nothing_has_to_be_set() -> None:
    """The defaults are Slack's and the vendors' own addresses, this machine, and a file in this
    folder."""
    settings = load()
    assert settings.model_dump(mode="json") == {
        "slack_signing_secret": None,
        "slack_bot_token": None,
        "slack_app_token": None,
        "slack_client_id": None,
        "slack_client_secret": None,
        "slack_api_url": "https://slack.com/api/",
        "database": "relay.db",
        "encryption_keys": None,
        "host": "127.0.0.1",
        "port": 3000,
        "public_url": None,
        "workspaces": "",
        "admins": "",
        "command_prefix": "",
        "keep_days": 30,
    }
    assert settings.addresses(ADDRESSES) == {
        "ACME_API_URL": "https://api.acme.example/",
        "NOTES_API_URL": "https://api.notes.example/",
    }
    assert settings.admin_ids == frozenset()


def test_every_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has one name."""
    settings = given(monkeypatch, **OURS)
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-0001"
    assert (settings.database, settings.host, settings.port) == (
        Path("/var/lib/relay/relay.db"),
        "192.0.2.7",
        8080,
    )
    assert (settings.admin_ids, settings.keep_days) == (frozenset({"U012AB3CD", "W012AB3CE"}), 7)
    assert settings.addresses(ADDRESSES) == {
        "ACME_API_URL": "https://acme.example.com/",
        "NOTES_API_URL": "https://notes.example.com/base",
    }


def test_no_secret_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither printed nor dumped."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:secret-0001@db.example.com/shop")
    settings = given(monkeypatch, **OURS)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert [secret for secret in SECRETS if secret in shown] == []


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's HOST or a platform's PORT is not ours, and neither is what only looks like a
    setting's name."""
    settings = given(
        monkeypatch, HOST="elsewhere", PORT="1", DATABASE="/x", ADMINS="U0STRAY001", CLIENT_ID="1"
    )
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
        ("RELAY_PORT", "70000", "should be 65535 or less."),
        ("RELAY_KEEP_DAYS", "0", "should be 1 or more."),
        ("RELAY_COMMAND_PREFIX", "/secret-1", PREFIX),
        ("RELAY_COMMAND_PREFIX", "s" * 18, PREFIX),
        ("RELAY_KEEP_DAYS", "a month", "should be a whole number."),
        *[
            ("RELAY_ADMINS", value, PAIRS)
            for value in ("@ann", "U012AB3CD", "T012AB3CD/", "T1/U012AB3CD U012AB3CD")
        ],
        (
            "SLACK_API_URL",
            "secret-1",
            "should be a whole web address, such as https://relay.example.com.",
        ),
        ("RELAY_PUBLIC_URL", "ftp://secret-1", "should begin with https:// or http://."),
        *[
            ("SLACK_API_URL", f"https://{value}", ALONE)
            for value in ("me:secret-1@x.example", "x.example/?", "x/#a")
        ],
        ("SLACK_API_URL", "http://8.8.8.8", NEAR),
        ("SLACK_API_URL", "https://slack.com/api/?secret-1", ALONE),
        ("SLACK_API_URL", "http://slack.com/api/", NEAR),
        ("RELAY_PUBLIC_URL", "https://secret-1:x@relay.example.com", ALONE),
        ("RELAY_PUBLIC_URL", "https://relay.example.com/#secret-1", ALONE),
        ("RELAY_PUBLIC_URL", "http://relay.example.com", NEAR),
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


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each, in place of one a start."""
    with pytest.raises(SettingError) as caught:
        given(monkeypatch, RELAY_PORT="secret-1", SLACK_BOT_TOKEN="secret-1")
    assert (
        str(caught.value)
        == "SLACK_BOT_TOKEN: should begin with xoxb-.\nRELAY_PORT: should be a whole number."
    )


@pytest.mark.parametrize("secret", ["secret-1", "secret-1 secret-1 secret-1", "sécret-1-sécret-1"])
def test_a_signing_secret_that_cannot_be_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """One of another shape than Slack's is taken: nobody has promised that shape."""
    with pytest.raises(SettingError) as caught:
        given(monkeypatch, SLACK_SIGNING_SECRET=secret)
    assert str(caught.value) == (
        "SLACK_SIGNING_SECRET: is too short, or has a space or a strange character in it. Copy "
        "it again."
    )
    odd = given(monkeypatch, SLACK_SIGNING_SECRET="signing-secret-0001").signing_secret_looks_odd
    usual = given(monkeypatch, SLACK_SIGNING_SECRET="0123456789abcdef" * 2).signing_secret_looks_odd
    assert (odd, usual) == (True, False)


def test_workspaces_that_may_use_the_bot_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the ids of workspaces and organisations; without any, all may. Anything else is refused."""
    allowed = given(monkeypatch, RELAY_WORKSPACES="T012AB3CD, E012AB3CD").allowed_workspaces
    assert allowed.ids == {"T012AB3CD", "E012AB3CD"}
    assert given(monkeypatch, RELAY_WORKSPACES="").allowed_workspaces.ids == frozenset()
    for wrong in ("acme", "U012AB3CD", "T012AB3CD;E012AB3CD"):
        with pytest.raises(SettingError) as caught:
            given(monkeypatch, RELAY_WORKSPACES=wrong)
        assert str(caught.value) == (
            "RELAY_WORKSPACES: should be IDs of workspaces (T012AB3CD) or organisations "
            "(E012AB3CD), separated by commas."
        )


def test_admins_are_named_with_their_workspace_where_there_may_be_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An id alone is enough beside the token of the one workspace; what is neither is refused there
    too."""
    pairs = "T012AB3CD/U012AB3CD,E012AB3CD/W012AB3CE"
    assert given(monkeypatch, RELAY_ADMINS=pairs, SLACK_CLIENT_ID="1.2").admin_ids == set(
        pairs.split(",")
    )
    one = {"SLACK_BOT_TOKEN": "xoxb-0001"}
    assert given(monkeypatch, RELAY_ADMINS=f"U012AB3CD {pairs}", **one).admin_ids == {
        "U012AB3CD",
        *pairs.split(","),
    }
    with pytest.raises(SettingError) as caught:
        given(monkeypatch, RELAY_ADMINS="@ann", **one)
    assert str(caught.value) == (
        "RELAY_ADMINS: should be Slack user IDs such as U012AB3CD, separated by commas."
    )


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "10.0.0.7", "192.168.1.7", "[fd00::7]"]
)
def test_a_vendor_near_by_needs_no_tls(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A stand-in, or a proxy on the operator's own network."""
    settings = given(monkeypatch, ACME_API_URL=f"http://{host}")
    assert settings.addresses({"ACME_API_URL": "https://api.acme.example"}) == {
        "ACME_API_URL": f"http://{host}/"
    }


def test_a_vendors_wrong_address_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All wrong ones at once, with the sentences that every other address gets."""
    settings = given(
        monkeypatch,
        ACME_API_URL="secret-1",
        NOTES_API_URL="http://notes.example.com",
        INK_API_URL="https://me:secret-1@x.example",
    )
    wrong = dict.fromkeys(
        ("ACME_API_URL", "NOTES_API_URL", "INK_API_URL", "PEN_API_URL"), "https://x"
    )
    with pytest.raises(SettingError) as caught:
        settings.addresses(wrong)
    assert str(caught.value) == (
        "ACME_API_URL: should be a whole web address, such as https://relay.example.com.\n"
        f"NOTES_API_URL: {NEAR}\n"
        f"INK_API_URL: {ALONE}"
    )


def test_a_vendors_address_may_be_given_like_any_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that a program gives goes before the environment's; an empty one is not set."""
    monkeypatch.setenv("ACME_API_URL", "https://environment.example.com")
    monkeypatch.setenv("NOTES_API_URL", "")
    settings = Settings.model_validate({"ACME_API_URL": "http://127.0.0.1:1"})
    assert settings.addresses(ADDRESSES) == {
        "ACME_API_URL": "http://127.0.0.1:1/",
        "NOTES_API_URL": "https://api.notes.example/",
    }


def test_what_a_command_needs_is_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are missing are named at once, with where to find them."""
    settings = given(monkeypatch, SLACK_SIGNING_SECRET="signing-secret-0001")
    settings.demand("SLACK_SIGNING_SECRET")
    with pytest.raises(SettingError) as caught:
        settings.demand("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN")
    assert str(caught.value) == (
        "SLACK_BOT_TOKEN: isn't set. Copy it from your Slack app's page, OAuth & Permissions. "
        "It begins with xoxb-. For many workspaces, set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET "
        "in place of it."
    )
    with pytest.raises(SettingError) as caught:
        settings.demand("RELAY_ENCRYPTION_KEYS", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID")
    assert str(caught.value) == (
        "RELAY_ENCRYPTION_KEYS: isn't set. Set it.\nSLACK_CLIENT_ID: isn't set. Copy it from "
        "your Slack app's page, Basic Information, App Credentials."
    )


def test_many_workspaces_need_the_apps_credentials_and_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the one token, or with nothing, there is no app to install; where Slack asks people is
    beside its Web API."""
    for variables in ({}, {"SLACK_BOT_TOKEN": "xoxb-0001"}):
        with monkeypatch.context() as patch:
            assert given(patch, **variables).slack_app is None
    settings = given(
        monkeypatch, **{name: OURS[name] for name in (*PAIR, "RELAY_PUBLIC_URL", "SLACK_API_URL")}
    )
    assert settings.slack_app == SlackApp("1.2", "https://relay.example.com", "client-0001")
    assert "client-0001" not in repr(settings.slack_app)
    assert settings.slack_authorize_url == "http://127.0.0.1:9/slack/oauth/v2/authorize"


@pytest.mark.parametrize(
    ("names", "named", "begins"),
    [
        (["SLACK_CLIENT_ID"], "SLACK_CLIENT_SECRET", "isn't set. Copy it"),
        (["SLACK_CLIENT_SECRET"], "SLACK_CLIENT_ID", "isn't set. Copy it"),
        (
            ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"],
            "RELAY_PUBLIC_URL",
            "isn't set. Set the address",
        ),
        (["SLACK_CLIENT_ID", "SLACK_BOT_TOKEN"], "SLACK_BOT_TOKEN", "is set, and so is"),
        (
            ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN"],
            "SLACK_BOT_TOKEN",
            "is set, and so is",
        ),
    ],
)
def test_one_token_or_the_apps_credentials(
    monkeypatch: pytest.MonkeyPatch, names: list[str], named: str, begins: str
) -> None:
    """Half of what is needed, or both at once, is a mistake that is named."""
    settings = given(monkeypatch, **{name: OURS[name] for name in names})
    with pytest.raises(SettingError, match=f"^{named}: {begins}"):
        _ = settings.slack_app
