"""Issues, tickets and tasks in other trackers. The notation is explained in the package."""

TASKS = """
## Tickets

create_jira_issue: Create a Jira issue
    project_key*; issue_type*: {}; title*; description: long; assign_user_email: email; due_date; labels
    priority: {}; status: {}; custom_fields_mapping+: mapping; integration+: {}; reporter_user_email+: email
    update_payload+: json; ...retry

create_jira_subtask: Create a Jira subtask
    project_key*; parent_issue_id*; subtask_issue_type*: {}; title*; description: long; assign_user_email: email
    due_date; labels; priority: {}; status: {}; custom_fields_mapping+: mapping; integration+: {}
    reporter_user_email+: email; update_payload+: json; ...retry

update_jira_issue: Update a Jira issue
    project_key*; issue_id*; title; description: long; assign_user_email: email; due_date; labels; priority: {}
    status: {}; custom_fields_mapping+: mapping; integration+: {}; reporter_user_email+: email
    update_payload+: json; ...retry

create_linear_issue: Create a Linear issue
    title*; state*: {}; team*: {}; description: long; assign_user_email: email; labels: [{}]; priority: {}
    project: {}; custom_fields_mapping+: mapping

create_linear_subtask_issue: Create a Linear sub-issue
    title*; parent_issue_id*; state*: {}; description: long; assign_user_email: email; labels: [{}]; priority: {}
    custom_fields_mapping+: mapping

create_linear_issue_comment: Comment on a Linear issue
    body*: long; issue_id*

update_linear_issue: Update a Linear issue
    issue_id*; title; description: long; assign_user_email: email; labels: [{}]; priority: {}; project: {}
    state: {}; custom_fields_mapping+: mapping

create_github_issue: Create a GitHub issue
    title*; repository*: {}; body: long; issue_type: {}; labels: [{}]; custom_fields_mapping+: mapping
    parent_issue_number+

update_github_issue: Update a GitHub issue
    completion*: {}; issue_id*; title; body: long; issue_type: {}; labels: [{}]; repository: {}
    custom_fields_mapping+: mapping; labels_mode+: replace|append = replace

create_gitlab_issue: Create a GitLab issue
    title*; issue_type!: issue|incident|test_case|task; repository*: {}; description: long; due_date; labels

update_gitlab_issue: Update a GitLab issue
    completion*: {}; issue_id*; issue_type!: issue|incident|test_case|task; title; description: long; due_date
    labels

create_asana_task: Create an Asana task
    title*; completion*: {}; projects*: [{}]; workspace*: {}; assign_user_email: email; due_date; notes: long
    custom_fields_mapping+: mapping; dependency_direction+: blocking|blocked_by = blocking
    dependent_task_ids+: [text]

create_asana_subtask: Create an Asana subtask
    title*; completion*: {}; parent_task_id*; assign_user_email: email; due_date; notes: long
    custom_fields_mapping+: mapping; dependency_direction+: blocking|blocked_by = blocking
    dependent_task_ids+: [text]

update_asana_task: Update an Asana task
    completion*: {}; task_id*; title; assign_user_email: email; due_date; notes: long
    custom_fields_mapping+: mapping; dependency_direction+: blocking|blocked_by = blocking
    dependent_task_ids+: [text]

create_trello_card: Create a Trello card
    title*; board*: {}; list*: {}; description: long; archivation: {}; due_date; labels: [{}]

update_trello_card: Update a Trello card
    archivation*: {}; card_id*; title; description: long; board: {}; due_date; labels: [{}]; list: {}

create_shortcut_story: Create a Shortcut story
    title*; archivation*: {}; kind*: bug|chore|feature; description: long; due_date; group: {}; labels; project: {}
    workflow_state: {}
    any of: project | workflow_state

update_shortcut_story: Update a Shortcut story
    archivation*: {}; story_id*; title; description: long; due_date; labels

create_shortcut_task: Create a Shortcut task
    description*: long; completion*: {}; parent_story_id*

update_shortcut_task: Update a Shortcut task
    completion*: {}; parent_story_id*; task_id*; description: long

create_clickup_task: Create a ClickUp task
    title*; ~list*: {}; description: long; due_date; priority: {}; tags; custom_fields_mapping+: mapping
    task_payload+: json

update_clickup_task: Update a ClickUp task
    task_id*; title; description: long; due_date; priority: {}; tags; custom_fields_mapping+: mapping
    task_payload+: json

create_motion_task: Create a Motion task
    title*; workspace*: {}; description: long; due_date; duration; labels: [text]; priority: {}; project: {}
    status: {}

update_motion_task: Update a Motion task
    task_id*; title; description: long; due_date; duration; labels: [text]; priority: {}

create_zendesk_ticket: Create a Zendesk ticket
    subject*; kind*: problem|incident|question|task; comment: long; completion: {}; priority: {}; tags
    custom_fields_mapping+: mapping; ticket_payload+: json

update_zendesk_ticket: Update a Zendesk ticket
    ticket_id*; subject; completion: {}; priority: {}; tags; custom_fields_mapping+: mapping; ticket_payload+: json

create_zendesk_jira_link: Link a Zendesk ticket to a Jira issue
    jira_issue_id*; jira_issue_key*; zendesk_ticket_id*

create_service_now_incident: Create a ServiceNow incident
    title*; description: long; completion: {}; priority: {}; custom_fields_mapping+: mapping

update_service_now_incident: Update a ServiceNow incident
    incident_id* "ServiceNow incident ID"; title; description: long; completion: {}; priority: {}
    custom_fields_mapping+: mapping

create_airtable_table_record: Create an Airtable record
    base*: {}; table*: {}; custom_fields_mapping+: mapping

update_airtable_table_record: Update an Airtable record
    base_key*; record_id*; table_name*; custom_fields_mapping+: mapping

attach_retrospective_pdf_to_jira_issue: Attach the retrospective's PDF to a Jira issue
    issue_id*; filename; integration: {}

~attach_retrospective_pdf_to_freshservice_ticket: Attach the retrospective's PDF to a Freshservice ticket
    ~ticket_id*; ~filename
"""
