"""The keys that a vendor stand-in accepts, each with a value such as its rights."""

import hmac
from typing import Generic, TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Keys(Generic[T]):
    """Keys by the Authorization header that carries them.

    All known keys can be revoked at once. Keys added later are valid.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, T] = {}
        self._revoked: frozenset[bytes] = frozenset()

    def add(self, authorization: str, goes_with: T) -> None:
        """Accept that header from now on."""
        self._known[authorization.encode()] = goes_with

    def of(self, request: Request) -> T | None:
        """Return the value of the request's key, or None for an unknown or revoked key."""
        given = request.headers.get("authorization", "").encode()
        return next(
            (value for key, value in self._good().items() if hmac.compare_digest(given, key)), None
        )

    def revoke(self) -> None:
        """Refuse every key known so far."""
        self._revoked = frozenset(self._known)

    def restore(self) -> None:
        """Accept the revoked keys again."""
        self._revoked = frozenset()

    def _good(self) -> dict[bytes, T]:
        return {key: value for key, value in self._known.items() if key not in self._revoked}
