"""Ids in the vendors' own formats, derived from words for existing objects and random for new ones.

Derived ids are the same at every start, so that a screenshot or a pasted id stays valid.
"""

import secrets
import uuid

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _derived(words: tuple[str, ...]) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(words))


def uuid_id(*words: str) -> str:
    """Return a UUID; a random one without words."""
    return str(_derived(words) if words else uuid.uuid4())


def hex_id(prefix: str, *words: str) -> str:
    """Return two letters and 32 hex digits ("WQ..."); random ones without words."""
    return prefix + (_derived(words).hex if words else secrets.token_hex(16))


def ulid(at: float, *words: str) -> str:
    """Return 26 characters that sort by time.

    They consist of 48 bits of milliseconds from `at` (epoch seconds) and 80 bits that are random,
    or derived from words.
    """
    tail = _derived(words).int & (1 << 80) - 1 if words else secrets.randbits(80)
    number = int(at * 1000) << 80 | tail
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
