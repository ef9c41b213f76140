"""The bot's token in a workspace: the installation's own, or the one that the operator set."""

import asyncio
from collections.abc import Container

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import NotInstalledError, SlackUnreachableError, WorkspaceNotAllowedError
from bot.slack.errors import NOT_DONE, is_out_of_reach
from bot.slack.installations import Installation, Installations
from bot.workspace import AllowedWorkspaces, RemembersWorkspaces, Workspace


class FixedToken(RemembersWorkspaces):
    """The token of `SLACK_BOT_TOKEN`, which `client` carries. It belongs to one workspace, or to
    one organisation; Slack says which."""

    holds_tokens = True

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._home: Workspace | None = None
        self._asking = asyncio.Lock()

    async def token(self, workspace: Workspace) -> str:
        """Return the token if it belongs to the workspace. Raises `NotInstalledError` if it does
        not, and `SlackUnreachableError`."""
        async with self._asking:
            if self._home is None:
                self._home = await self._ask()
        enterprise, team = self._home
        if (workspace.team != team) if team else (workspace.enterprise != enterprise):
            raise NotInstalledError
        return str(self._client.token)

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget whose token it is, if the app is removed there."""
        if self._home in scope:
            self._home = None

    async def _ask(self) -> Workspace:
        try:
            answer = await self._client.auth_test()
        except NOT_DONE as error:
            raise (
                SlackUnreachableError() if is_out_of_reach(error) else NotInstalledError()
            ) from error
        enterprise, team = str(answer.get("enterprise_id") or ""), str(answer.get("team_id") or "")
        whole = bool(enterprise) and answer.get("is_enterprise_install") is True
        if not team and not whole:
            raise SlackUnreachableError
        return Workspace(enterprise, "" if whole else team)


class SlackTokens:
    """Finds tokens. With a `fixed` token, installations are not looked at. Workspaces that are not
    `allowed` get none."""

    def __init__(
        self,
        installations: Installations,
        fixed: FixedToken | None = None,
        allowed: AllowedWorkspaces = AllowedWorkspaces(),  # noqa: B008  it is frozen
    ) -> None:
        self._installations = installations
        self._fixed = fixed
        self._allowed = allowed

    async def token(self, workspace: Workspace) -> str:
        """Return the token for work without an event of Slack.

        Raises `NotInstalledError`, `SecretError` or `SlackUnreachableError`.
        """
        token = (await self.authorize(workspace.enterprise, workspace.team)).bot_token
        return str(token)

    async def authorize(self, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        """Answer Bolt's authorization, which comes with every event.

        Raises `NotInstalledError`, `SecretError` or `SlackUnreachableError`, and `handlers.errors`
        answers the person. In views of an app that is installed for a whole organisation, the team
        is the organisation's id.
        """
        workspace = Workspace(enterprise_id or "", team_id or "")
        if workspace not in self._allowed:
            raise WorkspaceNotAllowedError
        if self._fixed is not None:
            token = await self._fixed.token(workspace)
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)
        installation = await self._installation(workspace)
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_user_id=installation.bot_user,
            bot_id=installation.bot,
            bot_token=installation.token,
            bot_scopes=installation.scopes,
        )

    async def _installation(self, workspace: Workspace) -> Installation:
        # The request is signed, but the ids may not be of Slack's types.
        well_formed = all(isinstance(part, str) for part in workspace)
        installation = await self._installations.find(workspace) if well_formed else None
        if installation is None:
            raise NotInstalledError
        return installation
