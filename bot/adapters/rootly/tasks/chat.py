"""Chat, mail and calls other than Slack. The notation is explained in the package."""

TASKS = """
## Chat and calls

send_email: Send an e-mail
    to*: [email]; subject*; body*: long; cc: [email]; bcc+: [email]; from!+: email = Rootly <workflows@rootly.com>
    preheader+; include_header+: bool?; include_footer+: bool?; custom_logo_url+

send_sms: Send a text message (SMS)
    name*; content*: long; phone_numbers*: [text]

send_whatsapp_message: Send a WhatsApp message
    name*; content*: long; phone_numbers*: [text]

call_people: Call people by phone
    name*; content*: long; phone_numbers*: [text]

tweet_twitter_message: Post a tweet
    message*: long

send_microsoft_teams_message: Send a Microsoft Teams message
    text*: long; channels: [{}]
    any of: channels

send_microsoft_teams_chat_message: Send a Microsoft Teams chat message
    text*: long; chats*: [{}]

send_microsoft_teams_blocks: Send Microsoft Teams cards
    attachments*: json; channels: [{}]
    any of: channels

create_microsoft_teams_channel: Create a Microsoft Teams channel
    title*; team*: {}; description: long; private: auto|true|false = auto

create_microsoft_teams_chat: Create a Microsoft Teams chat
    members*: [{email}] 2..; chat_type: group|oneOnOne = group; topic
    needs!: topic when chat_type is group

invite_to_microsoft_teams_channel: Invite people to a Microsoft Teams channel
    channel*: {}; emails*; team: {}

invite_to_microsoft_teams_channel_rootly: Invite Rootly's on-call to a Microsoft Teams channel
    channel*: {}; team*: {}; escalation_policy_target: {escalation_policies}; group_target: {teams}
    schedule_target: {schedules}; service_target: {services}; user_target: {users}
    any of!: escalation_policy_target | schedule_target | service_target | group_target | user_target

rename_microsoft_teams_channel: Rename a Microsoft Teams channel
    channel*: {}; title*; team*: {}

archive_microsoft_teams_channels: Archive Microsoft Teams channels
    channels*: [{}]; team*: {}

add_microsoft_teams_tab: Add a tab to a Microsoft Teams channel
    channel*: {}; team*: {}; title; link; playbook_id: playbooks
    any of: title & link | playbook_id

add_microsoft_teams_chat_tab: Add a tab to a Microsoft Teams chat
    title*; chat*: {}; link*

send_google_chat_message: Send a Google Chat message
    text*: long; spaces*: [{}]; thread_key+

send_google_chat_attachments: Send Google Chat cards
    attachments*: long; spaces*: [{}]

create_google_chat_space: Create a Google Chat space
    title*; description: long; audience

invite_to_google_chat_space: Invite people to a Google Chat space
    emails*; space*: {}

rename_google_chat_space: Rename a Google Chat space
    title*; space*: {}

archive_google_chat_spaces: Archive Google Chat spaces
    spaces*: [{}]

change_google_chat_space_privacy: Change who can find a Google Chat space
    space*: {}; audience

update_google_chat_space_description: Set a Google Chat space's description
    description*: long; space*: {}
"""
