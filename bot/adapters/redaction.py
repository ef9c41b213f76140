"""A vendor's answer without the credentials that it was asked with: some quote the request in their
errors, and what a vendor says goes on to people in Slack, into the database and out of the command
line."""

import base64
import binascii

import httpx

HIDDEN = b"[hidden]"
SHORTEST = 8
"""What is shorter is no key, and may stand in an answer by chance."""


def hide(body: bytes, response: httpx.Response) -> bytes:
    """The body, JSON or not, with what the request's Authorization header held taken out. A user
    name is no secret, and belongs to what a vendor says of an account; only out of errors it is
    taken as well."""
    for secret in _secrets(
        response.request.headers.get("Authorization", ""), with_name=not response.is_success
    ):
        for written in (secret, secret.replace("/", r"\/")):  # as some write it in JSON
            body = body.replace(written.encode(), HIDDEN)
    return body


def _secrets(authorization: str, *, with_name: bool) -> list[str]:
    """The whole, then its parts."""
    scheme, _, given = authorization.partition(" ")
    found = [given]
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return found
        found += [password, name] if with_name else [password]
    return [it for it in found if len(it) >= SHORTEST]
