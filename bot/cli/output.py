"""Printing for the operators' commands."""

import io
import os
import sys
from collections.abc import Sequence


def show(text: str) -> None:
    """Print the text.

    Characters that the terminal's encoding lacks are replaced. A reader that closes the pipe early
    (`| head`) is no error.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Otherwise the interpreter would complain when it flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table(lines: Sequence[Sequence[str]]) -> str:
    """Return the lines with each column as wide as its longest text."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def safe(text: str) -> str:
    """Return the text with a terminal's control characters replaced by spaces."""
    return "".join(character if character.isprintable() else " " for character in text)
