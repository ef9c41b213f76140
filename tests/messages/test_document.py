"""The page with all texts says what the source says."""

from tests.messages.document import FILE, document


def test_the_page_has_every_text() -> None:
    """`python -m tests.messages.document` makes it so."""
    assert FILE.read_text(encoding="utf-8") == document()
