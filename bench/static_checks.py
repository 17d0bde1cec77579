#!/usr/bin/env python3
"""What can be told of the files in config/ without a server, for script/check-stack: dashboards are the generator's output and made of
what Grafana knows; alerts, runbook and cases agree; every metric that a rule or panel names belongs to somebody."""
import json
import os
import re
import sys

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

import expressions

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFIG = os.path.join(ROOT, "config")
# Where rules say that the pages and Grafana are; docs/alerts.md says how to put other addresses there.
PAGES = "https://docs.example.org/tailspan"
GRAFANA = "http://127.0.0.1:3000"
PANELS = {"row", "timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "logs", "nodeGraph"}  # current types; `graph` is gone


def main():
    register_default_plugins()
    problems = []
    alerts = set()
    for name in sorted(os.listdir(os.path.join(CONFIG, "prometheus", "rules"))):
        with open(os.path.join(CONFIG, "prometheus", "rules", name)) as file:
            for group in yaml.safe_load(file)["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        alerts.add(rule["alert"])
                        problems += of_alert(name, rule)
    problems += of_runbook(alerts)
    problems += of_cases(alerts)
    folder = os.path.join(CONFIG, "grafana", "dashboards")
    boards = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            boards[name] = json.load(file)
    uids = {board["uid"] for board in boards.values()}
    for name, board in boards.items():
        problems += [f"{name}: {problem}" for problem in of_dashboard(board, uids)]
    for source, expression in expressions.all_of(CONFIG):
        problems += [f"{source}: nobody exports {metric}" for metric in sorted(expressions.metrics_in(expression)) if expressions.owner(metric) is None]
    problems += of_provisioning()
    problems += of_pages()
    problems += of_kubernetes()
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} problems")


def of_alert(file, rule):
    """Severity, texts, and where to read on."""
    where = f"rules/{file}: {rule['alert']}"
    if rule["labels"].get("severity") not in ("critical", "warning"):
        yield f"{where}: no route takes its severity"
    wanted = {"summary", "description", "runbook_url", "dashboard_url"}
    if set(rule["annotations"]) != wanted:
        yield f"{where}: its annotations are not {', '.join(sorted(wanted))}"
    elif rule["annotations"]["runbook_url"] != f"{PAGES}/docs/alerts.md#{rule['alert'].lower()}":
        yield f"{where}: its runbook is not its own section of docs/alerts.md"
    elif not os.path.exists(os.path.join(CONFIG, "grafana", "dashboards", rule["annotations"]["dashboard_url"].removeprefix(f"{GRAFANA}/d/") + ".json")):
        yield f"{where}: there is no dashboard {rule['annotations']['dashboard_url']}"


def of_runbook(alerts):
    with open(os.path.join(ROOT, "docs", "alerts.md")) as file:
        sections = set(re.findall(r"^### (\w+)$", file.read(), re.MULTILINE))
    for alert in sorted(alerts - sections):
        yield f"docs/alerts.md: no section {alert}"
    for alert in sorted(sections - alerts):
        yield f"docs/alerts.md: {alert} is no alert"


def of_cases(alerts):
    """promtool's cases have each alert fire, and not fire."""
    seen = set()
    folder = os.path.join(CONFIG, "prometheus", "tests")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as file:
            for case in yaml.safe_load(file)["tests"]:
                seen |= {(expected["alertname"], bool(expected.get("exp_alerts"))) for expected in case.get("alert_rule_test", [])}
    for alert in sorted(alerts):
        for fires in (True, False):
            if (alert, fires) not in seen:
                yield f"prometheus/tests: no case in which {alert} {'fires' if fires else 'does not fire'}"


def of_dashboard(board, uids):
    """Grafana's own types read it and write it again: what they don't know would be missing."""
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    yield from missing(board, again, "")
    if board["refresh"] != "5s":
        yield "does not refresh every 5 s"
    occupied = {}
    for panel in board["panels"]:
        title = panel["title"]
        place = panel["gridPos"]
        if panel["type"] not in PANELS:
            yield f"{title}: type {panel['type']}"
        if panel["type"] != "row":
            for target in panel["targets"]:
                if not target.get("expr") and target.get("queryType") is None:
                    yield f"{title}: a query without an expression"
            if panel["datasource"]["type"] == "prometheus" and not panel["fieldConfig"]["defaults"].get("unit"):
                yield f"{title}: no unit"
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if cell[0] >= 24 or occupied.setdefault(cell, title) != title:
                yield f"{title}: lies outside, or over {occupied.get(cell)}"
                break
        for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links", []):
            if link["url"].removeprefix("/d/").partition("?")[0] not in uids:
                yield f"{title}: links to {link['url']}, which is not there"
    names = {variable["name"] for variable in board["templating"]["list"]}
    used = {name for name in re.findall(r"\$\{?(\w+)", json.dumps(board["panels"])) if not name.startswith("__")}
    for name in sorted(used ^ names):
        yield f"variable {name} is {'not defined' if name in used else 'not used'}"


def of_provisioning():
    """Data sources name each other; Grafana replaces ${NAME}, and knows no default in it."""
    folder = os.path.join(CONFIG, "grafana", "provisioning")
    with open(os.path.join(folder, "datasources", "tailspan.yml")) as file:
        text = "".join(line for line in file if not line.lstrip().startswith("#"))
    known = {source["uid"]: source["type"] for source in yaml.safe_load(text)["datasources"]}
    for uid in re.findall(r"datasourceUid: (\S+)", text):
        if uid not in known:
            yield f"provisioning: there is no data source {uid}"
    for left in re.findall(r"(?<!\$)\$(?!\$).*", text):
        yield f"provisioning: Grafana would replace {left}"
    for name in os.listdir(os.path.join(CONFIG, "grafana", "dashboards")):
        with open(os.path.join(CONFIG, "grafana", "dashboards", name)) as file:
            for kind, uid in set(re.findall(r'"type": "(\w+)",\s+"uid": "(\w+)"', file.read())):
                if known.get(uid) != kind:
                    yield f"{name}: there is no data source {uid} of type {kind}"


def of_kubernetes():
    """What the schemas don't tell: objects find each other by name, label and port. The operator's ServiceMonitor has no schema here at all."""
    objects = []
    for name in ("sidecar.yaml", "daemonset.yaml", "servicemonitor.yaml"):
        with open(os.path.join(CONFIG, "kubernetes", name)) as file:
            objects += list(yaml.safe_load_all(file))
    pods = [(one["metadata"], one["spec"]) if one["kind"] == "Pod" else (one["spec"]["template"]["metadata"], one["spec"]["template"]["spec"])
            for one in objects if one["kind"] in ("Pod", "DaemonSet")]
    services = [one for one in objects if one["kind"] == "Service"]

    def ports(pod):
        return {port["name"] for container in pod["containers"] + pod.get("initContainers", []) for port in container.get("ports", [])}

    for service in services:
        chosen = [spec for metadata, spec in pods if service["spec"]["selector"].items() <= metadata["labels"].items()]
        if not chosen or any(port["targetPort"] not in ports(spec) for spec in chosen for port in service["spec"]["ports"]):
            yield f"kubernetes: Service {service['metadata']['name']} finds no pod with its ports"
    for monitor in (one for one in objects if one["kind"] == "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        chosen = [one for one in services if wanted <= one["metadata"]["labels"].items() and one["metadata"]["namespace"] == monitor["metadata"]["namespace"]]
        named = {port["name"] for one in chosen for port in one["spec"]["ports"]}
        if not chosen or any(endpoint["port"] not in named for endpoint in monitor["spec"]["endpoints"]):
            yield f"kubernetes: ServiceMonitor {monitor['metadata']['name']} finds no Service with its port"
    maps = {one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap"}
    accounts = {one["metadata"]["name"] for one in objects if one["kind"] == "ServiceAccount"}
    for metadata, spec in pods:
        where = f"kubernetes: the pod {metadata['labels']['app.kubernetes.io/name']}"
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        mounted = {mount["name"] for container in spec["containers"] + spec.get("initContainers", []) for mount in container["volumeMounts"]}
        if mounted != volumes.keys():
            yield f"{where}: mounts {sorted(mounted)}, and has {sorted(volumes)}"
        for volume in volumes.values():
            if "configMap" in volume and volume["configMap"]["name"] not in maps:
                yield f"{where}: there is no ConfigMap {volume['configMap']['name']}"
        if spec.get("serviceAccountName", "default") not in accounts | {"default"}:
            yield f"{where}: there is no ServiceAccount {spec['serviceAccountName']}"
        for container in spec["containers"] + spec.get("initContainers", []):
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if probe in container and container[probe]["httpGet"]["port"] not in {port["name"] for port in container["ports"]}:
                    yield f"{where}: {probe} asks a port that {container['name']} has not"


def of_pages():
    """Pages for people at work name metrics that exist, and quote what the programs say."""
    with open(os.path.join(ROOT, "docs", "metrics.md")) as file:
        metrics = set(re.findall(r"^\| `(\w+)`", file.read(), re.MULTILINE))
    sources = ""
    for directory, _, names in os.walk(os.path.join(ROOT, "Sources")):
        for name in names:
            if name.endswith(".swift"):
                with open(os.path.join(directory, name)) as file:
                    sources += file.read()
    for name in ("troubleshooting.md", "alerts.md", "operations.md"):
        with open(os.path.join(ROOT, "docs", name)) as file:
            page = file.read()
        for metric in sorted(set(re.findall(r"`((?:log_agent|trace_collector|transcode_service)_\w+)", page)) - metrics):
            yield f"docs/{name}: no program exposes {metric}"
        for quoted in re.findall(r'`"([A-Z][^"`]{12,}?)(?: …)?"`', page):
            if f'"{quoted}' not in sources:
                yield f'docs/{name}: no program says "{quoted}"'


def missing(before, after, path):
    """Members that are in `before` and not, or otherwise, in `after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                # Empty values are left out by the types' encoder; what an annotation asks of its data source has no type.
                if value not in (None, "", [], {}, False) and not re.fullmatch(r"\.annotations\.list\[\d+\]\.titleFormat", f"{path}.{key}"):
                    yield f"{path}.{key} is not known to Grafana"
            else:
                yield from missing(value, after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after)):
            yield from missing(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path} is {before!r}; Grafana reads {after!r}"


if __name__ == "__main__":
    main()
