"""Files that people chose in forms, described as Slack does, and their download."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

LARGEST = 10 * 1024 * 1024
"""Largest file that a form's input takes, in bytes."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody chose."""

    id: str
    name: str
    user_id: str
    content: bytes
    created: int

    @property
    def kind(self) -> str:
        """The suffix of the file's name, without the dot."""
        return PurePath(self.name).suffix.removeprefix(".").lower()


class Files:
    """All files by id, with two switches for tests.

    While `hold` is set, every download waits for it. With `only_ids`, a submission has only the id
    of a file, as in a channel that is shared with another company.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.hold: asyncio.Event | None = None
        self.only_ids = False
        self._clock = clock
        self.held: dict[str, File] = {}

    def add(self, user_id: str, name: str, content: bytes) -> File:
        """Keep a file. Raises ValueError, with a sentence for the person, if it is too large."""
        if len(content) > LARGEST:
            raise ValueError("This file is too large: at most 10 MB.")
        file = File("F" + secrets.token_hex(5).upper(), name, user_id, content, int(self._clock()))
        self.held[file.id] = file
        return file

    def find(self, file_id: str) -> File | None:
        """Return the file with that id."""
        return self.held.get(file_id)


def file_json(file: File, url: str, team_id: str) -> dict[str, Any]:
    """Return Slack's file object. `url` is the address of the stand-in's routes."""
    place = f"{url}/files-pri/{team_id}-{file.id}"
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.name,
        "mimetype": "application/json" if file.kind == "json" else "text/plain",
        "filetype": file.kind,
        "pretty_type": file.kind.upper(),
        "user": file.user_id,
        "user_team": team_id,
        "editable": False,
        "size": len(file.content),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{place}/{quote(file.name, safe='')}",
        "url_private_download": f"{place}/download/{quote(file.name, safe='')}",
        "permalink": f"{url}/files/{file.user_id}/{file.id}/{quote(file.name, safe='')}",
        "has_rich_preview": False,
        "file_access": "visible",
    }


def in_submission(described: Mapping[str, Any], *, only_id: bool) -> dict[str, Any]:
    """Return the file object for a form's state."""
    if not only_id:
        return dict(described)
    return {"id": described["id"], "mode": "file_access", "file_access": "check_file_info"}


class Downloads:
    """The endpoint behind `url_private_download`.

    As in Slack, a token that may not read files gets a redirect to the sign-in page.
    """

    def __init__(self, files: Files, may_read: Callable[[str], bool]) -> None:
        self._files = files
        self._may_read = may_read

    async def __call__(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._may_read(token.strip()):
            return RedirectResponse("/sign-in", 302)
        if self._files.hold is not None:
            await self._files.hold.wait()
        file = self._files.find(request.path_params["ids"].rpartition("-")[2])
        if file is None:
            return Response("file_not_found", 404)
        return Response(file.content, media_type="application/octet-stream")
