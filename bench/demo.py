#!/usr/bin/env python3
"""The demonstration behind script/demo: real jobs (demo_jobs.py), then many live logs with a kill -9 in the middle, and the proof
that nothing is missing.

Read `main` from top to bottom. `agent.py` beside this file starts and measures processes; `count.py` counts the logs again,
with nothing but Python's json module.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time

import agent as support
import demo_jobs
from agent import ROOT, Agent, Process, Programs, check, derived_events, say, total, until

SECONDS = 15          # of live logs
RATE = 2000           # lines a second
KILL_AT, START_AGAIN_AT = 6, 8.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    programs = Programs(parser.parse_args().programs, needed=("agent", "generator", "service", "collector"))
    support.exit_on_signals()
    directory = tempfile.mkdtemp(prefix="tailspan-demo.")
    proven = False
    try:
        proven = demo_jobs.demonstrate(programs, directory) and demonstrate(programs, directory)
    finally:
        support.stop_all()
        if proven:
            shutil.rmtree(directory)
        else:
            print(f"\ndemo: everything is left in {directory}")
    return 0 if proven else 1


def demonstrate(programs, directory):
    logs, pushes = os.path.join(directory, "logs"), os.path.join(directory, "pushes")
    truth, metrics = os.path.join(directory, "truth.json"), os.path.join(directory, "metrics.txt")
    os.makedirs(logs)
    copy_real_logs(logs)
    agent = make_agent(programs, directory, logs, pushes)

    say(f"A service writes {RATE:,} lines a second to {logs}/service.log and rotates it at 3 MiB. Beside it lie the recorded\n"
        f"logs of nginx, PostgreSQL, Redis and Celery. log-agent counts what happens, and ships every line.")
    print(f"  metrics   {agent.url}/metrics")
    print(f"  pushes    {pushes}" + (f" and {os.environ['LOKI_URL']}" if os.environ.get("LOKI_URL") else ""))

    agent.start().wait_ready()
    service = Process([programs.generator, "--rate", f"{RATE}/s", "--seconds", str(SECONDS), "--rotate-bytes", "3MiB",
                       "--output", os.path.join(logs, "service.log"), "--truth", truth], os.path.join(directory, "service.log"))
    live_table(agent, service)

    say("The service has ended. log-agent catches up with the last lines, and stops (SIGTERM).")
    until(lambda: derived_events(agent.samples()) >= SECONDS * RATE and total(agent.samples(), "log_agent_lag_bytes") == 0, 30,
          "the last lines", agent.process)
    with open(metrics, "w") as file:
        file.write(support.get(agent.url + "/metrics"))
    code = agent.stop()
    if code != 0:
        print(agent.process.log_tail())
        print(f"log-agent ended with {code}")
        return False

    say("Proof 1: the ledger reads the logs again.   log-agent ledger verify")
    text, ledger_closes = agent.running_command("ledger", "verify")
    print(indented(text))

    say("Proof 2: Python counts the logs with its own JSON reader, and compares: with what the service says it wrote,\n"
        "with every counter and bucket of the last /metrics, and with every line in the pushes.   bench/count.py check")
    # The recorded logs have no events of the service: their lines count for the pushes only.
    text, counts_agree = check("--logs", logs, "--metrics", metrics, "--pushes", pushes)
    print(text, end="")
    service_logs = [os.path.join(logs, name) for name in sorted(os.listdir(logs)) if name.startswith("service.log")]
    text, service_agrees = check("--logs", *service_logs, "--truth", truth)
    print(text, end="")

    proven = ledger_closes and counts_agree and service_agrees
    say("Nothing was lost, and every counter is exact, across kill -9 and rotation." if proven else
        "NOT PROVEN: see above.")
    return proven


def copy_real_logs(logs):
    for name in ("nginx-access.log", "nginx-error.log", "redis.log", "celery-worker.log", "postgresql.jsonl"):
        shutil.copy(os.path.join(ROOT, "fixtures", "logs", name), logs)


def make_agent(programs, directory, logs, pushes):
    listen = f"127.0.0.1:{support.free_port()}"
    outputs = [{"name": "local", "type": "directory", "path": pushes, "retention": "24h", "max_bytes": "1GiB"}]
    if os.environ.get("LOKI_URL"):
        # The address of Loki (http://host:3100), or of its push API.
        url = os.environ["LOKI_URL"].rstrip("/")
        outputs.append(support.loki_output(url if url.endswith("/push") else url + "/loki/api/v1/push"))
    sources = [
        support.transcode_source([os.path.join(logs, "service.log*")]),
        {"name": "postgresql", "type": "file", "include": [os.path.join(logs, "postgresql.jsonl")], "format": "json",
         "timestamp": {"field": "timestamp", "format": "%Y-%m-%d %H:%M:%S.%f UTC"},
         "labels": {"job": "postgresql", "severity": "$error_severity"}},
    ]
    for program, pattern in (("nginx", "nginx-*.log"), ("redis", "redis.log"), ("celery", "celery-worker.log")):
        sources.append({"name": program, "type": "file", "include": [os.path.join(logs, pattern)], "format": "text",
                        "labels": {"job": program}})
    config = support.configuration(os.path.join(directory, "data"), sources, listen, outputs,
                                   recipes=[os.path.join(ROOT, "config", "recipes", "transcode.json5")])
    return Agent(programs, directory, config, listen)


def live_table(agent, service):
    """One row a second from /metrics while the service runs; the agent is killed and started again on the way."""
    print("\n   second   lines/s   lag bytes   events counted   series   batches   memory")
    started = time.monotonic()
    killed = again = False
    seen = 0
    second = 0
    while service.running():
        elapsed = time.monotonic() - started
        if not killed and elapsed >= KILL_AT:
            killed = True
            agent.kill()
            print(f"  {elapsed:6.1f} s   -------- kill -9 log-agent; the service goes on --------")
        if not again and elapsed >= START_AGAIN_AT:
            again = True
            print(f"  {elapsed:6.1f} s   -------- log-agent starts again --------")
            agent.start().wait_ready()
            seen = 0
        if elapsed >= second + 1:
            second = int(elapsed)
            if killed and not again:
                print(f"  {elapsed:6.1f} s   (not running)")
            else:
                samples = agent.samples()
                lines = total(samples, "log_agent_read_lines_total")
                print(f"  {elapsed:6.1f} s  {lines - seen:8,.0f}  {total(samples, 'log_agent_lag_bytes'):10,.0f}  "
                      f"{derived_events(samples):15,.0f}  {total(samples, 'log_agent_derived_series'):7,.0f}  "
                      f"{total(samples, 'log_agent_batch_entries_count'):8,.0f}  {agent.process.memory_mib('VmRSS'):4.1f} MiB", flush=True)
                seen = lines
        time.sleep(0.02)


def indented(text):
    return "\n".join("  " + line for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
