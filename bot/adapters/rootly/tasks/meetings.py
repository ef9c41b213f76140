"""Meetings and calendars. The notation is explained in the package."""

TASKS = """
## Meetings

create_zoom_meeting: Start a Zoom meeting
    topic*; auto_recording: none|local|cloud = none; record_meeting: bool; ...post; alternative_hosts+: [email]
    create_as_email+: email; enable_zoom_bot_auto_join+: bool; password+
    recording_mode+: speaker_view|gallery_view|gallery_view_v2|audio_only; ...retry

create_google_meeting: Start a Google Meet meeting
    summary*; description*: long; record_meeting: bool; ...post
    conference_solution_key: eventHangout|eventNamedHangout|hangoutsMeet|addOn
    recording_mode+: speaker_view|gallery_view|gallery_view_v2|audio_only; ...retry

create_microsoft_teams_meeting: Start a Microsoft Teams meeting
    name*; subject*; record_meeting: bool; ...post
    recording_mode+: speaker_view|gallery_view|gallery_view_v2|audio_only

create_webex_meeting: Start a Webex meeting
    topic*; record_meeting: bool; ...post; password+
    recording_mode+: speaker_view|gallery_view|gallery_view_v2|audio_only

create_go_to_meeting: Start a GoTo Meeting
    subject*; ...post; conference_call_info+: ptsn|free|hyrid|voip = voip; password_required+: bool?

create_google_calendar_event: Create a Google Calendar event
    summary*; description*: long; days_until_meeting*: int 0..31; meeting_duration*; time_of_meeting*
    attendees: [email]; ...post; calendar_id+ = primary; can_guests_invite_others+: bool?
    can_guests_modify_event+: bool?; can_guests_see_other_guests+: bool?
    conference_solution_key+: eventHangout|eventNamedHangout|hangoutsMeet|addOn; exclude_weekends+: bool
    send_updates+: bool?; time_zone+

update_google_calendar_event: Update a Google Calendar event
    event_id*; summary; description: long; attendees: [email]; meeting_duration; time_of_meeting; ...post
    adjustment_days+: int 0..31; calendar_id+ = primary; can_guests_invite_others+: bool?
    can_guests_modify_event+: bool?; can_guests_see_other_guests+: bool?
    conference_solution_key+: eventHangout|eventNamedHangout|hangoutsMeet|addOn; replace_attendees: bool
    send_updates+: bool?

create_outlook_event: Create an Outlook event
    summary*; description*: long; calendar*: {}; days_until_meeting*: int 0..31; meeting_duration*
    time_of_meeting*; attendees: [email]; enable_online_meeting: bool; ...post; exclude_weekends+: bool; time_zone+
"""
