"""What a check found: one line each, with a sign."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.errors import RelayError, SettingError

Sign = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, what the check `says` of it, and what to `do` about it, empty where
    nothing is to be done.

    `setting`: it is a setting that is missing or wrong.
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
    """The error as a finding; its sentence says what to do."""
    return Finding("problem", error.name, str(error).removeprefix(f"{error.name}: "), setting=True)


async def limited(what: str, check: Awaitable[Findings], seconds: float) -> Findings:
    """What the check found; when it takes longer, or breaks, just that: no check stops the others."""
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
