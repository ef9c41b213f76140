"""The findings of a check: one line each, with a sign."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
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


def wrong_setting(error: SettingError) -> Finding:
    """Return the error as a finding. The error's text contains the advice."""
    return Finding("problem", error.name, str(error).removeprefix(f"{error.name}: "), setting=True)


async def limited(what: str, check: Awaitable[Findings], seconds: float) -> Findings:
    """Return the check's findings.

    A check that takes too long or breaks becomes a finding itself, so that it does not stop the
    others.
    """
    try:
        async with asyncio.timeout(seconds):
            return await check
    except TimeoutError:
        return [
            Finding(
                "warning", what, f"The check was given up after {seconds:g} s.", "Run it again."
            )
        ]
    except SettingError as error:
        return [wrong_setting(error)]
    except RelayError as error:
        return [Finding("problem", what, str(error))]
    except Exception as error:
        return [
            Finding(
                "problem",
                what,
                f"The check itself failed ({type(error).__name__}).",
                "Please report this.",
            )
        ]
