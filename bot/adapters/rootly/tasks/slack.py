"""Slack. The notation is explained in the package."""

TASKS = """
## Slack

send_slack_message: Send a Slack message
    text*: long; channels: [{channel}]; slack_users: [{person}]; slack_user_groups: [{user_group}]; actionables: [@actionable]
    pin_to_channel: bool; send_as_ephemeral+: bool; color+; thread_ts+; parent_message_thread_task+: {}
    send_only_as_threaded_message+: bool; broadcast_thread_reply_to_channel+: bool; update_parent_message+: bool
    any of: channels | slack_users | slack_user_groups

send_slack_blocks: Send Slack blocks (Block Kit)
    blocks*: json; channels: [{channel}]; slack_users: [{person}]; slack_user_groups: [{user_group}]; message
    attachments: json; pin_to_channel: bool; send_as_ephemeral+: bool; thread_ts+; parent_message_thread_task+: {}
    send_only_as_threaded_message+: bool; broadcast_thread_reply_to_channel+: bool; update_parent_message+: bool
    any of: channels | slack_users | slack_user_groups

create_slack_channel: Create a Slack channel
    title*; workspace* "Slack workspace": {}; private: auto|true|false = auto; ...retry

invite_to_slack_channel: Invite people to a Slack channel
    channel*: {channel}; slack_users: [{person}]; slack_user_groups: [{user_group}]; slack_emails
    any of: slack_users | slack_user_groups | slack_emails

rename_slack_channel: Rename a Slack channel
    channel*: {channel}; title*; ...retry

archive_slack_channels: Archive Slack channels
    channels*: [{channel}]; ...retry

change_slack_channel_privacy: Make a Slack channel private or public
    channel*: {channel}; privacy*: private|public; ...retry

update_slack_channel_topic: Set a Slack channel's topic
    channel*: {channel}; topic*; ...retry

add_slack_bookmark: Add a bookmark to a Slack channel
    channel*: {channel}; title; emoji; link; playbook_id: playbooks
    any of: title & link | playbook_id

~create_slack_canvas: Create a Slack canvas
    ~channel*: {channel}; ~title*; ~content*: long; ...retry

~update_slack_canvas: Update a Slack canvas
    ~channel*: {channel}; ~content*: long; ~operation: insert_at_end|replace = insert_at_end; ~section_name
    ...retry

~remove_from_slack_channel: Remove people from the incident's Slack channel
    ~dry_run: bool; ~target_kind: users_without_private_incident_access|
"""
