"""The bot's texts: receipts, cards, App Home, answers to commands.

The functions return plain data for Slack, with every word from people or vendors escaped. Begin
with `words`, which puts a delivery's state into words, and `shown`, which draws a delivery. The
package imports `delivery`, `connections`, `adapters` and `forms`.
"""

from bot.messages.audit import admins_notice, latest_changes
from bot.messages.blocks import View, context
from bot.messages.buttons import Handle, buttons, read_handle, wants_look
from bot.messages.contents import (
    REFUSAL_BLOCK,
    complaint,
    contents,
    copied,
    needs_more,
    refused,
    why_refused,
)
from bot.messages.finding import (
    FINDING,
    REFERENCE_ACTION,
    REFERENCE_BLOCK,
    finding,
    names_nothing,
    not_asked,
    not_found,
    taken_over,
)
from bot.messages.notices import (
    CLICK_FAILED,
    CLICK_TROUBLE,
    COMMANDS,
    FOREIGN,
    FOREIGN_LIST,
    FORM_NOT_OPENED,
    GONE,
    LATE_CLICK,
    NOT_INSTALLED,
    ONLY_THE_OWNER,
    REMOVED,
    SAVED_NOWHERE,
    SLACK_UNREACHABLE,
    SOMEBODY_ELSES,
    SUBMIT,
    TO_TRY,
    TOO_MANY,
    TOO_MANY_IN_FORM,
    TOO_MANY_IN_LIST,
    TROUBLE,
    TROUBLE_IN_FORM,
    VENDORS,
    Dropped,
    called_off_by_another,
    changed,
    disconnected,
    help_text,
    left_out,
    no_room,
    not_opened,
    nothing_connected,
    refusal,
    resent_by_another,
    told,
    turned_down,
    unreadable_connection,
    vendors_beside,
    workspace_not_allowed,
)
from bot.messages.permissions import (
    NOTHING_TO_DECIDE,
    ONLY_ADMINS_DECIDE,
    WHO,
    WHO_ACTION,
    WHO_GONE,
    WHO_HINTS,
    WHO_PREFIX,
    Rule,
    group_gone,
    none_of_these,
    not_checked,
    not_saved,
    only_admins,
    only_group,
    only_members,
    who_may_form,
    who_may_now,
)
from bot.messages.shown import (
    ON_HOME,
    RenderedDelivery,
    card,
    home,
    receipt,
    withdrawn,
)
from bot.messages.vendors import (
    NO_PAGES,
    NOT_OPENED,
    ONLY_ADMINS,
    PRESS_ONE,
    Health,
    about_vendors,
    admins_buttons,
    ask_an_admin,
    by_command,
    cannot,
    sections,
    vendors,
    way_to_page,
)
from bot.messages.words import meanwhile, sentence, title, words
