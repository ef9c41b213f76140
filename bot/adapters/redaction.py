"""Remove credentials from a vendor's answer.

Some vendors quote the request in their errors. The words of a vendor reach people in Slack, the
database and the output of the command line, so no credential may stand in them.
"""

import base64
import binascii

import httpx

HIDDEN = b"[hidden]"
SHORTEST = 8
"""Characters of a secret, at least. A shorter text is no key, and may stand in an answer by chance.
"""


def hide(body: bytes, response: httpx.Response) -> bytes:
    """Return the body without the secrets of the request's Authorization header.

    `body` may be JSON or anything else. A user name is no secret, and is a part of what vendors
    answer about an account. It is removed only from errors.
    """
    for secret in _secrets(
        response.request.headers.get("Authorization", ""), with_name=not response.is_success
    ):
        for written in (secret, secret.replace("/", r"\/")):  # some vendors escape slashes in JSON
            body = body.replace(written.encode(), HIDDEN)
    return body


def _secrets(authorization: str, *, with_name: bool) -> list[str]:
    """Return the whole credential first, then its parts."""
    scheme, _, given = authorization.partition(" ")
    found = [given]
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return found
        found += [password, name] if with_name else [password]
    return [secret for secret in found if len(secret) >= SHORTEST]
