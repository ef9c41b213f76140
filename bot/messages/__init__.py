"""The bot's texts: receipts, cards, App Home, answers to commands.

The functions return plain data for Slack, with every word from people or vendors escaped. Begin
with `words`, which puts a delivery's state into words, and `shown`, which draws a delivery. The
package imports `delivery`, `connections`, `adapters` and `forms`.
"""

from bot.messages.audit import admins_notice, latest_changes
from bot.messages.batches import (
    batch_card,
    batch_receipt,
    brief_batch_card,
    items_help,
    too_many_items,
)
from bot.messages.blocks import View, context
from bot.messages.brief import brief_card, why_brief
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
    COMMANDS,
    SUBMIT,
    Dropped,
    Notice,
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
    to_try,
    told,
    turned_down,
    unreadable_connection,
    workspace_not_allowed,
)
from bot.messages.origin import about_message, answered_directly
from bot.messages.permissions import (
    WHO,
    WHO_ACTION,
    WHO_HINTS,
    WHO_PREFIX,
    PermissionNotice,
    Rule,
    group_gone,
    none_of_these,
    not_checked,
    not_saved,
    only_admins,
    only_group,
    only_members,
    role,
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
    Health,
    VendorsNotice,
    admins_buttons,
    by_command,
    cannot,
    language_block,
    language_chosen,
    sections,
    vendors,
    way_to_page,
)
from bot.messages.words import meanwhile, sentence, title, words
