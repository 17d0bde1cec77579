#!/usr/bin/env python3
"""Makes dashboards/*.json, so that all of them look and behave alike. Change this file, then run it:

    config/grafana/dashboards.py            writes the files
    config/grafana/dashboards.py --check    tells which files are not what it would write
"""
import json
import os
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dashboards")
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
LOKI = {"type": "loki", "uid": "loki"}
TEMPO = {"type": "tempo", "uid": "tempo"}
RATE = "$__rate_interval"
GREEN, YELLOW, RED = "green", "yellow", "red"


def steps(*bounds):
    """`steps(GREEN, (70, YELLOW), (90, RED))`: the colour below all bounds, then from each bound on."""
    first, *others = bounds
    return [{"value": None, "color": first}] + [{"value": value, "color": color} for value, color in others]


CALM = steps(GREEN)
HIGH_IS_BAD = steps(GREEN, (70, YELLOW), (90, RED))
LOW_IS_BAD = steps(RED, (95, YELLOW), (99, GREEN))
NONE_IS_GOOD = steps(GREEN, (1, RED))
ONE_IS_GOOD = steps(RED, (1, GREEN))


class Dashboard:
    """Panels flow from left to right and wrap after 24 columns."""

    def __init__(self, uid, title, description, variables=()):
        self.uid, self.title, self.description, self.variables = uid, title, description, list(variables)
        self.panels = []
        self.x = self.y = self.row_height = 0

    def _place(self, width, height):
        if self.x + width > 24:
            self._wrap()
        place = {"x": self.x, "y": self.y, "w": width, "h": height}
        self.x += width
        self.row_height = max(self.row_height, height)
        return place

    def _wrap(self):
        self.x, self.y, self.row_height = 0, self.y + self.row_height, 0

    def _add(self, panel, width, height):
        self.panels.append({"id": len(self.panels) + 1, "gridPos": self._place(width, height), **panel})
        return self

    def row(self, title):
        if self.x:
            self._wrap()
        return self._add({"type": "row", "title": title, "collapsed": False, "panels": []}, 24, 1)

    def _panel(self, kind, title, targets, unit, thresholds, width, height, options, description=None, datasource=PROMETHEUS, custom=None,
               instant=False, minimum=None, maximum=None, decimals=None, links=None, exemplars=False):
        defaults = {"unit": unit, "thresholds": {"mode": "absolute", "steps": thresholds}, "color": {"mode": "thresholds"}, "mappings": []}
        if kind == "timeseries":
            defaults["color"] = {"mode": "palette-classic"}
        for name, value in (("custom", custom), ("min", minimum), ("max", maximum), ("decimals", decimals), ("links", links)):
            if value is not None:
                defaults[name] = value
        queries = []
        for number, (expression, legend) in enumerate(targets):
            query = {"refId": chr(ord("A") + number), "datasource": datasource, "expr": expression, "legendFormat": legend}
            if datasource is PROMETHEUS:
                query |= {"editorMode": "code", "range": not instant, "instant": instant, "exemplar": exemplars}
                if kind == "table":
                    query["format"] = "table"
                if kind == "heatmap":
                    query["format"] = "heatmap"
            queries.append(query)
        panel = {"type": kind, "title": title, "datasource": datasource, "targets": queries,
                 "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options}
        if description:
            panel["description"] = description
        return self._add(panel, width, height)

    def graph(self, title, *targets, unit="short", thresholds=CALM, width=12, height=8, stack=False, **more):
        custom = {"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 25 if stack else 10, "showPoints": "never",
                  "spanNulls": False, "stacking": {"mode": "normal" if stack else "none", "group": "A"},
                  "thresholdsStyle": {"mode": "off" if thresholds is CALM else "line"}}
        options = {"legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["mean", "max", "lastNotNull"]},
                   "tooltip": {"mode": "multi", "sort": "desc"}}
        return self._panel("timeseries", title, targets, unit, thresholds, width, height, options, custom=custom, **more)

    def stat(self, title, expression, unit="short", thresholds=CALM, width=4, height=4, legend="", **more):
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto", "textMode": "auto",
                   "colorMode": "value", "graphMode": "area", "justifyMode": "auto"}
        return self._panel("stat", title, [(expression, legend)], unit, thresholds, width, height, options, **more)

    def gauge(self, title, expression, unit="percent", thresholds=HIGH_IS_BAD, width=6, height=8, legend="", minimum=0, maximum=100, **more):
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto",
                   "showThresholdLabels": False, "showThresholdMarkers": True}
        return self._panel("gauge", title, [(expression, legend)], unit, thresholds, width, height, options, minimum=minimum, maximum=maximum, **more)

    def bars(self, title, *targets, unit="short", thresholds=CALM, width=8, height=8, **more):
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "horizontal",
                   "displayMode": "gradient", "valueMode": "color", "showUnfilled": True}
        return self._panel("bargauge", title, targets, unit, thresholds, width, height, options, **more)

    def table(self, title, *targets, unit="short", thresholds=CALM, width=12, height=8, **more):
        options = {"showHeader": True, "cellHeight": "sm"}
        return self._panel("table", title, targets, unit, thresholds, width, height, options, instant=True, **more)

    def heatmap(self, title, expression, unit="s", width=12, height=8, **more):
        options = {"calculate": False, "cellGap": 1, "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "reverse": False,
                                                                "fill": "dark-orange"},
                   "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9}, "legend": {"show": True},
                   "rowsFrame": {"layout": "auto"}, "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
                   "yAxis": {"axisPlacement": "left", "unit": unit, "reverse": False}}
        custom = {"scaleDistribution": {"type": "linear"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}
        return self._panel("heatmap", title, [(expression, "{{le}}")], unit, CALM, width, height, options, custom=custom, exemplars=True, **more)

    def logs(self, title, expression, width=24, height=12):
        options = {"showTime": True, "wrapLogMessage": True, "prettifyLogMessage": False, "enableLogDetails": True, "sortOrder": "Descending",
                   "dedupStrategy": "none", "showLabels": False, "showCommonLabels": False}
        return self._panel("logs", title, [(expression, "")], "short", CALM, width, height, options, datasource=LOKI)

    def traces(self, title, query, width=24, height=10):
        panel = {"type": "table", "title": title, "datasource": TEMPO, "options": {"showHeader": True, "cellHeight": "sm"},
                 "targets": [{"refId": "A", "datasource": TEMPO, "queryType": "traceql", "query": query, "limit": 50, "tableType": "traces"}],
                 "fieldConfig": {"defaults": {"unit": "short", "mappings": []}, "overrides": []}}
        return self._add(panel, width, height)

    def service_map(self, title, width=24, height=10):
        panel = {"type": "nodeGraph", "title": title, "datasource": TEMPO, "options": {},
                 "targets": [{"refId": "A", "datasource": TEMPO, "queryType": "serviceMap", "query": ""}],
                 "fieldConfig": {"defaults": {}, "overrides": []}}
        return self._add(panel, width, height)

    def json(self):
        return {
            "uid": self.uid, "title": self.title, "description": self.description, "tags": ["tailspan"], "timezone": "browser", "editable": False,
            "graphTooltip": 1, "schemaVersion": 41, "version": 1, "refresh": "5s", "time": {"from": "now-1h", "to": "now"},
            "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
            "templating": {"list": self.variables},
            "annotations": {"list": [
                {"name": "Alerts", "datasource": PROMETHEUS, "enable": True, "hide": False, "iconColor": "red", "type": "dashboard",
                 "expr": 'ALERTS{alertstate="firing", severity="critical"}', "titleFormat": "{{alertname}}"}]},
            "links": [{"title": "Tailspan", "type": "dashboards", "tags": ["tailspan"], "asDropdown": True, "icon": "external link",
                       "includeVars": False, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}],
            "panels": self.panels,
        }


def variable(name, label, metric, where=""):
    """The values of a label of a metric, any number of them; all at first."""
    query = f"label_values({metric}{where}, {name})"
    return {"type": "query", "name": name, "label": label, "datasource": PROMETHEUS, "query": {"query": query, "refId": name},
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*", "current": {"selected": True, "text": "All", "value": "$__all"},
            "hide": 0, "regex": "", "skipUrlSync": False, "options": []}


def textbox(name, label):
    return {"type": "textbox", "name": name, "label": label, "query": "", "current": {"selected": True, "text": "", "value": ""}, "hide": 0,
            "skipUrlSync": False, "options": [{"selected": True, "text": "", "value": ""}]}


def to_logs(what):
    return [{"title": "Logs of " + what, "url": "/d/tailspan-logs?${__url_time_range}", "targetBlank": False}]


def overview():
    board = Dashboard("tailspan-overview", "System Overview", "Is everything there, and does the machine have room to work?",
                      [variable("instance", "Machine", "node_uname_info")])
    board.stat("Targets down", "count(up == 0) or vector(0)", thresholds=NONE_IS_GOOD)
    board.stat("Alerts firing", 'count(ALERTS{alertstate="firing"}) or vector(0)', thresholds=NONE_IS_GOOD)
    board.stat("PostgreSQL", "min(pg_up)", thresholds=ONE_IS_GOOD)
    board.stat("Redis", "min(redis_up)", thresholds=ONE_IS_GOOD)
    board.stat("Log lines", f"sum(rate(log_agent_read_lines_total[{RATE}]))", "cps")
    board.stat("Jobs completed", f"sum(rate(jobs_completed_total[{RATE}])) * 60", "opm")
    board.graph("CPU Usage", (f'100 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle", instance=~"$instance"}}[{RATE}])) * 100', "{{instance}}"),
                unit="percent", thresholds=HIGH_IS_BAD, minimum=0, maximum=100)
    board.graph("Memory Usage", ('(1 - node_memory_MemAvailable_bytes{instance=~"$instance"} / node_memory_MemTotal_bytes) * 100', "{{instance}}"),
                unit="percent", thresholds=HIGH_IS_BAD, minimum=0, maximum=100)
    board.gauge("Disk Usage", '(1 - node_filesystem_avail_bytes{instance=~"$instance", fstype!~"tmpfs|ramfs|squashfs|iso9660"} / node_filesystem_size_bytes) * 100',
                legend="{{mountpoint}}", width=12, description="/data among them. The alert LowDiskSpace fires above 90 %.")
    board.graph("Network Traffic", (f'sum by (instance) (rate(node_network_receive_bytes_total{{device!="lo", instance=~"$instance"}}[{RATE}]))', "Receive {{instance}}"),
                (f'sum by (instance) (rate(node_network_transmit_bytes_total{{device!="lo", instance=~"$instance"}}[{RATE}]))', "Transmit {{instance}}"), unit="Bps")
    board.table("Targets", ("up", ""), height=10, description="1: the last scrape succeeded.")
    board.table("Firing alerts", ('ALERTS{alertstate="firing"}', ""), height=10)
    return board


def jobs():
    board = Dashboard("tailspan-jobs", "Job Processing", "Jobs from the queue to the end.", [variable("error_type", "Error", "jobs_failed_total")])
    board.stat("Queued", "max(jobs_queued)", thresholds=steps(GREEN, (50, RED)))
    board.stat("Processing", "max(jobs_processing)")
    board.stat("Job Completion Rate", f"sum(rate(jobs_completed_total[{RATE}])) * 60", "opm", description="Jobs per minute.")
    board.stat("Failures", f"sum(rate(jobs_failed_total[{RATE}])) * 60", "opm", thresholds=steps(GREEN, (6, RED)))
    board.stat("Completed today", "sum(increase(jobs_completed_total[24h]))", decimals=0, width=8)
    board.graph("Jobs by Status", ("max(jobs_queued)", "Queued"), ("max(jobs_processing)", "Processing"), links=to_logs("jobs"))
    board.gauge("Job Success Rate", "100 * sum(rate(jobs_completed_total[5m])) / (sum(rate(jobs_completed_total[5m])) + sum(rate(jobs_failed_total[5m])))",
                thresholds=LOW_IS_BAD, width=6)
    board.bars("Failures by error, last hour", ('sum by (error_type) (increase(jobs_failed_total{error_type=~"$error_type"}[1h]))', "{{error_type}}"), width=6)
    board.graph("Processing Duration", *((f"histogram_quantile({quantile}, sum by (le) (rate(job_processing_duration_seconds_bucket[{RATE}])))", name)
                                         for quantile, name in ((0.95, "p95"), (0.5, "median"))), unit="s", exemplars=True)
    board.graph("Queue time", *((f"histogram_quantile({quantile}, sum by (le) (rate(job_queue_time_seconds_bucket[{RATE}])))", name)
                                for quantile, name in ((0.95, "p95"), (0.5, "median"))), unit="s", exemplars=True)
    board.graph("Changes of status", (f"sum by (status) (rate(jobs_total[{RATE}])) * 60", "{{status}}"), unit="opm")
    board.heatmap("Processing duration, distribution", f"sum by (le) (rate(job_processing_duration_seconds_bucket[{RATE}]))")
    return board


def video():
    board = Dashboard("tailspan-video", "Video Processing", "Transcoding and transcription.",
                      [variable("resolution", "Resolution", "video_transcode_duration_seconds_count"),
                       variable("whisper_model", "Model", "transcription_duration_seconds_count")])
    where = 'resolution=~"$resolution"'
    model = 'whisper_model=~"$whisper_model"'
    board.graph("Transcoding Duration by Resolution",
                (f"histogram_quantile(0.50, sum by (le, resolution) (rate(video_transcode_duration_seconds_bucket{{{where}}}[{RATE}])))", "{{resolution}} (median)"),
                (f"histogram_quantile(0.95, sum by (le, resolution) (rate(video_transcode_duration_seconds_bucket{{{where}}}[{RATE}])))", "{{resolution}} (p95)"),
                unit="s", exemplars=True)
    board.graph("Compression Ratio", (f"histogram_quantile(0.50, sum by (le, resolution) (rate(video_compression_ratio_bucket{{{where}}}[{RATE}])))", "{{resolution}}"),
                unit="percentunit", description="Output by input; the median.")
    board.graph("Bytes Transcoded", (f"sum by (resolution) (rate(video_transcoded_bytes_total{{{where}}}[{RATE}]))", "{{resolution}}"), unit="Bps", stack=True)
    board.graph("Outputs", (f"sum by (resolution) (rate(video_transcode_duration_seconds_count{{{where}}}[{RATE}])) * 60", "{{resolution}}"), unit="opm", stack=True)
    board.row("Transcription")
    board.graph("Transcription Duration", (f"histogram_quantile(0.50, sum by (le, whisper_model) (rate(transcription_duration_seconds_bucket{{{model}}}[{RATE}])))", "{{whisper_model}} (median)"),
                (f"histogram_quantile(0.95, sum by (le, whisper_model) (rate(transcription_duration_seconds_bucket{{{model}}}[{RATE}])))", "{{whisper_model}} (p95)"), unit="s", exemplars=True)
    board.graph("Words per transcription", (f"histogram_quantile(0.50, sum by (le) (rate(transcription_word_count_bucket[{RATE}])))", "median"),
                (f"sum(rate(transcription_word_count_sum[{RATE}])) / sum(rate(transcription_word_count_count[{RATE}]))", "mean"))
    board.heatmap("Transcoding duration, distribution", f"sum by (le) (rate(video_transcode_duration_seconds_bucket{{{where}}}[{RATE}]))", width=24)
    return board


def api():
    board = Dashboard("tailspan-api", "API Performance", "Requests: how many, how fast, how many fail.",
                      [variable("endpoint", "Endpoint", "api_requests_total"), variable("method", "Method", "api_requests_total")])
    where = 'endpoint=~"$endpoint", method=~"$method"'
    board.stat("Requests", f"sum(rate(api_requests_total{{{where}}}[{RATE}]))", "reqps")
    board.stat("p95", f"histogram_quantile(0.95, sum by (le) (rate(api_request_duration_seconds_bucket{{{where}}}[{RATE}])))", "s", steps(GREEN, (0.5, YELLOW), (2, RED)))
    board.stat("5xx", f'100 * (sum(rate(api_requests_total{{{where}, status=~"5.."}}[{RATE}])) or vector(0)) / sum(rate(api_requests_total{{{where}}}[{RATE}]))', "percent",
               steps(GREEN, (1, YELLOW), (5, RED)))
    board.stat("4xx", f'100 * (sum(rate(api_requests_total{{{where}, status=~"4.."}}[{RATE}])) or vector(0)) / sum(rate(api_requests_total{{{where}}}[{RATE}]))', "percent")
    board.stat("Requests in Progress", "sum(api_requests_in_progress)", width=8)
    board.graph("Request Rate", (f"sum by (endpoint) (rate(api_requests_total{{{where}}}[{RATE}]))", "{{endpoint}}"), unit="reqps", stack=True, links=to_logs("the API"))
    board.graph("Request Duration (p95)", (f"histogram_quantile(0.95, sum by (le, endpoint) (rate(api_request_duration_seconds_bucket{{{where}}}[{RATE}])))", "{{endpoint}}"),
                unit="s", thresholds=steps(GREEN, (2, RED)), exemplars=True, description="The points are exemplars: each leads to its trace.")
    board.graph("Error Rate", (f'100 * (sum(rate(api_requests_total{{{where}, status=~"5.."}}[{RATE}])) or vector(0)) / sum(rate(api_requests_total{{{where}}}[{RATE}]))', "5xx"),
                unit="percent", thresholds=steps(GREEN, (5, RED)), links=to_logs("the API"))
    board.graph("By status", (f"sum by (status) (rate(api_requests_total{{{where}}}[{RATE}]))", "{{status}}"), unit="reqps", stack=True)
    board.heatmap("Request duration, distribution", f"sum by (le) (rate(api_request_duration_seconds_bucket{{{where}}}[{RATE}]))")
    board.table("Slowest endpoints, p95", (f"topk(10, histogram_quantile(0.95, sum by (le, endpoint) (rate(api_request_duration_seconds_bucket{{{where}}}[5m]))))", ""), unit="s")
    return board


def system():
    board = Dashboard("tailspan-system", "System Resources", "CPU, memory, disks, network, PostgreSQL, Redis, object storage.",
                      [variable("instance", "Machine", "node_uname_info"), variable("datname", "Database", "pg_stat_database_numbackends")])
    at = 'instance=~"$instance"'
    board.graph("CPU by mode", (f'sum by (mode) (rate(node_cpu_seconds_total{{mode!="idle", {at}}}[{RATE}]))', "{{mode}}"), unit="short", stack=True, description="Cores.")
    board.graph("Load", (f"node_load1{{{at}}}", "1 min"), (f"node_load5{{{at}}}", "5 min"), (f"node_load15{{{at}}}", "15 min"))
    board.graph("Memory", (f"node_memory_MemTotal_bytes{{{at}}} - node_memory_MemAvailable_bytes", "used"), (f"node_memory_MemAvailable_bytes{{{at}}}", "available"), unit="bytes", stack=True)
    board.graph("Swap and pressure", (f"rate(node_vmstat_pgmajfault{{{at}}}[{RATE}])", "major faults"), unit="cps")
    board.graph("Disk throughput", (f"sum by (device) (rate(node_disk_read_bytes_total{{{at}}}[{RATE}]))", "read {{device}}"), (f"sum by (device) (rate(node_disk_written_bytes_total{{{at}}}[{RATE}]))", "write {{device}}"), unit="Bps")
    board.graph("Disk busy", (f"rate(node_disk_io_time_seconds_total{{{at}}}[{RATE}])", "{{device}}"), unit="percentunit", minimum=0, maximum=1)
    board.bars("File systems", (f'(1 - node_filesystem_avail_bytes{{{at}, fstype!~"tmpfs|ramfs|squashfs|iso9660"}} / node_filesystem_size_bytes) * 100', "{{mountpoint}}"),
               unit="percent", thresholds=HIGH_IS_BAD, minimum=0, maximum=100, width=12)
    board.graph("Network", (f'sum by (device) (rate(node_network_receive_bytes_total{{{at}}}[{RATE}]))', "in {{device}}"), (f'sum by (device) (rate(node_network_transmit_bytes_total{{{at}}}[{RATE}]))', "out {{device}}"), unit="Bps")
    board.row("PostgreSQL")
    db = 'datname=~"$datname"'
    board.graph("Connections", (f"sum by (datname) (pg_stat_database_numbackends{{{db}}})", "{{datname}}"), width=8)
    board.graph("Transactions", (f"sum by (datname) (rate(pg_stat_database_xact_commit{{{db}}}[{RATE}]))", "commit {{datname}}"), (f"sum by (datname) (rate(pg_stat_database_xact_rollback{{{db}}}[{RATE}]))", "rollback {{datname}}"), unit="ops", width=8)
    board.graph("Database size", (f"sum by (datname) (pg_database_size_bytes{{{db}}})", "{{datname}}"), unit="bytes", width=8)
    board.row("Redis")
    board.graph("Clients", ("redis_connected_clients", "{{instance}}"), width=8)
    board.graph("Commands", (f"rate(redis_commands_processed_total[{RATE}])", "{{instance}}"), unit="ops", width=8)
    board.graph("Memory", ("redis_memory_used_bytes", "{{instance}}"), unit="bytes", width=8)
    board.row("MinIO")
    board.graph("Capacity", ("minio_cluster_capacity_usable_free_bytes", "free"), ("minio_cluster_capacity_usable_total_bytes", "total"), unit="bytes")
    board.graph("Requests", (f"sum by (api) (rate(minio_s3_requests_total[{RATE}]))", "{{api}}"), unit="reqps")
    return board


def business():
    board = Dashboard("tailspan-business", "Business", "What is made of it, and for whom.", [variable("api_key", "API key", "storage_used_bytes")])
    key = 'api_key=~"$api_key"'
    board.stat("Jobs accepted, 24 h", "sum(increase(jobs_created_total[24h]))", decimals=0)
    board.stat("Jobs completed, 24 h", "sum(increase(jobs_completed_total[24h]))", decimals=0)
    board.stat("Video made, 24 h", "sum(increase(video_transcoded_bytes_total[24h]))", "bytes")
    board.stat("Words transcribed, 24 h", "sum(increase(transcription_word_count_sum[24h]))", decimals=0)
    board.stat("Storage used", "sum(max by (api_key) (storage_used_bytes))", "bytes")
    board.stat("Completed of all, 24 h", "100 * sum(increase(jobs_completed_total[24h])) / (sum(increase(jobs_completed_total[24h])) + sum(increase(jobs_failed_total[24h])))", "percent", LOW_IS_BAD)
    board.graph("Jobs per hour", ("sum(increase(jobs_created_total[1h]))", "accepted"), ("sum(increase(jobs_completed_total[1h]))", "completed"), ("sum(increase(jobs_failed_total[1h]))", "failed"))
    board.graph("Video per hour", ("sum by (resolution) (increase(video_transcoded_bytes_total[1h]))", "{{resolution}}"), unit="bytes", stack=True)
    board.bars("Quota used", (f"100 * max by (api_key) (storage_used_bytes{{{key}}}) / max by (api_key) (storage_quota_bytes{{{key}}} > 0)", "{{api_key}}"), unit="percent",
               thresholds=HIGH_IS_BAD, minimum=0, maximum=100, width=12)
    board.graph("Storage by API key", (f"max by (api_key) (storage_used_bytes{{{key}}})", "{{api_key}}"), unit="bytes", stack=True)
    board.graph("Space saved by transcoding", ("sum(rate(video_compression_ratio_sum[1h])) / sum(rate(video_compression_ratio_count[1h]))", "output by input, mean"), unit="percentunit")
    board.graph("Transcription by model, per hour", ("sum by (whisper_model) (increase(transcription_duration_seconds_count[1h]))", "{{whisper_model}}"), stack=True)
    return board


def sla():
    board = Dashboard("tailspan-sla", "SLA", "Objectives over 30 days, and how fast their error budgets burn.", [variable("slo", "Objective", "slo:objective:ratio")])
    where = 'slo=~"$slo"'
    board.bars("Error budget left", (f"100 * slo:error_budget_remaining:ratio{{{where}}}", "{{slo}}"), unit="percent", thresholds=steps(RED, (0, YELLOW), (25, GREEN)),
               minimum=0, maximum=100, width=12, description="Of 30 days. At 0 the objective is missed.")
    board.bars("Achieved over 30 days", (f"100 * (1 - slo:error_ratio:rate30d{{{where}}})", "{{slo}}"), unit="percent", decimals=3, maximum=100, width=6)
    board.bars("Promised", (f"100 * slo:objective:ratio{{{where}}}", "{{slo}}"), unit="percent", decimals=3, maximum=100, width=6)
    board.graph("Burn rate, one hour", (f"slo:error_ratio:rate1h{{{where}}} / on (slo) slo:error_budget:ratio", "{{slo}}"), thresholds=steps(GREEN, (1, YELLOW), (14.4, RED)),
                description="1: the budget lasts for 30 days. 14.4 wakes somebody.")
    board.graph("Burn rate, six hours", (f"slo:error_ratio:rate6h{{{where}}} / on (slo) slo:error_budget:ratio", "{{slo}}"), thresholds=steps(GREEN, (1, YELLOW), (6, RED)))
    board.graph("Burn rate, three days", (f"slo:error_ratio:rate3d{{{where}}} / on (slo) slo:error_budget:ratio", "{{slo}}"), thresholds=steps(GREEN, (1, RED)))
    board.graph("Error budget left", (f"100 * slo:error_budget_remaining:ratio{{{where}}}", "{{slo}}"), unit="percent", thresholds=steps(RED, (0, GREEN)))
    board.graph("Events", (f"slo:events:rate5m{{{where}}}", "{{slo}}"), unit="cps")
    board.graph("Bad events", (f"slo:bad_events:rate5m{{{where}}}", "{{slo}}"), unit="cps")
    return board


def workers():
    board = Dashboard("tailspan-workers", "Workers & Queue", "The service's pool, and Celery where its log is read.", [variable("instance", "Service", "workers_active")])
    at = 'instance=~"$instance"'
    board.stat("Workers", f"sum(workers_active{{{at}}})", thresholds=ONE_IS_GOOD)
    board.stat("Busy", f"sum(worker_tasks_active{{{at}}})")
    board.stat("Queued", "max(jobs_queued)", thresholds=steps(GREEN, (50, RED)))
    board.stat("Job store", "min(transcode_service_store_up)", thresholds=ONE_IS_GOOD)
    board.stat("Waiting, p95", "histogram_quantile(0.95, sum by (le) (rate(job_queue_time_seconds_bucket[5m])))", "s", steps(GREEN, (60, YELLOW), (300, RED)), width=8)
    board.graph("Workers and tasks", (f"sum(workers_active{{{at}}})", "workers"), (f"sum(worker_tasks_active{{{at}}})", "tasks"))
    board.graph("Utilisation", (f"sum(worker_tasks_active{{{at}}}) / sum(workers_active{{{at}}})", "busy"), unit="percentunit", minimum=0, maximum=1)
    board.graph("Queue", ("max(jobs_queued)", "queued"), ("max(jobs_processing)", "processing"))
    board.graph("In and out", (f"sum(rate(jobs_created_total[{RATE}])) * 60", "accepted"), (f"(sum(rate(jobs_completed_total[{RATE}])) + sum(rate(jobs_failed_total[{RATE}]))) * 60", "done"), unit="opm")
    board.heatmap("Time in the queue, distribution", f"sum by (le) (rate(job_queue_time_seconds_bucket[{RATE}]))", width=24)
    board.row("Celery (recipe celery)")
    board.stat("Workers", "sum(celery_workers_active)", thresholds=ONE_IS_GOOD)
    board.stat("Tasks active", "sum(celery_tasks_active)")
    board.graph("Tasks", (f"sum by (result) (rate(celery_tasks_total[{RATE}]))", "{{result}}"), unit="ops", width=8)
    board.graph("Task duration, p95", (f"histogram_quantile(0.95, sum by (le, task) (rate(celery_task_duration_seconds_bucket[{RATE}])))", "{{task}}"), unit="s", width=8)
    board.row("Airflow (recipe airflow)")
    board.graph("Task instances per hour", ("sum by (dag, state) (increase(airflow_task_instances_total[1h]))", "{{dag}} {{state}}"), width=8, stack=True)
    board.graph("DAG runs per hour", ("sum by (dag, state) (increase(airflow_dag_runs_total[1h]))", "{{dag}} {{state}}"), width=8, stack=True)
    board.graph("Task duration, mean", ("sum by (dag, task) (airflow_task_duration_seconds_sum) / sum by (dag, task) (airflow_task_duration_seconds_count)", "{{dag}} {{task}}"), unit="s", width=8)
    return board


def logs():
    board = Dashboard("tailspan-logs", "Logs & Traces", "From a rate to its lines, from a line to its trace, from a trace to what it called.",
                      [variable("service", "Service", "log_messages_total"), variable("level", "Level", "log_messages_total"), textbox("search", "Contains")])
    where = 'service=~"$service", level=~"$level"'
    board.graph("Messages by level", (f"sum by (level) (rate(log_messages_total{{{where}}}[{RATE}]))", "{{level}}"), unit="cps", stack=True, width=12)
    board.graph("Errors by service", (f'sum by (service) (rate(log_messages_total{{service=~"$service", level=~"ERROR|CRITICAL|FATAL"}}[{RATE}]))', "{{service}}"), unit="cps", width=12)
    board.logs("Lines", '{service=~"$service", level=~"$level"} |= `$search`')
    board.row("Traces")
    board.graph("Calls", (f'sum by (service, span_kind) (rate(traces_spanmetrics_calls_total{{service=~"$service"}}[{RATE}]))', "{{service}} {{span_kind}}"), unit="reqps")
    board.graph("Failed calls", (f'sum by (service, span_name) (rate(traces_spanmetrics_calls_total{{service=~"$service", status_code="STATUS_CODE_ERROR"}}[{RATE}]))', "{{service}} {{span_name}}"), unit="reqps")
    board.graph("Latency, p95", (f'histogram_quantile(0.95, sum by (le, service, span_name) (rate(traces_spanmetrics_latency_bucket{{service=~"$service"}}[{RATE}])))', "{{service}} {{span_name}}"),
                unit="s", exemplars=True)
    board.graph("Between services", (f"sum by (client, server) (rate(traces_service_graph_request_total[{RATE}]))", "{{client}} → {{server}}"), unit="reqps")
    board.traces("Traces that failed", "{ status = error }")
    board.service_map("Service map")
    return board


def tailspan():
    board = Dashboard("tailspan-self", "Tailspan", "Do log-agent and trace-collector keep their promises?",
                      [variable("source", "Source", "log_agent_read_lines_total"), variable("output", "Output", "log_agent_entries_total")])
    src, out = 'source=~"$source"', 'output=~"$output"'
    board.stat("Lines", f"sum(rate(log_agent_read_lines_total{{{src}}}[{RATE}]))", "cps")
    board.stat("Unread", f"sum(log_agent_lag_bytes{{{src}}})", "bytes", steps(GREEN, (1e6, YELLOW), (1e8, RED)))
    board.stat("Not acknowledged", f"sum(log_agent_pending_lines{{{out}}})")
    board.stat("Lost", "sum(log_agent_lost_bytes_total)", "bytes", NONE_IS_GOOD)
    board.stat("Outputs healthy", f"min(log_agent_output_healthy{{{out}}})", thresholds=ONE_IS_GOOD)
    board.stat("Memory", 'sum by (job) (process_resident_memory_bytes{job=~"log-agent|trace-collector|transcode-service"})', "bytes", legend="{{job}}")
    board.graph("Lines read", (f"sum by (source) (rate(log_agent_read_lines_total{{{src}}}[{RATE}]))", "{{source}}"), unit="cps", stack=True)
    board.graph("What became of them", (f"sum by (output, outcome) (rate(log_agent_entries_total{{{out}}}[{RATE}]))", "{{output}} {{outcome}}"), unit="cps")
    board.graph("Write to acknowledgement", (f"histogram_quantile(0.99, sum by (le, output) (rate(log_agent_freshness_seconds_bucket{{{out}}}[{RATE}])))", "p99 {{output}}"),
                (f"histogram_quantile(0.5, sum by (le, output) (rate(log_agent_freshness_seconds_bucket{{{out}}}[{RATE}])))", "median {{output}}"), unit="s", thresholds=steps(GREEN, (0.1, RED)),
                description="The target is 100 ms.")
    board.graph("Time behind", (f"max by (source) (log_agent_lag_seconds{{{src}}})", "reading {{source}}"), (f"max by (output) (log_agent_pending_seconds{{{out}}})", "delivery {{output}}"), unit="s")
    board.graph("Pushes", (f"sum by (output, status) (rate(log_agent_push_requests_total{{{out}}}[{RATE}]) > 0)", "{{output}} {{status}}"), unit="reqps")
    board.graph("Retries and refusals", (f"sum by (output, reason) (rate(log_agent_push_retries_total{{{out}}}[{RATE}]))", "retry {{output}} {{reason}}"),
                (f"sum by (output, reason) (rate(log_agent_refused_entries_total{{{out}}}[{RATE}]))", "refused {{output}} {{reason}}"), unit="cps")
    board.graph("Lines that don't fit", (f"sum by (source) (rate(log_agent_parse_errors_total{{{src}}}[{RATE}]))", "format {{source}}"),
                (f"sum by (source) (rate(log_agent_timestamp_errors_total{{{src}}}[{RATE}]))", "time {{source}}"), unit="cps")
    board.graph("Derived series", ("log_agent_derived_series", "{{metric}}"))
    board.graph("Lines that stand nowhere in the ledger", ("instance_output:log_agent_unaccounted_lines:delta30m", "{{output}}"), description="0 while the ledger closes.")
    board.graph("CPU", (f'sum by (job) (rate(process_cpu_seconds_total{{job=~"log-agent|trace-collector|transcode-service"}}[{RATE}]))', "{{job}}"), unit="percentunit")
    board.graph("Scrapes", ('max by (job) (scrape_duration_seconds{job=~"log-agent|trace-collector|transcode-service"})', "{{job}}"), unit="s", thresholds=steps(GREEN, (0.05, YELLOW), (0.5, RED)),
                description="The target is 50 ms.")
    board.graph("State", ("log_agent_checkpoint_age_seconds", "age of the checkpoint"), unit="s")
    board.row("trace-collector")
    board.graph("Spans", (f"sum by (receiver) (rate(trace_collector_received_spans_total[{RATE}]))", "received {{receiver}}"),
                (f"sum by (output) (rate(trace_collector_delivered_spans_total[{RATE}]))", "delivered {{output}}"), (f"sum(rate(trace_collector_sampled_away_spans_total[{RATE}]))", "sampled away"), unit="cps")
    board.graph("Dropped and rejected", (f"sum by (output, reason) (rate(trace_collector_dropped_spans_total[{RATE}]))", "dropped {{output}} {{reason}}"),
                (f"sum by (reason) (rate(trace_collector_rejected_spans_total[{RATE}]))", "rejected {{reason}}"), unit="cps")
    board.graph("Pending spans", ("sum by (output) (trace_collector_pending_spans)", "{{output}}"))
    board.graph("Buffer", ("sum by (log) (trace_collector_buffer_bytes)", "{{log}}"), unit="bytes")
    return board


ALL = [overview, jobs, video, api, system, business, sla, workers, logs, tailspan]


def texts():
    """File name -> content."""
    boards = [make() for make in ALL]
    return {f"{board.uid}.json": json.dumps(board.json(), indent=2, ensure_ascii=False) + "\n" for board in boards}


def main():
    expected = texts()
    if sys.argv[1:] == ["--check"]:
        found = {}
        for name in os.listdir(FOLDER):
            with open(os.path.join(FOLDER, name)) as file:
                found[name] = file.read()
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        if wrong:
            sys.exit(f"dashboards: run config/grafana/dashboards.py; not what it would write: {', '.join(wrong)}")
        return
    os.makedirs(FOLDER, exist_ok=True)
    for name, text in expected.items():
        with open(os.path.join(FOLDER, name), "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
