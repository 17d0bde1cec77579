#!/usr/bin/env python3
"""The proof behind script/test-stack: the files of config/ on the real servers, with a real load.

log-generator writes the log of a busy service; log-agent derives the metrics; Prometheus, with the exporters, evaluates the rules;
Alertmanager tells an SMTP server and a webhook. Read `main` from top to bottom.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time

import agent as support
import checks
import notices
import recipes
import servers
from agent import Agent, Process, Programs, configuration, free_port, transcode_source, until

PACE = servers.Pace(30)   # five minutes are ten seconds
RATE = 400                # lines a second while jobs fail: one or two failures a second


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    programs = Programs(parser.parse_args().programs, needed=("agent", "generator", "sink"))
    support.exit_on_signals()
    directory = tempfile.mkdtemp(prefix="tailspan-stack.")
    os.chmod(directory, 0o755)  # PostgreSQL runs as another user
    proven = False
    try:
        proven = prove(programs, directory)
    finally:
        support.stop_all()
        if proven:
            shutil.rmtree(directory)
        else:
            print(f"\nstack: everything is left in {directory}")
    return 0 if proven else 1


def prove(programs, directory):
    begun = time.monotonic()
    report = Report(begun)
    mail_port, password = free_port(), "not the real one"
    mailbox, channel = notices.Mailbox(mail_port, "alerts@example.org", password), notices.Channel()

    report.say("Starting the servers")
    agent = start_agent(programs, directory)
    alertmanager = servers.start_alertmanager(directory, free_port(), f"127.0.0.1:{mail_port}", channel.url, password, PACE)
    prometheus_port = free_port()
    targets = {
        "log-agent": [agent.url.removeprefix("http://"), start_celery_agent(programs, directory)], "alertmanager": alertmanager.address, "prometheus": f"127.0.0.1:{prometheus_port}",
        "node": servers.start_node_exporter(directory).address, "redis": servers.start_redis(directory).address,
        "postgres": servers.start_postgres(directory).address,
    }
    service = start_programs(programs, directory, targets)
    prometheus, missing = servers.start_prometheus(directory, targets, alertmanager.address, PACE, prometheus_port)
    questions = servers.Questions(prometheus.url)
    until(lambda: questions.healthy_targets() == set(targets), 60, f"all targets: {sorted(targets)}", prometheus.process)
    report.say(f"Prometheus scrapes {', '.join(sorted(targets))}; not here: {', '.join(missing)}")

    if service:
        use(service, directory, report)
    storm = Process([programs.generator, "--rate", f"{RATE}/s", "--output", os.path.join(directory, "logs", "service.log")],
                    os.path.join(directory, "generator.log"))
    stormed = time.monotonic()
    report.say("Jobs begin to fail")
    until(lambda: {"HighJobFailureRate", "ErrorBudgetBurnsFast"} <= questions.firing(), 180, "the alerts to fire", prometheus.process)
    report.say(f"Prometheus fires after {time.monotonic() - stormed:.1f} s: {', '.join(sorted(questions.firing()))}")

    warning = until(lambda: channel.find("#alerts-warnings", "[WARNING]", "High job failure rate"), 120, "the warning in Slack", alertmanager.process)
    critical = until(lambda: channel.find("#alerts-critical", "[CRITICAL]", "job-success"), 120, "the critical alert in Slack", alertmanager.process)
    letter = until(lambda: mailbox.find("[CRITICAL]", "job-success"), 120, "the e-mail", alertmanager.process)
    report.expect("jobs a second have failed" in warning[1]["text"], "the warning in Slack says how many jobs fail", warning[1])
    report.expect(critical[1]["color"] == "danger" and "docs/alerts.md" in critical[1]["text"], "the critical one is red, and names its runbook",
                  critical[1])
    _, receivers, message = letter
    report.expect(receivers == ["oncall@example.org"], "the e-mail goes to who is on call", receivers)
    report.expect(message["from"] == "alerts@example.org", "it comes from the configured address", message["from"])
    text = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    report.expect("slo=job-success" in text and "docs/alerts.md#errorbudgetburnsfast" in text, "its text names objective and runbook", text)
    report.expect("<h2" in html and "job-success burns its error budget fast" in html, "it has an HTML part", html)
    report.expect(mailbox.refused == 0, "Alertmanager knew the password from its file", mailbox.refused)
    report.say(f"Slack after {warning[0] - stormed:.1f} s and {critical[0] - stormed:.1f} s, e-mail after {letter[0] - stormed:.1f} s")

    if service:
        until(lambda: any(float(sample["value"][1]) >= 1 for sample in questions.vector('jobs_total{status="completed"}')), 120, "a completed job",
              service.process)
    # Its rule looks back by half an hour, here a minute.
    ledger = until(lambda: questions.vector("instance_output:log_agent_unaccounted_lines:delta30m"), 180, "the ledger's rule", prometheus.process)
    report.expect(all(abs(float(sample["value"][1])) <= 100 + RATE for sample in ledger), "the ledger closes while lines come", ledger)
    checks.live(report, questions, missing, PACE)

    storm.stop()
    calm = time.monotonic()
    report.say("The failing jobs have ended")
    resolved = until(lambda: channel.find("#alerts-warnings", "[RESOLVED]", "High job failure rate"), 240, "the resolve notice in Slack",
                     alertmanager.process)
    report.expect(resolved[1]["color"] == "good", "the resolve notice is green", resolved[1])
    letter = until(lambda: mailbox.find("[RESOLVED]", "job-success"), 240, "the resolve notice by e-mail", alertmanager.process)
    report.expect("RESOLVED at" in letter[2].get_body(("plain",)).get_content(), "the e-mail says when it was resolved", letter[2].as_string())
    report.say(f"Resolved in Slack after {resolved[0] - calm:.1f} s, by e-mail after {letter[0] - calm:.1f} s")

    mailbox.stop()
    channel.stop()
    report.expect(agent.stop() == 0, "log-agent stops cleanly", agent.process.log_tail())
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed == 0


def start_agent(programs, directory):
    logs = os.path.join(directory, "logs")
    os.makedirs(logs)
    listen = f"127.0.0.1:{free_port()}"
    derived = [os.path.join(servers.CONFIG, "recipes", f"{name}.json5") for name in ("transcode", "levels")]
    output = {"name": "local", "type": "directory", "path": os.path.join(directory, "pushes")}
    config = configuration(os.path.join(directory, "agent"), [transcode_source(logs + "/*.log")], listen, [output], recipes=derived)
    return Agent(programs, directory, config, listen).start().wait_ready()


def start_celery_agent(programs, directory):
    """A second agent, on a Celery worker's recorded log, with the configuration as it is shipped; gives its address."""
    logs = os.path.join(directory, "celery", "logs")
    os.makedirs(logs)
    recipes.copy_log("celery-worker.log", os.path.join(logs, "worker1.log"))
    address = f"127.0.0.1:{free_port()}"
    os.environ.update(CELERY_LOGS=logs, TAILSPAN_DATA=os.path.join(directory, "celery"), TAILSPAN_LISTEN=address)
    process = Process([programs.agent, "run", "--config", os.path.join(servers.CONFIG, "examples", "celery.json5")],
                      os.path.join(directory, "celery-agent.log"))
    until(lambda: support.get(f"http://{address}/ready"), 60, "the second log-agent", process)
    return address


def start_programs(programs, directory, targets):
    """trace-collector and transcode-service, where they are built; gives the service, or None."""
    service = collector = otlp = None
    if os.access(programs.collector, os.X_OK):
        collector, otlp = servers.start_collector(programs.collector, directory)
        targets["trace-collector"] = collector.address
    if os.access(programs.service, os.X_OK):
        service = servers.Service(programs.service, directory, os.path.join(directory, "logs", "transcode-service.log"), otlp)
        targets["transcode-service"] = service.address
    return service


def use(service, directory, report):
    """Real jobs: some that complete, one that can't, one that nobody may ask for."""
    video = servers.a_second_of_video(os.path.join(directory, "video.mp4"))
    statuses = [service.request("POST", "/api/v1/jobs", video, "video/mp4") for _ in range(3)]
    statuses.append(service.request("POST", "/api/v1/jobs", b"no video", "video/mp4"))
    statuses += [service.request("GET", "/api/v1/jobs") for _ in range(20)]
    statuses.append(service.request("GET", "/api/v1/jobs/00000000-0000-0000-0000-000000000000"))
    report.expect(statuses == [statuses[0]] * 4 + [200] * 20 + [404] and statuses[0] // 100 == 2, "the service takes jobs and answers", statuses)


class Report:
    """What is shown, and what did not hold."""

    def __init__(self, begun):
        self.begun = begun
        self.passed = self.failed = 0

    def say(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def expect(self, holds, what, found):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            self.say(f"FAILED: {what}; found: {found}")


if __name__ == "__main__":
    sys.exit(main())
