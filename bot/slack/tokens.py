"""The bot's token in a workspace: one token set for all, or the installation's own."""

from slack_bolt.authorization import AuthorizeResult

from bot.errors import NotInstalledError
from bot.slack.installations import Installation, Installations
from bot.workspace import Workspace


class SlackTokens:
    """Finds tokens. `fixed` is `SLACK_BOT_TOKEN`, or empty if each workspace has its own token."""

    def __init__(self, installations: Installations, fixed: str = "") -> None:
        self._installations = installations
        self._fixed = fixed

    async def token(self, workspace: Workspace) -> str:
        """Return the token for work without an event of Slack.

        Raises `NotInstalledError` or `SecretError`.
        """
        return self._fixed or (await self._installation(workspace)).token

    async def authorize(self, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        """Answer Bolt's authorization, which comes with every event.

        Raises `NotInstalledError` or `SecretError`, and `handlers.errors` answers the person. In
        views of an app that is installed for a whole organisation, the team is the organisation's
        id.
        """
        if self._fixed:
            return AuthorizeResult(
                enterprise_id=enterprise_id, team_id=team_id, bot_token=self._fixed
            )
        installation = await self._installation(Workspace(enterprise_id or "", team_id or ""))
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
