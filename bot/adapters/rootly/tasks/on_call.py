"""Paging and alerts, at Rootly and elsewhere. The notation is explained in the package."""

TASKS = """
## On-call and alerts

page_rootly_on_call_responders: Page whoever is on call in Rootly
    summary*; alert_urgency_id*: alert_urgencies; description: long
    escalation_policy_target: {escalation_policies}; functionality_target: {functionalities}; group_target: {teams}
    service_target: {services}; user_target: {users}; create_new_alert+: bool = false; escalation_note+: long
    any of!: escalation_policy_target | service_target | functionality_target | group_target | user_target

page_pagerduty_on_call_responders: Page someone in PagerDuty
    service*: {}; title; message: long; escalation_policies: [{}]; priority; urgency: high|low|auto = high
    users: [{}]; create_new_incident_on_conflict+: bool = false

page_opsgenie_on_call_responders: Page someone in Opsgenie
    title; message: long; description: long; priority: P1|P2|P3|P4|P5|auto = P1; teams: [{}]; users: [{}]

page_jsmops_on_call_responders: Page someone in Jira Service Management
    title; message: long; description: long; priority: P3|P1|P2|P4|P5|auto = P3; teams: [{}]; users: [{}]

page_victor_ops_on_call_responders: Page someone in Splunk On-Call (VictorOps)
    title; escalation_policies: [{}]; users: [{}]
    any of: users | escalation_policies

auto_assign_role_pagerduty: Assign a role to whoever is on call in PagerDuty
    incident_role_id*: roles; escalation_policy: {}; schedule: {}; service: {}
    any of: schedule | escalation_policy

auto_assign_role_opsgenie: Assign a role to whoever is on call in Opsgenie
    incident_role_id*: roles; schedule*: {}

auto_assign_role_victor_ops: Assign a role to whoever is on call in Splunk On-Call (VictorOps)
    incident_role_id*: roles; team*: {}

invite_to_slack_channel_rootly: Invite Rootly's on-call to Slack channels
    channels*: [{channel}]; escalation_policy_target: {escalation_policies}; group_target: {teams}
    schedule_target: {schedules}; service_target: {services}; user_target: {users}
    any of!: escalation_policy_target | schedule_target | service_target | group_target | user_target

invite_to_slack_channel_pagerduty: Invite PagerDuty's on-call to Slack channels
    channels*: [{channel}]; escalation_policy: {}; schedule: {}; service: {}
    any of: escalation_policy | schedule

invite_to_slack_channel_opsgenie: Invite Opsgenie's on-call to Slack channels
    channels*: [{channel}]; schedule*: {}

invite_to_slack_channel_victor_ops: Invite Splunk On-Call's (VictorOps) on-call to Slack channels
    channels*: [{channel}]; team*: {}

update_pagerduty_incident: Update a PagerDuty incident
    pagerduty_incident_id*; title; escalation_level: int 1..20; priority; resolution
    status: resolved|acknowledged|auto; urgency: high|low|auto

create_pagerduty_status_update: Send a PagerDuty status update
    message*: long; pagerduty_incident_id*

create_opsgenie_alert: Create an Opsgenie alert
    message*; description: long; escalations: [{}]; priority: P1|P2|P3|P4|P5|auto = P1; schedules: [{}]
    teams: [{}]; users: [{}]; details+: json

update_opsgenie_alert: Update an Opsgenie alert
    alert_id*; completion*: {}; priority*: P1|P2|P3|P4|P5|auto; message; description: long

update_opsgenie_incident: Update an Opsgenie incident
    opsgenie_incident_id*; message; description: long; priority: P1|P2|P3|P4|P5|auto
    status: resolve|open|close|auto

create_jsmops_alert: Create a Jira Service Management alert
    message*; description: long; escalations: [{}]; priority: P3|P1|P2|P4|P5|auto = P3; schedules: [{}]
    teams: [{}]; users: [{}]; details+: json

update_victor_ops_incident: Update a Splunk On-Call (VictorOps) incident
    status*: resolve|ack|auto; victor_ops_incident_id*; resolution_message: long

create_pagertree_alert: Create a PagerTree alert
    title; description: long; incident: bool; severity: auto|SEV-1|SEV-2|SEV-3|SEV-4; teams: [{}]
    urgency: auto|critical|high|medium|low; users: [{}]

update_pagertree_alert: Update a PagerTree alert
    title; description: long; incident: bool?; pagertree_alert_id; severity: auto|SEV-1|SEV-2|SEV-3|SEV-4
    teams: [{}]; urgency: auto|critical|high|medium|low; users: [{}]
"""
