"""Reading the arguments of the command line."""

from collections.abc import Callable

from bot.errors import SettingError


def number(name: str, lowest: int, highest: int) -> Callable[[str], int]:
    """Return the function that reads the number of the option `name`. It raises `SettingError`, so
    that a bad number gives one sentence, and not argparse's lines about the usage."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
            raise SettingError(name, f"should be a number from {lowest} to {highest}.")
        return int(text)

    return read
