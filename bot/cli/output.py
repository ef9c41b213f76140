"""What operators' commands print."""

import io
import os
import sys


def show(text: str) -> None:
    """Print the lines. What the terminal's alphabet lacks is replaced; a reader that has seen
    enough (`| head`) is no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the interpreter would complain when it flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def safe(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(it if it.isprintable() else " " for it in text)
