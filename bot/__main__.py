"""The command line: `python -m bot serve | socket | connect | deliveries | audit | doctor |
rotate-keys | manifest | playground`."""

import argparse
import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import RelayError, SettingError
from bot.runtime.error_logging import told

if TYPE_CHECKING:
    from bot.adapters.registry import Adapters
    from bot.playground.vendors import StandIns


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
    asked = parser.parse_args(arguments, argparse.Namespace(vendors=vendors))
    try:
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

    serve = commands.add_parser("serve", help="answer Slack over HTTP")
    serve.add_argument("--quiet", action="store_true", help="log only what went wrong")
    serve.set_defaults(run=_serve)

    socket = commands.add_parser(
        "socket", help="answer Slack in Socket Mode, without a public address"
    )
    socket.set_defaults(run=_socket)

    connect = commands.add_parser(
        "connect",
        help="connect a workspace to a vendor",
        description="Asks for the credentials, secrets unseen, or reads them as JSON from standard "
        "input.",
    )
    connect.add_argument(
        "team", metavar="TEAM", help="the workspace's id, such as T012AB3CD (`/vendors` shows it)"
    )
    connect.add_argument("vendor", metavar="VENDOR", help="the vendor's name, see below")
    connect.make_epilog = lambda: f"VENDOR is one of {', '.join(adapters())}."
    connect.add_argument(
        "--enterprise", metavar="E", default="", help="the Enterprise Grid organisation's id"
    )
    connect.add_argument(
        "--no-verify", action="store_true", help="do not ask the vendor whether they work"
    )
    connect.set_defaults(run=_connect)

    _add_deliveries(commands)

    _add_operators(commands)

    manifest = commands.add_parser("manifest", help="print the Slack app's manifest")
    way = manifest.add_mutually_exclusive_group()
    way.add_argument(
        "--url",
        help="the bot's public address, such as https://relay.example.org (or RELAY_PUBLIC_URL)",
    )
    way.add_argument("--socket", action="store_true", help="for Socket Mode: no addresses")
    manifest.set_defaults(run=_manifest)

    playground = commands.add_parser("playground", help="try everything here, without any account")
    playground.add_argument(
        "--port", type=int, default=0, metavar="N", help="the page's port (default: any free one)"
    )
    playground.add_argument("--no-browser", action="store_true", help="do not open the page")
    playground.set_defaults(run=_playground)
    return parser


def _add_deliveries(commands: "argparse._SubParsersAction[_Parser]") -> None:
    deliveries = commands.add_parser(
        "deliveries",
        help="list what was submitted and what became of it; retry or cancel one",
        description="Lists the newest deliveries, or shows one with everything that happened to "
        "it.",
    )
    deliveries.add_argument(
        "key", metavar="KEY", nargs="?", default="", help="show this one, such as ir1c3e1dfb1768"
    )
    deliveries.add_argument(
        "--state", metavar="S", default="", help="only those in this state, such as failed"
    )
    deliveries.add_argument(
        "--since",
        metavar="T",
        default="",
        help="only newer ones: 90m, 2h, 3d, 2026-11-21 or a time",
    )
    deliveries.add_argument(
        "--limit", metavar="N", type=int, default=50, help="how many at most (default: 50)"
    )
    deliveries.add_argument("--json", action="store_true", help="print a JSON array")
    what = deliveries.add_mutually_exclusive_group()
    what.add_argument("--retry", action="store_true", help="send KEY again")
    what.add_argument("--cancel", action="store_true", help="do not send KEY any more")
    deliveries.set_defaults(run=_deliveries)


def _add_operators(commands: "argparse._SubParsersAction[_Parser]") -> None:
    audit = commands.add_parser(
        "audit", help="list who changed credentials, permissions and installations"
    )
    audit.add_argument(
        "--limit", metavar="N", type=int, default=50, help="how many at most (default: 50)"
    )
    audit.add_argument("--json", action="store_true", help="print a JSON array")
    audit.set_defaults(run=_audit)

    doctor = commands.add_parser(
        "doctor",
        help="check settings, database, keys, tokens, lists and queue; say what to do",
        description="Changes nothing, and may run beside the bot. Ends with 0 when there is no "
        "problem, 1 when there is one, "
        "2 when a setting is missing or wrong; warnings do not count.",
    )
    doctor.add_argument("--json", action="store_true", help="print a JSON array")
    doctor.set_defaults(run=_doctor)

    rotate = commands.add_parser(
        "rotate-keys",
        help="encrypt everything anew with the first key, so that older ones can be removed",
        description="Put the new key in front of the old one in RELAY_ENCRYPTION_KEYS (or in the "
        "key file) and start the bot "
        "again first; then run this beside it, remove the old key, and start the bot once more.",
    )
    rotate.add_argument(
        "--remove-lost",
        action="store_true",
        help="remove what no key opens: it has to be connected or installed again",
    )
    rotate.add_argument(
        "--yes",
        action="store_true",
        help="with --remove-lost: do not ask before it removes anything",
    )
    rotate.set_defaults(run=_rotate_keys)


def _serve(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import serve

    loaded = settings.load()
    return asyncio.run(serve.serve(loaded, _adapters(asked.vendors), quiet=asked.quiet))


def _socket(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import socket

    return asyncio.run(socket.socket(settings.load(), _adapters(asked.vendors)))


def _connect(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import connect
    from bot.workspace import Workspace

    return connect.main(
        settings.load(),
        Workspace(asked.enterprise, asked.team),
        asked.vendor,
        verify=not asked.no_verify,
        adapters=_adapters(asked.vendors),
    )


def _deliveries(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import deliveries

    decision: deliveries.Wish | None = (
        "retry" if asked.retry else "cancel" if asked.cancel else None
    )
    wanted = deliveries.Wanted(
        asked.key, asked.state, asked.since, asked.limit, asked.json, decision
    )
    return deliveries.main(settings.load(), wanted)


def _audit(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import audit

    return audit.main(settings.load(), limit=asked.limit, as_json=asked.json)


def _doctor(asked: argparse.Namespace) -> int:
    from bot.cli import doctor

    return doctor.main(as_json=asked.json, adapters=_adapters(asked.vendors))


def _rotate_keys(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import rotate_keys

    return rotate_keys.main(settings.load(), remove_lost=asked.remove_lost, sure=asked.yes)


def _manifest(asked: argparse.Namespace) -> int:
    from bot import settings
    from bot.cli import manifest

    url = asked.url or ("" if asked.socket else str(settings.load().public_url or ""))
    if not (asked.socket or re.fullmatch(r"https://[^\s/?#]+(/[^\s?#]*)?", url)):
        raise SettingError(
            "--url", "should be the bot's address and begin with https://, or give --socket."
        )
    print(manifest.text(None if asked.socket else url.rstrip("/")), end="")
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


if __name__ == "__main__":
    sys.exit(main())
