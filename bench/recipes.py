#!/usr/bin/env python3
"""Runs each configuration of config/examples on the recorded logs, and compares what it derives with fixtures/metrics, byte for byte; and
with counts that Python makes of the same lines in another way. With --write the golden files are written anew.

    bench/recipes.py --agent PATH/log-agent [--write]
"""
import argparse
import collections
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import agent as support
from agent import ROOT, Process, free_port, get, parse_samples, total, until

LOGS = os.path.join(ROOT, "fixtures", "logs")
POD = "pods/media_worker-7d4b9c_0f8fad5b-d9cb-469f-a165-70867728950e/worker/0.log"

# Configuration -> (environment variable, {recorded log: its place below the directory}).
CASES = {
    "nginx": ("NGINX_LOGS", {"nginx-access.log": "access.log", "nginx-error.log": "error.log"}),
    "postgresql": ("POSTGRESQL_LOGS", {"postgresql.jsonl": "postgresql.jsonl"}),
    "redis": ("REDIS_LOGS", {"redis.log": "redis.log"}),
    "celery": ("CELERY_LOGS", {"celery-worker.log": "worker1.log"}),
    "airflow": ("AIRFLOW_LOGS", {
        "airflow-scheduler.log": "scheduler.log",
        "airflow-task.log": "dag_id=media_pipeline/run_id=manual__2026-11-26T03:28:35+00:00/task_id=transcribe/attempt=1.log"}),
    "syslog": ("SYSLOG_LOGS", {"syslog-rfc5424.log": "syslog"}),
    "kubernetes": ("POD_LOGS", {"cri.log": POD.removeprefix("pods/")}),
    "minio": ("MINIO_LOGS", {"minio-audit.jsonl": "audit.jsonl"}),
}

# Lines that are not of their format: those that were cut when they were recorded, and what gunicorn writes into Airflow's log.
FOREIGN = {"nginx": 2, "airflow": 6}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--agent", required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    support.exit_on_signals()
    examples = {name.removesuffix(".json5") for name in os.listdir(os.path.join(ROOT, "config", "examples"))}
    problems = [f"{name}: no case for this configuration" for name in sorted(examples - CASES.keys())]
    try:
        for name in CASES:
            problems += run(name, arguments)
    finally:
        support.stop_all()
    problems += tables(arguments.write)
    problems += embedded(arguments.write)
    problems += of_deployments(arguments.agent)
    for problem in problems:
        print(problem)
    print(f"{len(CASES) * 2 + 3 - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


def run(name, arguments):
    variable, logs = CASES[name]
    directory = tempfile.mkdtemp(prefix="tailspan-recipe.")
    try:
        for log, place in logs.items():
            target = os.path.join(directory, "logs", place)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            copy_log(log, target)
        listen = f"127.0.0.1:{free_port()}"
        os.environ.update({variable: os.path.join(directory, "logs"), "TAILSPAN_DATA": directory, "TAILSPAN_LISTEN": listen})
        config = os.path.join(ROOT, "config", "examples", f"{name}.json5")
        checked = subprocess.run([arguments.agent, "check", "--config", config], capture_output=True, text=True)
        if checked.returncode != 0 or checked.stderr:
            yield f"{name}: check says {checked.stderr}"
        process = Process([arguments.agent, "run", "--config", config], os.path.join(directory, "log-agent.log"))
        until(lambda: get(f"http://{listen}/ready"), 120, "log-agent to have read all", process)
        size = sum(os.path.getsize(os.path.join(LOGS, log)) for log in logs)
        # The last entry of several lines is closed by the clock.
        text = until(lambda: settled(get(f"http://{listen}/metrics"), size), 120, "all lines to be counted", process)
        process.stop()
    finally:
        shutil.rmtree(directory)
    foreign = [total(parse_samples(text), f"log_agent_{kind}_errors_total") for kind in ("parse", "timestamp")]
    if foreign != [FOREIGN.get(name, 0), 0]:
        yield f"{name}: {foreign[0]:.0f} lines are not of their format, {foreign[1]:.0f} have no time that can be read"
    golden = os.path.join(ROOT, "fixtures", "metrics", f"{name}.txt")
    derived = derived_text(text)
    if arguments.write:
        with open(golden, "w") as file:
            file.write(derived)
    with open(golden) as file:
        if file.read() != derived:
            yield f"{name}: fixtures/metrics/{name}.txt is not what was derived:\n{derived}"
    samples = parse_samples(derived)
    counted = COUNTS[name]({log: lines_of(log) for log in logs})
    if isinstance(counted, SumOf):
        found = {value: total(samples, counted.name, f'{counted.label}="{value}"') for value in counted}
    else:
        found = {key: samples.get(key, 0) for key in counted}
    wrong = {key: (found[key], value) for key, value in counted.items() if found[key] != value}
    if wrong or not counted:
        yield f"{name}: (derived, counted by Python) differ: {wrong}"


def copy_log(log, target):
    """As it was recorded. Only Celery's times are brought up to now: a worker that last spoke long ago is not active."""
    shutil.copy(os.path.join(LOGS, log), target)
    if log != "celery-worker.log":
        return
    with open(target) as file:
        text = file.read()
    form = "[%Y-%m-%d %H:%M:%S,"
    times = re.compile(r"^\[[0-9]{4}-[0-9-]+ [0-9:]+,", re.MULTILINE)
    parsed = [datetime.datetime.strptime(match, form) for match in times.findall(text)]
    later = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0) - max(parsed)
    with open(target, "w") as file:
        file.write(times.sub(lambda match: (datetime.datetime.strptime(match[0], form) + later).strftime(form), text))


def of_deployments(agent):
    """The configurations in config/kubernetes and config/container, with the recipes where they are looked for."""
    folder = os.path.join(ROOT, "config")
    texts = {}
    for name in ("sidecar", "daemonset"):
        with open(os.path.join(folder, "kubernetes", f"{name}.yaml")) as file:
            texts[name] = textwrap.dedent(re.search(r"^  log-agent\.json5: \|\n((?:    .*\n)+)", file.read(), re.MULTILINE)[1])
    with open(os.path.join(folder, "container", "log-agent.json5")) as file:
        texts["container"] = file.read()
    with tempfile.TemporaryDirectory(prefix="tailspan-recipe.") as directory:
        shutil.copytree(os.path.join(folder, "recipes"), os.path.join(directory, "recipes"))
        for name, text in texts.items():
            path = os.path.join(directory, f"{name}.json5")
            with open(path, "w") as file:
                file.write(text.replace("/etc/tailspan/recipes", f"{directory}/recipes"))
            checked = subprocess.run([agent, "check", "--config", path], capture_output=True, text=True)
            if checked.returncode != 0:
                yield f"{name}: check says {checked.stderr}"


METRIC = re.compile(r'\{ name: "(?P<name>\w+)", type: "(?P<type>\w+)", help: "(?P<help>(?:[^"\\]|\\.)*)"(?P<rest>.*?)(?=\n\s*\{ name:|\n  \],)', re.DOTALL)


DESCRIPTION = re.compile(r'description: "(.*)"')


def tables(write):
    """The tables of docs/recipes.md: every metric of every recipe."""
    folder = os.path.join(ROOT, "config", "recipes")
    text = ""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            recipe = file.read()
        text += f"## {name.removesuffix('.json5')}\n\n{re.search(DESCRIPTION, recipe)[1]}\n\n| metric | type | labels | |\n|---|---|---|---|\n"
        for metric in METRIC.finditer(recipe):
            labels = re.search(r"labels: \{([^}]*)\}", metric["rest"])
            labels = ", ".join(f"`{label}`" for label in re.findall(r"(\w+):", labels[1])) if labels else ""
            text += f"| `{metric['name']}` | {metric['type']} | {labels} | {metric['help']} |\n"
        text += "\n"
    path = os.path.join(ROOT, "docs", "recipes.md")
    with open(path) as file:
        page = file.read()
    expected = page.partition("## ")[0].rstrip("\n") + "\n\n" + text.rstrip("\n") + "\n"
    if write:
        with open(path, "w") as file:
            file.write(expected)
    elif page != expected:
        yield "docs/recipes.md: the tables are not those of config/recipes; run with --write"


EMBEDDED = os.path.join(ROOT, "Sources", "LogAgent", "Settings", "EmbeddedRecipes.swift")


def embedded(write):
    """The recipes in the program are those of config/recipes; that of transcode-service stands beside the built-in configuration."""
    folder = os.path.join(ROOT, "config", "recipes")
    names = sorted(name.removesuffix(".json5") for name in os.listdir(folder))
    text = "/// The recipes of `config/recipes`, so that a configuration can name them wherever the program runs. Written by\n" \
           "/// `bench/recipes.py --write`; a test compares them.\nextension EmbeddedConfiguration {\n    static let recipes = [\n"
    text += "".join(f'        "{name}": {name}Recipe,\n' for name in names) + "    ]\n"
    for name in names:
        if name == "transcode":
            continue
        with open(os.path.join(folder, f"{name}.json5")) as file:
            lines = "".join(f"        {line}" if line.strip() else line for line in file)
        text += f'\n    static let {name}Recipe = #"""\n{lines}\n        """#\n'
    text += "}\n"
    if write:
        with open(EMBEDDED, "w") as file:
            file.write(text)
    with open(EMBEDDED) as file:
        if file.read() != text:
            yield "EmbeddedRecipes.swift: not what is in config/recipes; run with --write"


def settled(text, size):
    samples = parse_samples(text)
    done = total(samples, "log_agent_read_bytes_total") == size and total(samples, "log_agent_pending_lines") == 0
    return text if done else None


def derived_text(text):
    """Families that are not the agent's own, in order."""
    own = ("log_agent_", "process_")
    lines = [line for line in text.splitlines() if not (line.split()[2] if line.startswith("#") else line).startswith(own)]
    return "\n".join(lines) + "\n"


def lines_of(log):
    with open(os.path.join(LOGS, log), encoding="utf-8", errors="replace", newline="\n") as file:
        return file.read().rstrip("\n").split("\n")


def series(name, **labels):
    text = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return name, "{" + text + "}" if labels else ""


def count_nginx(logs):
    counts = collections.Counter()
    sent = 0
    for line in logs["nginx-access.log"]:
        if line.count('"') != 6:
            continue  # cut when it was recorded
        request, after = line.split('"')[1], line.split('" ', 1)[1]
        status, size = after.split()[:2]
        words = request.split(" ")
        method = words[0] if len(words) == 3 and words[2].startswith("HTTP/") and words[0].isupper() else ""
        counts[series("nginx_http_requests_total", method=method, status=status)] += 1
        sent += int(size)
    counts[series("nginx_http_response_bytes_total")] = sent
    for line in logs["nginx-error.log"]:
        if line[:4].isdigit():
            counts[series("nginx_log_messages_total", level=line.split("[")[1].split("]")[0])] += 1
    return counts


def count_postgresql(logs):
    counts = collections.Counter()
    for line in logs["postgresql.jsonl"]:
        entry = json.loads(line)
        counts[series("postgresql_log_messages_total", severity=entry["error_severity"])] += 1
        if entry["error_severity"] in ("ERROR", "FATAL", "PANIC"):
            counts[series("postgresql_errors_total", severity=entry["error_severity"], sqlstate=entry["state_code"])] += 1
        counts[series("postgresql_deadlocks_total")] += entry.get("state_code") == "40P01"
        counts[series("postgresql_temporary_files_total")] += entry["message"].startswith("temporary file:")
        counts[series("postgresql_lock_waits_total")] += "still waiting for" in entry["message"]
        if entry["message"].startswith("duration:"):
            counts[series("postgresql_slow_statements_total", database=entry["dbname"])] += 1
        if entry["message"].startswith("connection authorized"):
            counts[series("postgresql_connections_total", database=entry["dbname"], user=entry["user"])] += 1
        counts[series("postgresql_backend_crashes_total")] += "was terminated by signal" in entry["message"]
    return counts


def count_redis(logs):
    counts = collections.Counter()
    for line in logs["redis.log"]:
        words = line.split(" ", 7)
        if len(words) > 5 and words[0].split(":")[0].isdigit():
            counts[series("redis_log_messages_total", role=words[0].split(":")[1], mark=words[5])] += 1
        for name, text in (("starts", "Ready to accept"), ("saves", "DB saved on disk"), ("attacks", "SECURITY ATTACK")):
            counts[series(f"redis_log_{name}_total")] += text in line
    return counts


def count_celery(logs):
    counts = collections.Counter()
    active = 0
    for line in logs["celery-worker.log"]:
        if not line.startswith("["):
            continue
        counts[series("celery_log_messages_total", level=line.split(": ")[1].split("/")[0])] += 1
        message = line.split("] ", 1)[1]
        if message.startswith("Task ") and "[" in message.split(" ")[1]:
            task = message.split(" ")[1].split("[")[0]
            rest = message.split("] ", 1)[1]
            result = next(known for known in ("received", "succeeded", "retry", "raised unexpected", "raised expected", "ignored") if rest.startswith(known))
            counts[series("celery_tasks_total", task=task, result=result)] += 1
            counts[series("celery_task_duration_seconds_count", task=task)] += result == "succeeded"
            active += 1 if result == "received" else -1
        active -= message.startswith("Task handler raised error")
    counts[series("celery_tasks_active")] = active
    counts[series("celery_workers_active", worker="worker1")] = 1
    return counts


def count_airflow(logs):
    counts = collections.Counter()
    for line in logs["airflow-scheduler.log"] + logs["airflow-task.log"]:
        if re.match(r"\[....-..-..T", line):
            counts[series("airflow_log_messages_total", level=line.split("} ", 1)[1].split(" - ")[0])] += 1
        fields = dict(part.split("=", 1) for part in line.partition(" Finished: ")[2].split(", ") if "=" in part)
        if "TaskInstance Finished" in line:
            counts[series("airflow_task_instances_total", dag=fields["dag_id"], task=fields["task_id"], state=fields["state"])] += 1
            counts[series("airflow_task_duration_seconds_count", dag=fields["dag_id"], task=fields["task_id"])] += 1
        if "DagRun Finished" in line:
            counts[series("airflow_dag_runs_total", dag=fields["dag_id"], state=fields["state"])] += 1
            counts[series("airflow_dag_run_duration_seconds_sum", dag=fields["dag_id"])] += float(fields["run_duration"])
    return counts


SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]


def count_syslog(logs):
    counts = collections.Counter()
    for line in logs["syslog-rfc5424.log"]:
        if match := re.match(r"<(\d+)>1 \S+ \S+ \S+ ", line):
            counts[SEVERITIES[int(match[1]) % 8]] += 1
    return SumOf("syslog_messages_total", "severity", counts)


class SumOf(dict):
    """Compares sums over all other labels."""

    def __init__(self, name, label, counts):
        super().__init__(counts)
        self.name, self.label = name, label


def count_kubernetes(logs):
    counts = collections.Counter()
    for line in logs["cri.log"]:
        _, stream, tag = line.split(" ")[:3]
        counts[stream] += tag == "F"
    return {series("container_log_entries_total", namespace="media", container="worker", stream=stream): count for stream, count in counts.items()}


def count_minio(logs):
    counts = collections.Counter()
    for line in logs["minio-audit.jsonl"]:
        entry = json.loads(line)
        if entry["trigger"] != "incoming":
            continue
        api = entry["api"]
        counts[series("minio_log_requests_total", api=api["name"], status=api["statusCode"])] += 1
        counts[series("minio_log_request_duration_seconds_count", api=api["name"])] += 1
        counts[series("minio_log_received_bytes_total", bucket=api["bucket"])] += max(0, api["rx"])
        counts[series("minio_log_sent_bytes_total", bucket=api["bucket"])] += max(0, api["tx"])
    return counts


COUNTS = {"airflow": count_airflow, "nginx": count_nginx, "postgresql": count_postgresql, "redis": count_redis, "celery": count_celery, "syslog": count_syslog,
          "kubernetes": count_kubernetes, "minio": count_minio}


if __name__ == "__main__":
    sys.exit(main())
