"""Graphs, dashboards and commits; requests and commands. The notation is explained in the package."""

TASKS = """
## Monitoring

attach_datadog_dashboards: Attach Datadog dashboards
    dashboards*: [{}]; ...post

snapshot_datadog_graph: Take a snapshot of a Datadog graph
    past_duration*; dashboards: [{}]; metric_queries: [text]; ...post

snapshot_grafana_dashboard: Take a snapshot of a Grafana dashboard
    dashboards*: [{}]; ...post

snapshot_looker_look: Take a snapshot of a Looker look
    dashboards*: [{}]; ...post

snapshot_new_relic_graph: Take a snapshot of a New Relic graph
    metric_query*; metric_type*: @chart; ...post

get_github_commits: Get recent GitHub commits
    branch*; past_duration*; github_repository_names: [text]; service_ids: [services]
    services_impacted_by_incident: bool; ...post
    any of: service_ids | github_repository_names

get_gitlab_commits: Get recent GitLab commits
    branch*; past_duration*; gitlab_repository_names: [text]; service_ids: [services]
    services_impacted_by_incident: bool; ...post
    any of: service_ids | gitlab_repository_names

## Automation

http_client: Make an HTTP request (webhook)
    url*; method: GET|POST|PATCH|PUT|DELETE|OPTIONS = GET; succeed_on_status*; headers: mapping; body: long
    params: mapping; ...post; event_message+; event_url+; ~expected_response_headers+: object
    ~follow_redirects+: bool?; retry_count+: int 0..4 = 0; retry_wait_time+: int 1..15 = 1

redis_client: Run Redis commands
    url*; commands*: long; ...post; event_message+; event_url+

run_command_heroku: Run a Heroku command
    app_name*; command*; size*: standard-1X|standard-2X; ...post
"""
