#!/usr/bin/env python3
"""docs/metrics.md from what the three programs expose: each is started with everything on that has metrics of its own, and given something
to do. Without --write the page must be what would be written; and every name in the sources must be on it.

    bench/metrics_reference.py --programs DIRECTORY [--write]
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import agent as support
import servers
from agent import ROOT, Agent, Process, Programs, Sink, free_port, get, loki_output, until

PAGE = os.path.join(ROOT, "docs", "metrics.md")
PROGRAMS = {"log-agent": ("log_agent_",), "trace-collector": ("trace_collector_", "traces_"), "transcode-service": ("",)}
PROCESS = "process_"
UNITS = {"seconds": "seconds", "bytes": "bytes", "latency": "seconds", "size": "bytes"}

PATIENCE = 60  # seconds

# What stands in the sources like a name of a metric, and is none.
NO_METRICS = {"process_vm_readv", "traces_per_second"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    programs = Programs(arguments.programs, needed=("agent", "sink", "collector", "service"))
    support.exit_on_signals()
    directory = tempfile.mkdtemp(prefix="tailspan-metrics.")
    try:
        exposed = {"log-agent": agent_families(programs, directory)}
        exposed["transcode-service"], exposed["trace-collector"] = service_families(programs, directory)
    finally:
        support.stop_all()
        shutil.rmtree(directory)
    with open(PAGE) as file:
        page = file.read()
    text = page.partition("## ")[0] + tables(exposed)
    if arguments.write:
        with open(PAGE, "w") as file:
            file.write(text)
    problems = list(differences(page if not arguments.write else text, text)) + list(unnamed(text))
    for problem in problems:
        print(problem)
    count = len(rows(text))
    print(f"{count - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


def agent_families(programs, directory):
    """A source of each kind, each kind of step that has a counter, two kinds of outputs."""
    folder = os.path.join(directory, "agent")
    os.makedirs(os.path.join(folder, "logs"))
    with open(os.path.join(folder, "logs", "service.log"), "w") as file:
        file.write('{"timestamp":"2026-01-01T00:00:00Z","event":"a","user":"x","team":"t"}\nno JSON\n')
    sink = Sink(programs, directory, accepts_any=True)
    listen = f"127.0.0.1:{free_port()}"
    config = {
        "data_dir": os.path.join(folder, "data"), "server": {"listen": listen},
        "sources": [
            {"name": "files", "type": "file", "include": [folder + "/logs/*.log"], "format": "json",
             "timestamp": {"field": "timestamp", "format": "rfc3339"}, "labels": {"job": "files"}},
            {"name": "service", "type": "exec", "command": ["sleep", "600"], "format": "text", "main": False, "labels": {"job": "service"}},
            {"name": "net", "type": "syslog", "listen": [f"udp:127.0.0.1:{free_port()}"], "labels": {"job": "net"}},
        ],
        "transforms": [{"redact": {"fields": ["user"]}}, {"add": {"fields": {"region": "eu"}}}, {"drop": {"where": {"event": "b"}}},
                       {"route": {"where": {"team": {"exists": True}}, "tenant": "$team"}}],
        "metrics": [{"name": "events_total", "type": "counter", "help": "Events", "where": {"event": {"exists": True}}}],
        "outputs": [loki_output(sink.push_url), {"name": "local", "type": "directory", "path": os.path.join(folder, "pushes")}],
    }
    agent = Agent(programs, folder, json.dumps(config), listen).start()
    found = settled(agent.url, agent.process, PROGRAMS["log-agent"], "log_agent_push_requests_total")
    agent.stop()  # and with it its service
    return found


def service_families(programs, directory):
    """A service that sends its spans to a collector; gives the families of both."""
    admin, otlp = free_port(), free_port()
    config = {
        "data_dir": os.path.join(directory, "collector"), "server": {"listen": f"127.0.0.1:{admin}"},
        "receivers": {"otlp_http": {"listen": f"127.0.0.1:{otlp}"}, "files": [{"include": [directory + "/traces/*.jsonl"]}]},
        "sampling": {"decision_wait": "1s", "policies": [{"type": "probabilistic", "ratio": 1.0}]},
        "outputs": [{"name": "tempo", "type": "otlp_http", "url": f"http://127.0.0.1:{free_port()}/v1/traces"},
                    {"name": "local", "type": "directory", "path": os.path.join(directory, "spans")}],
    }
    collector = servers.Server(directory, "trace-collector",
                               [programs.collector, "run", "--config", servers.written(config, directory, "trace-collector")], admin)
    service = servers.Service(programs.service, directory, os.path.join(directory, "service.log"), f"http://127.0.0.1:{otlp}")
    if service.request("GET", "/api/v1/jobs") != 200:
        sys.exit("transcode-service does not answer")
    call_that_fails(f"http://127.0.0.1:{otlp}/v1/traces")
    of_service = settled(service.url, service.process, PROGRAMS["transcode-service"], "transcode_service_exported_spans_total")
    of_collector = settled(collector.url, collector.process, PROGRAMS["trace-collector"], "trace_collector_delivered_spans_total",
                           "traces_service_graph_request_failed_total", "trace_collector_push_retries_total")
    return of_service, of_collector


def call_that_fails(url):
    """The two spans of a call from one service to another, as OTLP in JSON."""
    def of_service(name, kind, own, parent):
        span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": own, "parentSpanId": parent, "name": "GET /", "kind": kind,
                "startTimeUnixNano": "1764132360000000000", "endTimeUnixNano": "1764132360250000000", "status": {"code": 2}}
        return {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}, "scopeSpans": [{"spans": [span]}]}
    body = {"resourceSpans": [of_service("web", 3, "eee19b7ec3c1b174", ""), of_service("store", 2, "eee19b7ec3c1b175", "eee19b7ec3c1b174")]}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def settled(url, process, prefixes, *moved):
    """Families, once all of `moved` have counted something; and, as some labels come with the first sample only, once they are as on the page.
    Where that takes too long they are what they are."""
    def ask():
        text = get(url + "/metrics")
        samples = support.parse_samples(text)
        return text if all(support.total(samples, name) > 0 for name in moved) else None
    with open(PAGE) as file:
        wanted = rows(file.read())
    deadline = time.monotonic() + PATIENCE
    while True:
        found = families(until(ask, 240, f"{', '.join(moved)} to count", process))
        found = {name: family for name, family in found.items() if name.startswith(prefixes + (PROCESS,))}
        if all(wanted.get(name) == row(name, family) for name, family in found.items()) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def families(text):
    """name -> (type, labels, help)."""
    found = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"# (HELP|TYPE) (\S+) (.*)", line):
            family = found.setdefault(match[2], {"labels": set()})
            family[match[1]] = match[3]
        elif match := re.match(r"([\w:]+)(\{.*\})? ", line):
            name = next(name for name in (match[1], re.sub(r"_(bucket|sum|count)$", "", match[1])) if name in found)
            found[name]["labels"] |= set(re.findall(r'(\w+)="', match[2] or "")) - {"le"}
    return {name: (family["TYPE"], sorted(family["labels"]), family["HELP"]) for name, family in found.items()}


def tables(exposed):
    shared = exposed["log-agent"].keys() & exposed["trace-collector"].keys() & exposed["transcode-service"].keys()
    text = ""
    for title, found in [*((program, exposed[program]) for program in sorted(exposed)), ("All of them", exposed["log-agent"])]:
        names = sorted(name for name in found if (name in shared) == (title == "All of them"))
        text += f"## {title}\n\n| metric | type | labels | unit | |\n|---|---|---|---|---|\n"
        for name in names:
            text += f"| `{name}` {row(name, found[name])}\n"
        text += "\n"
    return text.rstrip("\n") + "\n"


def row(name, family):
    kind, labels, meaning = family
    return f"| {kind} | {', '.join(f'`{label}`' for label in labels)} | {unit(name)} | {meaning} |"


def unit(name):
    return next((unit for word, unit in UNITS.items() if re.search(rf"_{word}(_total)?$", name)), "")


def rows(page):
    return dict(re.findall(r"^\| `(\w+)` (\|.*)$", page, re.MULTILINE))


def differences(page, expected):
    there, wanted = rows(page), rows(expected)
    for name in sorted(wanted.keys() | there.keys()):
        if there.get(name) != wanted.get(name):
            yield f"docs/metrics.md: {name}: the page has {there.get(name)}, the programs {wanted.get(name)}; run with --write"
    if page != expected and there == wanted:
        yield "docs/metrics.md: something else differs; run with --write"


def unnamed(page):
    """Names in the sources that no program has shown."""
    found = subprocess.run(["git", "grep", "-hoE", '"(log_agent|trace_collector|transcode_service|process|traces)_[a-z0-9_]+"', "--", "Sources"],
                           cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in sorted(set(found.replace('"', "").split()) - rows(page).keys() - NO_METRICS):
        yield f"docs/metrics.md: {name} is in the sources, and no program has exposed it here"


if __name__ == "__main__":
    sys.exit(main())
