"""The keys that a vendor stand-in takes, each with what goes with it, such as its rights."""

import hmac
from typing import Generic, TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Keys(Generic[T]):
    """Keys by the Authorization header that carries them. All of them can be revoked; those added
    later are good."""

    def __init__(self) -> None:
        self._known: dict[bytes, T] = {}
        self._revoked: frozenset[bytes] = frozenset()

    def add(self, authorization: str, goes_with: T) -> None:
        """Take that header from now on."""
        self._known[authorization.encode()] = goes_with

    def of(self, request: Request) -> T | None:
        """What goes with the request's key; None for an unknown or revoked one."""
        given = request.headers.get("authorization", "").encode()
        return next(
            (it for key, it in self._good().items() if hmac.compare_digest(given, key)), None
        )

    def revoke(self) -> None:
        """Refuse every key that is known by now."""
        self._revoked = frozenset(self._known)

    def restore(self) -> None:
        """Take them again."""
        self._revoked = frozenset()

    def _good(self) -> dict[bytes, T]:
        return {key: it for key, it in self._known.items() if key not in self._revoked}
