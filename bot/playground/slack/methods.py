"""The methods of the Web API. Errors have Slack's own codes.

The table at the end has the required arguments and scopes of each method.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.slack import blocks, limits
from bot.playground.slack.grants import SlackError, Trigger
from bot.playground.slack.state import MissingError, State
from bot.playground.slack.user_groups import usergroups_list, usergroups_users_list
from bot.playground.slack.views import STACK, View
from bot.playground.slack.world import Channel, Message, Person

Args = Mapping[str, Any]
Reply = dict[str, Any]

LONGEST_TEXT = 40_000
BROADCAST = "thread_broadcast"
"""The subtype of a reply that is shown in the channel as well."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API: its function and required arguments. It needs one of the scopes."""

    run: Callable[[State, Args], Reply]
    required: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


def invalid(*messages: str) -> SlackError:
    """Return the error for arguments that Slack cannot use."""
    return SlackError(
        "invalid_arguments",
        response_metadata={"messages": [f"[ERROR] {text}" for text in messages]},
    )


def parsed(args: Args, name: str, error: SlackError) -> Any:
    """Return a JSON argument, given as a value or as text in a web form.

    Raises `error` for invalid JSON.
    """
    value = args.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        raise error from None


# --- who and where


def auth_test(state: State, args: Args) -> Reply:
    return {
        "url": f"https://{state.team.domain}.slack.com/",
        "team": state.team.name,
        "user": state.world.bot.name,
        "team_id": state.team.id,
        "user_id": state.app.bot_user_id,
        "bot_id": state.app.bot_id,
        "is_enterprise_install": state.whole,
        **({"enterprise_id": state.organisation.id} if state.organisation else {}),
    }


def team_info(state: State, args: Args) -> Reply:
    team = state.team
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "email_domain": "",
            "is_verified": False,
        }
    }


def users_info(state: State, args: Args) -> Reply:
    person = state.world.people.get(args["user"])
    if person is None:
        raise SlackError("user_not_found")
    user = user_json(state, person)
    if str(args.get("include_locale")).lower() in ("1", "true"):
        user["locale"] = person.locale
    return {"user": user}


def users_list(state: State, args: Args) -> Reply:
    """Return a page of people. The cursor is the number of people on the pages before."""
    try:
        start, limit = int(args.get("cursor") or 0), int(args.get("limit") or 200)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    if not 1 <= limit <= 1000:
        raise SlackError("invalid_limit")
    people = [user_json(state, person) for person in state.world.people.values()]
    end = start + limit
    cursor = str(end) if end < len(people) else ""
    return {"members": people[start:end], "response_metadata": {"next_cursor": cursor}}


def users_lookup(state: State, args: Args) -> Reply:
    for person in state.world.people.values():
        if person.email and person.email.lower() == str(args["email"]).lower():
            return {"user": user_json(state, person)}
    raise SlackError("users_not_found")


def user_json(state: State, person: Person) -> dict[str, Any]:
    """Return a person in Slack's format. The e-mail address needs its own scope."""
    there = state.organisation
    profile = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "title": person.title,
        "team": state.team.id,
    }
    if person.email and "users:read.email" in state.app.scopes:
        profile["email"] = person.email
    return {
        "id": person.id,
        "team_id": person.team_id or state.team.id,
        "name": person.name,
        "deleted": person.deleted,
        "color": person.color,
        "real_name": person.real_name,
        "tz": "Europe/Berlin",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": person.is_admin,
        "is_owner": person.is_owner,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "is_bot": person.is_bot,
        **({"is_stranger": True} if person.team_id else {}),
        "is_app_user": False,
        **({"enterprise_user": {"id": person.id, "enterprise_id": there.id}} if there else {}),
    }


def conversations_open(state: State, args: Args) -> Reply:
    if args.get("channel"):
        channel = state.world.channels.get(args["channel"])
        if channel is None or not channel.is_im:
            raise SlackError("channel_not_found")
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = [one for one in str(args.get("users", "")).split(",") if one]
    if not users:
        raise SlackError("not_enough_users")
    if len(users) > 1:
        raise SlackError("missing_scope", needed="mpim:write", provided=",".join(state.app.scopes))
    person = state.world.people.get(users[0])
    if person is None or person.is_bot:
        raise SlackError("user_not_found")
    known = state.world.direct(person.id) is not None
    reply: Reply = {"channel": {"id": state.world.open_direct(person.id).id}}
    return {**reply, "no_op": True, "already_open": True} if known else reply


def conversations_info(state: State, args: Args) -> Reply:
    channel = state.world.channels.get(args["channel"])
    if channel is None or (channel.is_private and not state.world.bot_is_in(channel)):
        raise SlackError("channel_not_found")
    needed = (
        "im:read" if channel.is_im else "groups:read" if channel.is_private else "channels:read"
    )
    if needed not in state.app.scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(state.app.scopes))
    info = {
        "id": channel.id,
        "is_im": channel.is_im,
        "is_archived": False,
        "is_private": channel.is_private,
    }
    if channel.is_im:
        return {"channel": {**info, "user": channel.user_id}}
    return {
        "channel": {
            **info,
            "name": channel.name,
            "is_channel": not channel.is_private,
            "is_group": channel.is_private,
            "is_mpim": False,
            "is_shared": channel.is_ext_shared or channel.is_org_shared,
            "is_ext_shared": channel.is_ext_shared,
            "is_org_shared": channel.is_org_shared,
            "is_pending_ext_shared": channel.is_pending_ext_shared,
            "pending_shared": [],
            "is_member": state.world.bot_is_in(channel),
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        }
    }


def files_info(state: State, args: Args) -> Reply:
    try:
        return {"file": state.file_json(str(args["file"])), "comments": []}
    except MissingError:
        raise SlackError("file_not_found") from None


# --- messages


def chat_post(state: State, args: Args) -> Reply:
    content = message_content(args)
    channel = postable(state, str(args["channel"]))
    message = state.bot_message(content)
    if thread_ts := content.get("thread_ts"):
        check_thread(channel, thread_ts)
        if is_true(args.get("reply_broadcast")):
            message["subtype"] = BROADCAST
    state.world.say(channel, message)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def chat_ephemeral(state: State, args: Args) -> Reply:
    content = message_content(args)
    channel = postable(state, str(args["channel"]))
    if args["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    message = state.world.say_to(
        channel, args["user"], state.bot_message(content, is_ephemeral=True)
    )
    return {"message_ts": message["ts"]}


def chat_update(state: State, args: Args) -> Reply:
    """Update a message.

    Text without blocks removes the blocks; a message with blocks shows no "(edited)".
    """
    channel, message = own_message(state, args, "cant_update_message")
    content = message_content(args)
    if is_true(args.get("reply_broadcast")):
        if message.get("thread_ts") in (None, message["ts"]) or message.get("subtype") == BROADCAST:
            raise SlackError("cant_broadcast_message")
        message["subtype"] = BROADCAST
    for name in ("blocks", "attachments", "metadata"):
        if content.get(name):
            message[name] = content[name]
        elif args.get(name) is not None or (name == "blocks" and content.get("text")):
            message.pop(name, None)
    if content.get("text"):
        message["text"] = content["text"]
    if not content.get("blocks"):
        message["edited"] = {"user": state.app.bot_user_id, "ts": state.world.next_ts()}
    state.world.changed(channel, message)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def chat_delete(state: State, args: Args) -> Reply:
    channel, message = own_message(state, args, "cant_delete_message")
    state.world.delete(channel, message)
    return {"channel": channel.id, "ts": message["ts"]}


def chat_permalink(state: State, args: Args) -> Reply:
    channel = state.world.channels.get(args["channel"])
    if channel is None or (channel.is_private and not state.world.bot_is_in(channel)):
        raise SlackError("channel_not_found")
    if channel.find(args["message_ts"]) is None:
        raise SlackError("message_not_found")
    path = f"{channel.id}/p{args['message_ts'].replace('.', '')}"
    return {
        "channel": channel.id,
        "permalink": f"https://{state.team.domain}.slack.com/archives/{path}",
    }


def message_content(args: Args) -> dict[str, Any]:
    """Return a message's parts, checked as Slack does. Blocks without an id get one."""
    bad_blocks = SlackError("invalid_blocks_format")
    content = {
        "text": args.get("text"),
        "blocks": parsed(args, "blocks", bad_blocks),
        "attachments": parsed(args, "attachments", SlackError("invalid_attachments")),
        "metadata": parsed(args, "metadata", SlackError("invalid_metadata_format")),
        "thread_ts": args.get("thread_ts"),
    }
    content = {name: value for name, value in content.items() if value is not None}
    if not any(content.get(name) for name in ("text", "blocks", "attachments")):
        raise SlackError("no_text")
    if not isinstance(content.get("blocks", []), list):
        raise bad_blocks
    if not isinstance(content.get("metadata", {}), dict):
        raise SlackError("invalid_metadata_format")
    if len(str(content.get("text", ""))) > LONGEST_TEXT:
        raise SlackError("msg_too_long")
    shown = {name: content[name] for name in ("text", "blocks") if name in content}
    if problems := limits.check_message(shown):
        raise SlackError(
            "invalid_blocks",
            response_metadata={"messages": [f"[ERROR] {text}" for text in problems]},
        )
    if content.get("blocks"):
        content["blocks"] = blocks.accepted(content["blocks"])
    return content


def check_thread(channel: Channel, thread_ts: str) -> None:
    """Raise `SlackError` unless the message exists and is no reply itself."""
    parent = channel.find(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.get("thread_ts") not in (None, parent["ts"]):
        raise SlackError("cannot_reply_to_message")


def is_true(value: Any) -> bool:
    """Return whether a flag is set, given in JSON or in a web form."""
    return value in (True, "true", "True", "1")


def postable(state: State, channel_id: str) -> Channel:
    """Return the channel if the bot may post there.

    A person's id means the direct messages with that person.
    """
    person = state.world.people.get(channel_id)
    if person is not None and not person.is_bot:
        return state.world.open_direct(person.id)
    channel = state.world.channels.get(channel_id)
    if channel is None or (channel.is_private and not state.world.bot_is_in(channel)):
        raise SlackError("channel_not_found")
    if not state.world.bot_is_in(channel) and "chat:write.public" not in state.app.scopes:
        raise SlackError("not_in_channel")
    return channel


def own_message(state: State, args: Args, refusal: str) -> tuple[Channel, Message]:
    """Return a message that the bot posted itself for all to see."""
    channel = state.world.channels.get(args["channel"])
    if channel is None or (channel.is_private and not state.world.bot_is_in(channel)):
        raise SlackError("channel_not_found")
    message = channel.find(args["ts"])
    if message is None:
        raise SlackError("message_not_found")
    if message.get("bot_id") != state.app.bot_id:
        raise SlackError(refusal)
    return channel, message


# --- views


def views_open(state: State, args: Args) -> Reply:
    """Open a modal, on the stack of the modal in which the person acted if there is one."""
    trigger = state.triggers.check(args["trigger_id"])
    onto = state.views.find(trigger.view_id) if trigger.view_id else None
    return _show(state, args, trigger, onto if onto and onto.body["type"] == "modal" else None)


def views_push(state: State, args: Args) -> Reply:
    trigger = state.triggers.check(args["trigger_id"])
    onto = state.views.find(trigger.view_id) if trigger.view_id else None
    if onto is None or onto.body["type"] != "modal":
        raise SlackError("not_found")
    return _show(state, args, trigger, onto)


def _show(state: State, args: Args, trigger: Trigger, onto: View | None) -> Reply:
    body = view_body(state, args, "modal", None)
    if onto is not None and len(state.views.stack_of(onto)) >= STACK:
        raise SlackError("push_limit_reached")
    trigger.used = True
    return {"view": state.view_json(state.views.open(trigger.user_id, body, onto))}


def views_update(state: State, args: Args) -> Reply:
    if args.get("view_id"):
        view = state.views.find(args["view_id"])
    elif args.get("external_id"):
        view = state.views.find_external(args["external_id"])
    else:
        raise invalid("missing required field: view_id or external_id")
    if view is None:
        raise SlackError("not_found")
    body = view_body(state, args, view.body["type"], view)
    state.views.update(view, body)
    return {"view": state.view_json(view)}


def views_publish(state: State, args: Args) -> Reply:
    if not state.app.has_home:
        raise SlackError("not_enabled")
    person = state.world.people.get(args["user_id"])
    if person is None or person.is_bot:
        raise invalid("user_id: no such person")
    body = view_body(state, args, "home", state.views.homes.get(person.id))
    return {"view": state.view_json(state.views.publish(person.id, body))}


def view_body(state: State, args: Args, kind: str, shown: View | None) -> dict[str, Any]:
    """Return the view given by the bot, checked as Slack does.

    `shown` is the view that it replaces.
    """
    body = parsed(args, "view", invalid("view: no valid JSON"))
    if not isinstance(body, dict):
        raise invalid("must provide an object [json-pointer:/view]")
    if problems := limits.check_view(body):
        raise invalid(*problems)
    if blocks.has_files(body) and "files:read" not in state.app.scopes:
        raise SlackError("missing_scope", needed="files:read", provided=",".join(state.app.scopes))
    if body["type"] != kind:
        raise invalid(f"must be a {kind} [json-pointer:/view/type]")
    if shown is not None and args.get("hash") and args["hash"] != shown.hash:
        raise SlackError("hash_conflict")
    namesake = state.views.find_external(body["external_id"]) if body.get("external_id") else None
    if namesake is not None and namesake is not shown:
        raise SlackError("duplicate_external_id")
    return body


METHODS: Mapping[str, Method] = {
    "auth.test": Method(auth_test),
    "team.info": Method(team_info, scopes=("team:read",)),
    "users.info": Method(users_info, ("user",), ("users:read",)),
    "users.list": Method(users_list, scopes=("users:read",)),
    "users.lookupByEmail": Method(users_lookup, ("email",), ("users:read.email",)),
    "conversations.open": Method(
        conversations_open, scopes=("im:write", "channels:manage", "groups:write", "mpim:write")
    ),
    "conversations.info": Method(
        conversations_info, ("channel",), ("channels:read", "groups:read", "im:read", "mpim:read")
    ),
    "files.info": Method(files_info, ("file",), ("files:read",)),
    "usergroups.list": Method(usergroups_list, scopes=("usergroups:read",)),
    "usergroups.users.list": Method(usergroups_users_list, ("usergroup",), ("usergroups:read",)),
    "chat.postMessage": Method(chat_post, ("channel",), ("chat:write",)),
    "chat.postEphemeral": Method(chat_ephemeral, ("channel", "user"), ("chat:write",)),
    "chat.update": Method(chat_update, ("channel", "ts"), ("chat:write",)),
    "chat.delete": Method(chat_delete, ("channel", "ts"), ("chat:write",)),
    "chat.getPermalink": Method(chat_permalink, ("channel", "message_ts")),
    "views.open": Method(views_open, ("trigger_id", "view")),
    "views.push": Method(views_push, ("trigger_id", "view")),
    "views.update": Method(views_update, ("view",)),
    "views.publish": Method(views_publish, ("user_id", "view")),
}
