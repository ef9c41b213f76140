"""The command line as an operator meets it: what it prints, how it ends, and that no credential is ever in it."""

import asyncio
import io
import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import yaml
from cryptography.fernet import Fernet

from bot import manifest
from bot.__main__ import main
from bot.playground.stage import Stage
from bot.settings import Settings
from bot.storage import Workspace
from bot.storage.connections import Connections
from bot.storage.database import Database
from bot.storage.secrets import load_vault
from tests.processes import OURS, ROOT, healthy, said, started, stopped, surroundings

SECRET = "do-not-print-4d81"
COMPLETE = {"SLACK_SIGNING_SECRET": SECRET, "SLACK_BOT_TOKEN": f"xoxb-{SECRET}", "SLACK_APP_TOKEN": f"xapp-{SECRET}"}


class Ended(NamedTuple):
    """How a command ended."""

    code: int | None
    out: str
    err: str


async def run(*arguments: str, given: str = "", **environment: str) -> Ended:
    """`python -m bot ARGUMENTS` as a process, with `given` on its standard input, to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *arguments),
        cwd=ROOT,
        env=surroundings() | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(given.encode())
    return Ended(process.returncode, out.decode(), err.decode())


class Here:
    """The same inside this process, for tables of many cases."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str], folder: Path) -> None:
        self._patch = patch
        self._captured = captured
        for name in surroundings().keys() ^ dict.fromkeys(__import__("os").environ).keys():
            patch.delenv(name)
        patch.chdir(folder)

    def run(self, *arguments: str, given: str = "", **environment: str) -> Ended:
        with self._patch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(given))
            code = main(arguments)
        return Ended(code, *self._captured.readouterr())


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


async def test_help_names_every_command() -> None:
    """`--help` lists the commands, quickly."""
    ended = await run("--help")
    assert (ended.code, ended.err) == (0, "")
    for command in ("serve", "socket", "connect", "manifest", "playground"):
        assert f"\n    {command} " in ended.out


WRONG: list[tuple[Mapping[str, str], str]] = [
    ({}, ""),
    ({"SLACK_SIGNING_SECRET": ""}, ""),
    ({"SLACK_BOT_TOKEN": ""}, ""),
    ({"SLACK_BOT_TOKEN": SECRET}, ""),
    ({"SLACK_BOT_TOKEN": f"xapp-{SECRET}"}, ""),
    ({"SLACK_APP_TOKEN": SECRET}, ""),
    ({"SLACK_API_URL": SECRET}, ""),
    ({"SLACK_API_URL": f"ftp://{SECRET}"}, ""),
    ({"RELAY_PORT": SECRET}, ""),
    ({"RELAY_PORT": "65536"}, ""),
    ({"RELAY_PORT": "-1"}, ""),
    ({"RELAY_PUBLIC_URL": SECRET}, ""),
    ({"RELAY_ADMINS": f"U012AB3CD, {SECRET}"}, ""),
    ({"ROOTLY_API_URL": SECRET}, ""),
    ({"INCIDENT_IO_API_URL": "https://"}, ""),
    ({"TWILIO_TASKROUTER_URL": SECRET}, ""),
]


def test_print(here: Here) -> None:
    for wrong, _ in WRONG:
        print(wrong, here.run("serve", **(COMPLETE | wrong if wrong else {})), file=sys.__stderr__)
    c = {"api_key": SECRET}
    for vendor, given, env in [
        ("rootly", "", {}),
        ("rootly", SECRET, {}),
        ("rootly", json.dumps([SECRET]), {}),
        ("rootly", "{}", {}),
        ("rootly", json.dumps({"api_key": SECRET, "x": 1}), {}),
        ("rootly", json.dumps({"api_key": 7}), {}),
        ("rootly", json.dumps({"api_key": f"{SECRET} {SECRET}"}), {}),
        ("rootly", json.dumps({"api_key": ""}), {}),
        ("twilio", json.dumps({"key_sid": SECRET, "key_secret": SECRET, "workspace_sid": SECRET}), {}),
        ("rootly", json.dumps(c), {"RELAY_DATABASE": "."}),
        ("rootly", json.dumps(c), {"RELAY_DATABASE": "no/such/folder/relay.db"}),
        ("rootly", json.dumps(c), {"RELAY_ENCRYPTION_KEYS": SECRET}),
        ("rootly", json.dumps(c), {"RELAY_ENCRYPTION_KEYS": ","}),
        ("rootly", json.dumps(c), {"RELAY_ENCRYPTION_KEYS": f"{Fernet.generate_key().decode()},{SECRET}"}),
        ("rootly", json.dumps(c), {"RELAY_ENCRYPTION_KEYS": "é"}),
        ("rootly", json.dumps(c), {"ROOTLY_API_URL": "http://127.0.0.1:1"}),
    ]:
        args = ["--no-verify"] if "ROOTLY_API_URL" not in env else []
        try:
            print(
                vendor,
                given[:30],
                env,
                here.run("connect", "T012AB3CD", vendor, *args, given=given, **env),
                file=sys.__stderr__,
            )
        except BaseException as e:
            print("RAISED", vendor, given, env, repr(e), file=sys.__stderr__)
    Path("junk.db").write_text("junk, and more junk" * 100)
    print(
        here.run("connect", "T012AB3CD", "rootly", "--no-verify", given=json.dumps(c), RELAY_DATABASE="junk.db"),
        file=sys.__stderr__,
    )
    print(here.run("connect", "t1", "rootly", given=json.dumps(c)), file=sys.__stderr__)
    print(here.run("connect", "T1", "rootly", "--enterprise", "x", given=json.dumps(c)), file=sys.__stderr__)
    print(
        here.run("connect", "T1", "rootly", "--enterprise", "E1", "--no-verify", given=json.dumps(c)),
        file=sys.__stderr__,
    )
    print(here.run("manifest", "--url", "http://x"), file=sys.__stderr__)
    print(here.run("manifest", "--url", "https://"), file=sys.__stderr__)
    print(here.run("manifest", "--url", "https://relay.example.org/a b"), file=sys.__stderr__)
