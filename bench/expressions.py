"""The PromQL in config/: where it is, which metrics it names, and who exports them."""
import json
import os
import re

import yaml

WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "inf", "nan", "start", "end"}

# Who exports what, by the longest prefix that fits: the `job_name` in config/prometheus/prometheus.yml. `rules` are recorded here.
OWNERS = {
    "transcode-service": ["jobs_queued", "jobs_processing", "storage_used_bytes", "storage_quota_bytes", "workers_active", "worker_tasks_active",
                          "api_requests_in_progress", "transcode_service_"],
    "log-agent": ["api_requests_total", "api_request_duration_seconds", "jobs_total", "jobs_created_total", "jobs_completed_total",
                  "jobs_failed_total", "job_processing_duration_seconds", "job_queue_time_seconds", "video_", "transcription_",
                  "log_messages_total", "log_agent_", "process_", "celery_", "airflow_", "nginx_", "postgresql_", "syslog_", "redis_log_", "minio_log_",
                  "container_log_"],
    "trace-collector": ["traces_spanmetrics_", "traces_service_graph_", "trace_collector_"],
    "node": ["node_"],
    "postgres": ["pg_"],
    "redis": ["redis_"],
    "minio": ["minio_"],
    "prometheus": ["prometheus_", "up", "scrape_duration_seconds", "ALERTS"],
    "alertmanager": ["alertmanager_"],
    "rules": ["slo:", "endpoint_status:", "endpoint_le:", "endpoint:", "job:", "error_type:", "resolution:", "instance:", "instance_output:"],
}


def owner(metric):
    fits = [(len(prefix), job) for job, prefixes in OWNERS.items() for prefix in prefixes
            if metric == prefix or metric.startswith(prefix) and (prefix[-1] in "_:" or metric.removeprefix(prefix) in ("_bucket", "_sum", "_count"))]
    return max(fits)[1] if fits else None


def all_of(config, alerts=True):
    """(where it stands, expression) of each rule, and each Prometheus query of each panel and variable."""
    folder = os.path.join(config, "prometheus", "rules")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            for group in yaml.safe_load(file)["groups"]:
                for rule in group["rules"]:
                    if "record" in rule or alerts:
                        labels = rule.get("labels", {}).get("slo", "")
                        yield f"rules/{name}: {rule.get('alert') or rule['record']} {labels}".strip(), rule["expr"]
    folder = os.path.join(config, "grafana", "dashboards")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            board = json.load(file)
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == "prometheus":
                    yield f"dashboards/{name}: {panel['title']} {target['refId']}", target["expr"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"dashboards/{name}: variable {variable['name']}", re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])[1]


def metrics_in(expression):
    """Names of metrics: words that are no function, keyword, label, duration or text."""
    text = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    text = re.sub(r"\boffset\s+\w+", " ", text)
    return {word for word in re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", text) if word.lower() not in WORDS}


def ready(expression, interval="1m", span="1h"):
    """With Grafana's variables replaced: all values of those that were chosen from, and the given times."""
    text = expression.replace("$__rate_interval", interval).replace("$__interval", interval).replace("$__range", span)
    return re.sub(r"\$\{?\w+\}?", ".*", text)
