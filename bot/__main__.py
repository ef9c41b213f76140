"""The command line: `python -m bot serve | socket | connect | deliveries | audit | doctor |
rotate-keys | manifest | playground`."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.cli.arguments import number
from bot.errors import RelayError, SettingError
from bot.runtime.error_logging import told

if TYPE_CHECKING:
    from bot.adapters.registry import Adapters
    from bot.playground.vendors import StandIns
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Vendors:
    """The vendors of a program that is the bot with vendors of its own. `module` is what
    `python -m` runs to start that program: the playground starts it as its bot."""

    adapters: "Adapters"
    stand_ins: "StandIns"
    module: str


def main(arguments: Sequence[str] | None = None, vendors: Vendors | None = None) -> int:
    """Run one command. 0 when it did what was asked, 1 when it could not, 2 when a setting or
    argument is wrong. `vendors` are those that are registered, unless somebody gives others."""
    parser = _parser(lambda: _adapters(vendors))
    try:
        asked = parser.parse_args(arguments, argparse.Namespace(vendors=vendors))
        return int(asked.run(asked))
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except RelayError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(
            f"{told(error)}\nThis is a mistake in the bot. Please report it with these lines.",
            file=sys.stderr,
        )
        return 1


def _adapters(vendors: Vendors | None) -> "Adapters":
    """Return the vendors that the bot can forward to. Importing them takes a while, so only those
    commands do it that need them."""
    if vendors is not None:
        return vendors.adapters
    from bot.adapters.registry import ADAPTERS

    return ADAPTERS


@dataclass(frozen=True, slots=True)
class _Command:
    """A command: its function, its line in the help, and the arguments of `add_argument` by name.

    Only one of `either` can be given. `text` stands in the command's own help.
    """

    name: str
    run: Callable[[argparse.Namespace], int]
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)
    either: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None


def _option(text: str, **words: Any) -> Mapping[str, Any]:
    """Return the arguments of `add_argument` for an option with this help."""
    return {"help": text, **words}


def _flag(text: str) -> Mapping[str, Any]:
    return _option(text, action="store_true")


class _Parser(argparse.ArgumentParser):
    """A parser with an epilog that is made when help is asked for."""

    make_epilog: Callable[[], str] | None = None

    def format_help(self) -> str:
        if self.make_epilog is not None:
            self.epilog = self.make_epilog()
        return super().format_help()


def _parser(adapters: "Callable[[], Adapters]") -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Incident Relay, a Slack bot for incidents."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for command in _COMMANDS:
        added = commands.add_parser(command.name, help=command.help, description=command.text)
        added.set_defaults(run=command.run)
        if command.name == "connect":
            added.make_epilog = lambda: f"VENDOR is one of {', '.join(adapters())}."
        for name, words in command.options.items():
            added.add_argument(name, **words)
        if command.either:
            exclusive = added.add_mutually_exclusive_group()
            for name, words in command.either.items():
                exclusive.add_argument(name, **words)
    return parser


def _settings() -> "Settings":
    from bot import settings

    return settings.load()


def _serve(asked: argparse.Namespace) -> int:
    from bot.cli import serve

    return asyncio.run(serve.serve(_settings(), _adapters(asked.vendors), quiet=asked.quiet))


def _socket(asked: argparse.Namespace) -> int:
    from bot.cli import socket

    return asyncio.run(socket.socket(_settings(), _adapters(asked.vendors)))


def _connect(asked: argparse.Namespace) -> int:
    from bot.cli import connect
    from bot.workspace import Workspace

    return connect.main(
        _settings(),
        Workspace(asked.enterprise, asked.team),
        asked.vendor,
        verify=not asked.no_verify,
        adapters=_adapters(asked.vendors),
    )


def _deliveries(asked: argparse.Namespace) -> int:
    from bot.cli import deliveries

    wish: deliveries.Wish | None = "retry" if asked.retry else "cancel" if asked.cancel else None
    wanted = deliveries.Wanted(asked.key, asked.state, asked.since, asked.limit, asked.json, wish)
    return deliveries.main(_settings(), wanted)


def _audit(asked: argparse.Namespace) -> int:
    from bot.cli import audit

    return audit.main(_settings(), limit=asked.limit, as_json=asked.json)


def _doctor(asked: argparse.Namespace) -> int:
    from bot.cli import doctor

    return doctor.main(as_json=asked.json, adapters=_adapters(asked.vendors))


def _rotate_keys(asked: argparse.Namespace) -> int:
    from bot.cli import rotate_keys

    return rotate_keys.main(_settings(), remove_lost=asked.remove_lost, sure=asked.yes)


def _manifest(asked: argparse.Namespace) -> int:
    from bot.cli import manifest, output

    url = None
    if not asked.socket:
        url = manifest.address(asked.url or str(_settings().public_url or ""))
    filled = manifest.filled(url, manifest.command_prefix(asked.prefix))
    output.show(manifest.link(filled) if asked.link else manifest.text(filled).rstrip("\n"))
    return 0


def _playground(asked: argparse.Namespace) -> int:
    from bot.playground import run
    from bot.playground.vendors import STAND_INS

    vendors = asked.vendors or Vendors(_adapters(None), STAND_INS, "bot")
    return asyncio.run(
        run.run(
            vendors.adapters,
            vendors.stand_ins,
            port=asked.port,
            browser=not asked.no_browser,
            module=vendors.module,
        )
    )


_JSON = _flag("print a JSON array")
_LIMIT = _option(
    "how many at most (default: 50)",
    metavar="N",
    type=number("--limit", 1, 1_000_000),
    default=50,
)
_COMMANDS = (
    _Command(
        "serve",
        _serve,
        "answer Slack over HTTP",
        {"--quiet": _flag("log errors only")},
    ),
    _Command("socket", _socket, "answer Slack in Socket Mode, without a public address"),
    _Command(
        "connect",
        _connect,
        "connect a workspace to a vendor",
        {
            "team": _option(
                "the workspace's id, such as T012AB3CD (`/vendors` shows it)", metavar="TEAM"
            ),
            "vendor": _option("the vendor's name, see below", metavar="VENDOR"),
            "--enterprise": _option(
                "the Enterprise Grid organisation's id", metavar="E", default=""
            ),
            "--no-verify": _flag("don't ask the vendor whether they work"),
        },
        text="Asks for the credentials, secrets unseen, or reads them as JSON from standard input.",
    ),
    _Command(
        "deliveries",
        _deliveries,
        "list what was submitted and what became of it, retry or cancel one",
        {
            "key": _option(
                "show this one, such as ir1c3e1dfb1768", metavar="KEY", nargs="?", default=""
            ),
            "--state": _option("only those in this state, such as failed", metavar="S", default=""),
            "--since": _option(
                "only newer ones: 90m, 2h, 3d, 2026-11-21 or a time", metavar="T", default=""
            ),
            "--limit": _LIMIT,
            "--json": _JSON,
        },
        {"--retry": _flag("send KEY again"), "--cancel": _flag("stop sending KEY")},
        text="Lists the newest deliveries, or shows one with everything that happened to it.",
    ),
    _Command(
        "audit",
        _audit,
        "list who changed credentials, permissions and installations",
        {"--limit": _LIMIT, "--json": _JSON},
    ),
    _Command(
        "doctor",
        _doctor,
        "check settings, database, keys, tokens, lists and queue, and say what to do",
        {"--json": _JSON},
        text="Changes nothing, and may run beside the bot. Ends with 0 without a problem, 1 with "
        "one, and 2 when a setting is missing or wrong. Warnings don't count.",
    ),
    _Command(
        "rotate-keys",
        _rotate_keys,
        "encrypt everything anew with the first key, so that older ones can be removed",
        {
            "--remove-lost": _flag(
                "remove what no key opens: it has to be connected or installed again"
            ),
            "--yes": _flag("with --remove-lost: don't ask before it removes anything"),
        },
        text="First put the new key in front of the old one in RELAY_ENCRYPTION_KEYS or the key "
        "file. Start the bot again. Then run this beside it. Remove the old key at last, "
        "and start the bot once more.",
    ),
    _Command(
        "manifest",
        _manifest,
        "print the Slack app's manifest, or the link that creates the app from it",
        {
            "--link": _flag("print the link to Slack's page that creates the app"),
            "--prefix": _option(
                "begin every command with it: /acme-incident", metavar="acme", default=""
            ),
        },
        {
            "--url": _option(
                "the bot's public address, such as https://relay.example.org (or RELAY_PUBLIC_URL)"
            ),
            "--socket": _flag("for Socket Mode: no addresses"),
        },
    ),
    _Command(
        "playground",
        _playground,
        "try everything here, without any account",
        {
            "--port": _option(
                "the page's port (default: any free one)",
                metavar="N",
                type=number("--port", 0, 65535),
                default=0,
            ),
            "--no-browser": _flag("don't open the page"),
        },
    ),
)


if __name__ == "__main__":
    sys.exit(main())
