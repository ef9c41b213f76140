"""Rootly itself: incidents, action items, roles, status pages. The notation is explained in the package."""

TASKS = """
## Rootly

add_action_item: Add an action item
    summary* "Action item"; description: long; kind: task|follow_up; priority*: high|medium|low = medium
    status*: open|in_progress|cancelled|done = open; assigned_to_user: {users}
    incident_role_id "Or to whoever has the role": roles; ...post; custom_fields_mapping+: mapping
    attribute_to_query_by+ "Update the one that matches": jira_issue_id|; query_value+
    together!: attribute_to_query_by & query_value

update_action_item: Update an action item
    attribute_to_query_by*: @action_item_key = id; query_value*; summary; description: long
    assigned_to_user: {users}; group_ids: [teams]; post_to_incident_timeline: bool; priority: high|medium|low
    status: open|in_progress|cancelled|done; custom_fields_mapping+: mapping

create_incident: Create an incident
    title*; summary: long; severity_id: severities; service_ids: [services]; environment_ids: [environments]
    functionality_ids: [functionalities]; group_ids: [teams]; incident_type_ids: [incident_types]; private+: bool
    custom_fields_mapping+: mapping

create_sub_incident: Create a sub-incident
    title*; summary: long

update_incident: Update an incident
    attribute_to_query_by: @incident_key = id; incident_id*; title; summary: long; status; severity_id: severities
    service_ids: [services]; environment_ids: [environments]; functionality_ids: [functionalities]
    group_ids: [teams]; incident_type_ids: [incident_types]; started_at+; detected_at+; acknowledged_at+
    mitigated_at+; resolved_at+; private+: bool?; custom_fields_mapping+: mapping

update_status: Set the incident's status
    status*: in_triage|started|mitigated|resolved|closed|cancelled; inactivity_timeout

update_incident_status_timestamp: Set when a sub-status began
    assigned_at*; sub_status_id*: sub_statuses

add_role: Assign an incident role
    incident_role_id*: roles; assigned_to_user: {users}

auto_assign_role_rootly: Assign a role to whoever is on call in Rootly
    incident_role_id*: roles; escalation_policy_target: {escalation_policies}; group_target: {teams}
    schedule_target: {schedules}; service_target: {services}; user_target: {users}

add_team: Add a team to the incident
    group_id*: teams

add_to_timeline: Add to the incident's timeline
    event*: long; post_to_slack_channels: [{channel}]; url

create_incident_postmortem: Create a retrospective
    title*; incident_id*; status; template: {retrospective_templates}

update_incident_postmortem: Update a retrospective
    postmortem_id*; title; status

publish_incident: Publish to a status page
    incident*: {}; public_title*
    status*: investigating|identified|monitoring|resolved|scheduled|in_progress|completed = resolved
    status_page_id*: status_pages; notify_subscribers: bool = false; status_page_template: {}; event+: long
    integration_payload+: json; ~selected_component_keys+: [text]; ~selected_component_statuses+: object
    should_tweet+: bool = false; ~status_page_ids+: [status_pages]; ~sync_incident_components+: bool?
    ~synced_component_status+: degraded_performance|major_outage|operational|partial_outage

send_dashboard_report: Send a dashboard report by e-mail
    to*: [email]; subject*; body*: long; dashboard_ids*: [dashboards]
    from!+: email = Rootly <workflows@rootly.com>; preheader+

trigger_workflow: Run another workflow
    workflow*: {workflows}; kind*: incident|post_mortem|action_item|pulse|alert = incident
    attribute_to_query_by*: @incident_key_no_gitlab = id; resource*: {}; check_workflow_conditions: bool

update_attached_alerts: Update the attached alerts
    status*: acknowledged|resolved

get_alerts: Get recent alerts
    past_duration*; environment_ids: [environments]; environments_impacted_by_incident: bool; labels: [text]
    service_ids: [services]; services_impacted_by_incident: bool; sources: [text]; ...post
    parent_message_thread_task+: {}

get_pulses: Get recent pulses (changes)
    past_duration*; environment_ids: [environments]; environments_impacted_by_incident: bool; labels: [text]
    refs: [text]; service_ids: [services]; services_impacted_by_incident: bool; sources: [text]; ...post
    parent_message_thread_task+: {}

print: Print a message to the workflow's log
    message*: long
"""
