"""The findings of a check: one line each, with a sign."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal

from bot.errors import RelayError, SettingError

Sign = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `what` is the checked thing, `says` the result, and `do` the advice, empty if there is nothing
    to do. `setting` is set for a missing or wrong setting.
    """

    sign: Sign
    what: str
    says: str
    do: str = ""
    setting: bool = False

    @property
    def line(self) -> str:
        return " ".join([f"{self.sign:<7}  {self.what}:", self.says, self.do]).rstrip()


Findings = Sequence[Finding]
Check = Callable[[], Awaitable[Findings]]

ok = partial(Finding, "ok")
warning = partial(Finding, "warning")
problem = partial(Finding, "problem")
AT_ONCE = 4
"""Number of tokens, or of connections, that are checked at a time."""


@dataclass(eq=False)
class FoundError(Exception):
    """A check cannot go on after this finding."""

    finding: Finding


def wrong_setting(error: SettingError) -> Finding:
    """Return the error as a finding. The error's text contains the advice."""
    return problem(error.name, str(error).removeprefix(f"{error.name}: "), setting=True)


async def limited(what: str, check: Awaitable[Findings], seconds: float) -> Findings:
    """Return the check's findings.

    A check that takes too long or breaks becomes a finding itself, so that it does not stop the
    others.
    """
    try:
        async with asyncio.timeout(seconds):
            return await check
    except TimeoutError:
        return [warning(what, f"The check was given up after {seconds:g} s.", "Run it again.")]
    except FoundError as error:
        return [error.finding]
    except SettingError as error:
        return [wrong_setting(error)]
    except RelayError as error:
        return [problem(what, str(error))]
    except Exception as error:
        return [
            problem(
                what,
                f"The check itself failed ({type(error).__name__}).",
                "Report this to the people who make the bot.",
            )
        ]


async def a_few_at_once(checks: Iterable[tuple[str, Check]], seconds: float) -> Findings:
    """Return the findings of all checks, each with its name and a limit of its own."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(what: str, check: Check) -> Findings:
        async with slots:
            return await limited(what, check(), seconds)

    return list(chain(*await asyncio.gather(*(one(*check) for check in checks))))
