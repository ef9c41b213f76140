"""Documents and pages. The notation is explained in the package."""

TASKS = """
## Documents

create_confluence_page: Create a Confluence page
    title*; space*: {}; content: long; post_mortem_template_id: retrospective_templates; template: {}
    ancestor+: {}; create_as_live_doc+: bool = false; ~include_follow_ups+: bool?; include_overview+: bool = true
    include_timeline+: bool = true; integration+: {}; mark_post_mortem_as_published+: bool = true

update_confluence_page: Update a Confluence page
    file_id*; title; content: long; post_mortem_template_id: retrospective_templates; template: {}
    ~include_follow_ups+: bool?; include_overview+: bool = true; include_timeline+: bool = true; integration: {}

create_google_docs_page: Create a Google Docs page
    title*; content: long; drive: {}; parent_folder: {}; post_mortem_template_id: retrospective_templates
    template_id; ~include_follow_ups+: bool?; include_overview+: bool = true; include_timeline+: bool = true
    mark_post_mortem_as_published+: bool = true; permissions+: json

update_google_docs_page: Update a Google Docs page
    file_id*; title; content: long; post_mortem_template_id: retrospective_templates; template_id
    ~include_follow_ups+: bool?; include_overview+: bool = true; include_timeline+: bool = true

create_google_docs_permissions: Share a Google Docs page
    file_id*; permissions*: json; email_message: long; send_notification_email: bool?

remove_google_docs_permissions: Stop sharing a Google Docs page
    attribute_to_query_by*: type|role|email_address = email_address; file_id*; value*

create_notion_page: Create a Notion page
    title*; parent_page*: {}; content: long; post_mortem_template_id: retrospective_templates
    show_action_items_as_table: bool; show_timeline_as_table: bool; mark_post_mortem_as_published+: bool = true

update_notion_page: Update a Notion page
    file_id*; title; content: long; post_mortem_template_id: retrospective_templates
    show_action_items_as_table: bool?; show_timeline_as_table: bool?

create_coda_page: Create a Coda page
    title*; content: long; doc: {}; folder_id; post_mortem_template_id: retrospective_templates; template: {}
    mark_post_mortem_as_published+: bool = true; subtitle+

update_coda_page: Update a Coda page
    doc_id!; page_id*; title; content: long; template: {}; subtitle+

create_quip_page: Create a Quip page
    title*; content: long; parent_folder_id; post_mortem_template_id: retrospective_templates; template_id
    mark_post_mortem_as_published+: bool = true

update_quip_page: Update a Quip page
    file_id*; title; content: long; post_mortem_template_id: retrospective_templates; template_id

create_sharepoint_page: Create a SharePoint page
    title*; drive*: {}; site*: {}; content: long; parent_folder: {}
    post_mortem_template_id: retrospective_templates; template_id; mark_post_mortem_as_published+: bool = true

update_sharepoint_page: Update a SharePoint page
    file_id*; title; content: long; post_mortem_template_id: retrospective_templates

create_dropbox_paper_page: Create a Dropbox Paper page
    title*; content: long; namespace: {}; parent_folder: {}; post_mortem_template_id: retrospective_templates
    mark_post_mortem_as_published+: bool = true

update_dropbox_paper_page: Update a Dropbox Paper page
    file_id*; title; content: long; post_mortem_template_id: retrospective_templates

create_datadog_notebook: Create a Datadog notebook
    title*; kind*: postmortem|runbook|investigation|documentation|report; content: long
    post_mortem_template_id: retrospective_templates; template: {}; mark_post_mortem_as_published+: bool = true

update_datadog_notebook: Update a Datadog notebook
    file_id*; kind!: postmortem|runbook|investigation|documentation|report; title; content: long
    post_mortem_template_id: retrospective_templates; template: {}
"""
