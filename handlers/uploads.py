"""Files selected in a form, fetched from Slack with the app's own token before the form is parsed.

Facts of 2026-11 (docs.slack.dev): a file input's state holds file objects; `url_private_download`
gives the bytes to a token with the scope `files:read`. Without the scope Slack answers with its
sign-in page, as a redirect or as 200 and HTML. A file object from a shared channel may be no more
than an id and `file_access: check_file_info`.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.forms.fields import Form, Upload
from bot.forms.files import Fetched, files_in, with_files
from bot.forms.shape import places
from bot.language import N_, _
from bot.services import Services
from bot.slack.errors import NOT_DONE, said
from bot.slack.files import FileKey, Uploads
from bot.slack.people import why_not
from bot.slack.scopes import FILES, lacking
from bot.workspace import Workspace
from handlers.view_state import Screen

log = structlog.get_logger(__name__)

FETCHED_SECONDS = 1.4
"""Time, in seconds after the submission's arrival, until which the answer waits for a file.

The submission is answered after 2 seconds, and the rest is for checking, saving and sending. A
slower download goes on, and is ready when the button is pressed again.
"""
FETCHING_SECONDS = 60.0
"""Longest duration of a download, in seconds."""
FILES_ORIGIN = URL("https://files.slack.com")
_CHUNK = 64 * 1024

SEVERAL = N_("Choose one file only.")
EMPTY = N_("The file is empty. Choose another one.")
TOO_LARGE = N_("The file is larger than {most} bytes. Choose a smaller one.")
NOT_UTF8 = N_("The file isn't text in UTF-8. Save it as UTF-8 and choose it again.")
LATE = N_("Slack didn't send the file in time. Press the button again.")
NOT_CHECKED = N_("We couldn't check the file in time. Press the button again in a moment.")
GONE = N_("Slack no longer has this file. Remove it and choose it again.")
ELSEWHERE = N_(
    "This file isn't stored in Slack. Save it on your computer and choose it from there."
)
_NOT_ALLOWED = ("missing_scope", "no_permission", "access_denied")
_GONE = ("file_not_found", "file_deleted")
"""Slack's errors when it does not describe a file: the app may not read it, or it is gone."""


class _NotFetchedError(Exception):
    """The file gives no text; the message tells the person why, and what to do."""


async def are_accepted(
    services: Services, client: AsyncWebClient, context: AsyncBoltContext, workspace: Workspace
) -> bool:
    """Return whether a form may have a file input.

    Slack accepts none from an app without the scope.
    """
    authorized = context.authorize_result
    granted = authorized.bot_scopes if authorized else None
    return await services.slack.scopes.include(FILES, client, workspace, granted)


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches the files selected in a submitted form.

    `arrived` is the submission's time by `time.monotonic()`.
    """

    uploads: Uploads
    client: AsyncWebClient
    workspace: Workspace
    arrived: float

    async def into(self, screen: Screen, form: type[Form], prefix: str) -> Screen:
        """Return the screen with the text of each selected file, or the reason why there is none.

        Return the same screen if no file is selected.
        """
        wanted = {}
        for place in places(form, prefix):
            upload, files = place.field.marker(Upload), files_in(screen, place.block_id)
            if upload is not None and files:
                wanted[place.block_id] = self._fetched(files, upload)
        if not wanted:
            return screen
        return with_files(
            screen, dict(zip(wanted, await asyncio.gather(*wanted.values()), strict=True))
        )

    async def _fetched(self, files: Sequence[Mapping[str, Any]], upload: Upload) -> Fetched:
        if len(files) > 1:
            return Fetched(problem=_(SEVERAL))
        key = FileKey(self.workspace, str(files[0].get("id") or ""), upload.most)
        seconds = FETCHED_SECONDS - (time.monotonic() - self.arrived)
        return await self.uploads.get(key, lambda: _fetch(self.client, files[0], upload), seconds)


async def _fetch(client: AsyncWebClient, file: Mapping[str, Any], upload: Upload) -> Fetched:
    """Fetch a file. Never raises because of Slack, the network or the file.

    Neither the file's content nor its address is logged.
    """
    try:
        async with asyncio.timeout(FETCHING_SECONDS):
            return Fetched(text=await _text(client, file, upload))
    except _NotFetchedError as reason:
        return Fetched(problem=str(reason))
    except SlackApiError as error:
        log.warning("upload.not_described", error=said(error))
        return Fetched(problem=_undescribed(said(error)))
    except NOT_DONE as error:
        log.warning("upload.not_fetched", error=said(error))
        return Fetched(problem=_(LATE))


def not_allowed() -> str:
    """Return that Slack does not let the app read the file, and what to do."""
    instead = _("Until then, type what is in the file.")
    return f"{lacking(FILES)} {instead}"


def _undescribed(error: str) -> str:
    if error in _NOT_ALLOWED:
        return not_allowed()
    return _(GONE) if error in _GONE else str(why_not(error, FILES, LATE))


async def _text(client: AsyncWebClient, chosen: Mapping[str, Any], upload: Upload) -> str:
    file = await _described(client, chosen)
    size = file.get("size")
    if isinstance(size, int) and size > upload.most:
        raise _NotFetchedError(_(TOO_LARGE).format(most=f"{upload.most:,}"))
    raw = await _download(client, _address(client, file), upload)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _NotFetchedError(_(NOT_UTF8)) from None
    if not text.strip():
        raise _NotFetchedError(_(EMPTY))
    return text


async def _described(client: AsyncWebClient, file: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return Slack's full description of the file: a submission may hold only its id."""
    if file.get("file_access") != "check_file_info" and file.get("url_private_download"):
        return file
    return (await client.files_info(file=str(file.get("id") or ""))).get("file") or {}


def _address(client: AsyncWebClient, file: Mapping[str, Any]) -> URL:
    """Return the file's address.

    The token may go only to Slack's host for files and to the host of Slack's API, so any other
    address raises `_NotFetchedError`.
    """
    if file.get("mode") in ("tombstone", "hidden_by_limit"):
        raise _NotFetchedError(_(GONE))
    try:
        url, api = URL(str(file.get("url_private_download") or "")), URL(client.base_url)
        ours = url.origin() in (FILES_ORIGIN, api.origin()) and url.user is None
    except ValueError:
        # The address is missing or not absolute.
        ours = False
    if not ours:
        raise _NotFetchedError(_(ELSEWHERE))
    return url


async def _download(client: AsyncWebClient, url: URL, upload: Upload) -> bytes:
    """Download the file. A redirect is not followed, because the token would go along."""
    if client.session is None:
        raise RuntimeError("The Slack client has no session of its own.")
    headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": "identity"}
    # The session's own timeout is for calls that somebody waits for.
    download_timeout = aiohttp.ClientTimeout(total=FETCHING_SECONDS)
    async with client.session.get(
        url, headers=headers, allow_redirects=False, timeout=download_timeout
    ) as response:
        if response.status in (404, 410):
            raise _NotFetchedError(_(GONE))
        if response.status >= 500 or response.status in (408, 429):
            raise _NotFetchedError(_(LATE))
        if response.status != 200 or response.content_type == "text/html":
            log.warning("upload.not_allowed", status=response.status)
            raise _NotFetchedError(not_allowed())
        raw = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            raw += chunk
            if len(raw) > upload.most:
                raise _NotFetchedError(_(TOO_LARGE).format(most=f"{upload.most:,}"))
        return bytes(raw)
